// SPDX-License-Identifier: Apache-2.0
// fovea eval --calibrate and --reject: finds how far a network's probabilities can be believed, and saves it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/command.h"
#include "fovea/inference/reliability.h"

namespace fovea {

struct CalibrateOptions {
  bool calibrate = false;
  std::string reject;  // the share of answers that may be wrong
  std::string output;  // for a model file: the new file, which contains what was found
  bool wanted() const { return calibrate || !reject.empty(); }
};

void add_calibrate_options(CLI::App& app, CalibrateOptions& options);

// The wanted error, if one is given. Refuses what is no share, and what could not be saved, before the evaluation takes
// minutes.
std::optional<double> checked_error(const CalibrateOptions& options, const std::string& model, const std::string& split);

// Saves the confidence in the folder of the run `model`, or in the file that the options name.
void keep_confidence(const CalibrateOptions& options, const std::string& model, bool dynamic, const Confidence& confidence);

// The fit for people; `place` is where it was saved.
std::string fit_text(const ConfidenceFit& fit, const std::string& place);
// The same for programs.
nlohmann::ordered_json fit_json(const ConfidenceFit& fit);

}  // namespace fovea
