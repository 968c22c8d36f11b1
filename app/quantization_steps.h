// SPDX-License-Identifier: Apache-2.0
// fovea quantize --lose: what was tried, as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "fovea/workflows/quantization_ladder.h"

namespace fovea {

// Reads what may be lost, "0.5%" or "0.005", as a share from 0 up to below 1/2. Refuses anything else.
double allowed_loss(const std::string& text);

// A table with a line for each step.
std::string steps_text(const LadderResult& result, double lose);
// [{"step", "detail", "top1", "agreement", "lost", "gained", "kept", "seconds"}]
nlohmann::ordered_json steps_json(const LadderResult& result);

// One line about a search in which nothing sufficed.
std::string shortfall_text(const LadderResult& result, double lose);

}  // namespace fovea
