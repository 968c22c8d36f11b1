// SPDX-License-Identifier: Apache-2.0
// Whether a network is as often right as it says: calibration of its probabilities, and when its answer is better kept back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fovea/graph/confidence.h"
#include "fovea/inference/predictions.h"

namespace fovea {

/// The images whose answer's probability lies in one of equal parts of 0..1.
struct ReliabilityBin {
  int64_t count = 0;
  double confidence = 0;  ///< mean probability of their answers; 0 where there are none
  double accuracy = 0;    ///< share of them that are right
};

struct Reliability {
  std::vector<ReliabilityBin> bins;
  double ece = 0;  ///< expected calibration error: the mean over images of |accuracy - confidence| of their bin (Naeini 2015)
};

/// In `bins` parts, as Guo et al. 2017 measure.
Reliability reliability(const Predictions& predictions, double temperature = 1, int bins = 15);

/// The temperature of the least loss on these images (Guo et al. 2017, section 4.2), between 1/20 and 20. It changes no answer.
double fitted_temperature(const Predictions& predictions);

/// What a threshold on the answer's probability leaves.
struct Rejection {
  double unknown_below = 0;
  int64_t answered = 0, wrong = 0, unknown = 0;  ///< images
  double error() const { return answered > 0 ? static_cast<double>(wrong) / static_cast<double>(answered) : 0; }
};

/// What `unknown_below` does with these images.
Rejection rejection(const Predictions& predictions, const Confidence& confidence);

/// The least threshold by which at most the share `wanted_error` of the answers is wrong on these images; none where there is
/// no such threshold.
std::optional<Rejection> chosen_rejection(const Predictions& predictions, double temperature, double wanted_error);

/// Temperature and threshold from held-out images, and what they are worth on images they were not chosen by: each half is
/// judged by what the other half gives.
struct ConfidenceFit {
  Confidence confidence;    ///< by all images
  double ece = 0;           ///< at temperature 1
  double held_out_ece = 0;  ///< at the temperature of the other half
  Rejection chosen;         ///< on all images; zeros without a wanted error
  Rejection held_out;       ///< on both halves together, each by the threshold of the other
};

/// `wanted_error` in (0, 1), none: no threshold. Refuses fewer than 20 images, and an error that no threshold reaches.
ConfidenceFit fit_confidence(const Predictions& predictions, std::optional<double> wanted_error);

}  // namespace fovea
