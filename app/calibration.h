// SPDX-License-Identifier: Apache-2.0
// fovea eval --calibrate and --reject: how far a network's probabilities are to be believed, found and kept.
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
  std::string output;  // of a file: the one that keeps what is found
  bool wanted() const { return calibrate || !reject.empty(); }
};

void add_calibrate_options(CLI::App& app, CalibrateOptions& options);

// The wanted error, if any. Refuses, before minutes of work, what could not be kept or is no share.
std::optional<double> checked_error(const CalibrateOptions& options, const std::string& model, const std::string& split);

// With the run `model`, or in the file of the options.
void keep_confidence(const CalibrateOptions& options, const std::string& model, bool dynamic, const Confidence& confidence);

// `place`: where it is kept.
std::string fit_text(const ConfidenceFit& fit, const std::string& place);
nlohmann::ordered_json fit_json(const ConfidenceFit& fit);

}  // namespace fovea
