// SPDX-License-Identifier: Apache-2.0
// Findings about the images of a data set as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "fovea/data/dataset_findings.h"

namespace fovea {

// The findings for people: a line for each kind, and the names of its first images.
std::string findings_text(const DatasetFindings& found, const Dataset& train, const Dataset& test);

// {"duplicates": [{"images": [...], "exact", "across_splits", "across_classes"}], "constant": [...], "blurred", "tiny",
// "tiny_below", "imbalance"}; an image is {"split", "index", "name"}.
nlohmann::ordered_json findings_json(const DatasetFindings& found, const Dataset& train, const Dataset& test);

}  // namespace fovea
