// SPDX-License-Identifier: Apache-2.0
// Evaluations as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fovea/inference/classification_report.h"
#include "fovea/inference/metrics.h"
#include "fovea/inference/reliability.h"

namespace fovea {

std::string evaluation_text(const Metrics& metrics);
nlohmann::ordered_json evaluation_json(const Metrics& metrics);  // {"top1", "top5", "loss", "count"}

// A line for each class: images, precision, recall and F1 with their intervals. If there are many classes, only those with the
// lowest F1.
std::string class_table_text(const std::vector<ClassReport>& report, const std::vector<std::string>& names);
// [{"label", "images", "precision": {"value", "low", "high"}, "recall", "f1"}]
nlohmann::ordered_json class_table_json(const std::vector<ClassReport>& report, const std::vector<std::string>& names);

// "calibration error (ECE) 1.20% at temperature 1.31".
std::string reliability_text(const Reliability& reliability, double temperature);
// {"ece", "bins": [{"count", "confidence", "accuracy"}]}
nlohmann::ordered_json reliability_json(const Reliability& reliability);

// The effect of answering "unknown" below the threshold: the share of wrong answers with its interval, and the share of unknown
// images.
std::string rejection_text(const Rejection& rejection);
nlohmann::ordered_json rejection_json(const Rejection& rejection);

}  // namespace fovea
