// SPDX-License-Identifier: Apache-2.0
// Evaluations as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "fovea/inference/metrics.h"

namespace fovea {

std::string evaluation_text(const Metrics& metrics);
nlohmann::ordered_json evaluation_json(const Metrics& metrics);  // {"top1", "top5", "loss", "count"}

}  // namespace fovea
