// SPDX-License-Identifier: Apache-2.0
// What is wrong with the pictures of a data set, as it is said to people and to programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "fovea/data/dataset_findings.h"

namespace fovea {

// A line a kind, and the first pictures of each by name.
std::string findings_text(const DatasetFindings& found, const Dataset& train, const Dataset& test);

// {"duplicates": [{"images": [...], "exact", "across_splits", "across_classes"}], "constant": [...], "blurred", "tiny",
// "tiny_below", "imbalance"}; an image is {"split", "index", "name"}.
nlohmann::ordered_json findings_json(const DatasetFindings& found, const Dataset& train, const Dataset& test);

}  // namespace fovea
