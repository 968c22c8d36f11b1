// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whether a network is right as often as its probabilities say (calibration), and below which probability its answer is better
/// withheld.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fovea/graph/confidence.h"
#include "fovea/inference/predictions.h"

namespace fovea {

/// The images whose answer has a probability in one part of [0, 1], which is divided into equal parts.
struct ReliabilityBin {
  int64_t count = 0;      ///< number of these images
  double confidence = 0;  ///< mean probability of their answers; 0 when there are none
  double accuracy = 0;    ///< share of right answers, from 0 to 1; 0 when there are none
};

/// A reliability diagram in numbers.
struct Reliability {
  std::vector<ReliabilityBin> bins;  ///< in ascending order of the probability
  /// The expected calibration error, from 0 to 1: the mean over all images of |accuracy - confidence| of their bin (Naeini et
  /// al. 2015).
  double ece = 0;
};

/// Measures reliability with `bins` equal parts, as Guo et al. (2017, section 2) do. Refuses fewer than 1.
Reliability reliability(const Predictions& predictions, double temperature = 1, int bins = 15);

/// The temperature, between 1/20 and 20, at which the mean loss on these images is smallest (Guo et al. 2017, section 4.2). No
/// temperature changes the answer. Returns 1 when there are no images.
double fitted_temperature(const Predictions& predictions);

/// What happens to images when answers below a threshold are withheld.
struct Rejection {
  double unknown_below = 0;  ///< the threshold on the probability of the answer
  int64_t answered = 0;      ///< images with an answer at or above the threshold
  int64_t wrong = 0;         ///< images among `answered` whose answer is wrong
  int64_t unknown = 0;       ///< images whose answer is below the threshold
  /// The share of `wrong` in `answered`, from 0 to 1; 0 when nothing was answered.
  double error() const { return answered > 0 ? static_cast<double>(wrong) / static_cast<double>(answered) : 0; }
};

/// Counts what the threshold of `confidence`, at its temperature, does to these images.
Rejection rejection(const Predictions& predictions, const Confidence& confidence);

/// The lowest threshold for which at most the share `wanted_error` of the given answers is wrong on these images. It lies
/// halfway between two probabilities that occur. Returns nothing when no threshold achieves that.
std::optional<Rejection> chosen_rejection(const Predictions& predictions, double temperature, double wanted_error);

/// A temperature and a threshold that are fitted to images the network was not trained on, and how well such a fit works on
/// images that it was not made from. For the latter, the images are divided into halves, every second image in one; each half
/// is judged by the fit of the other (twofold cross-validation).
struct ConfidenceFit {
  Confidence confidence;    ///< fitted to all images
  double ece = 0;           ///< the expected calibration error at temperature 1
  double held_out_ece = 0;  ///< each half at the temperature that was fitted to the other
  Rejection chosen;         ///< of all images by the threshold above; zeros without a wanted error
  Rejection held_out;       ///< of both halves together, each by the threshold of the other; its own threshold stays 0
};

/// Fits a temperature and, if `wanted_error` is given, the lowest threshold for which at most that share of the answers is
/// wrong. Refuses fewer than 20 images, a `wanted_error` outside (0, 1), and one that no threshold achieves.
ConfidenceFit fit_confidence(const Predictions& predictions, std::optional<double> wanted_error);

}  // namespace fovea
