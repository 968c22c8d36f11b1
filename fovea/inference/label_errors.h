// SPDX-License-Identifier: Apache-2.0
/// \file
/// Finds labels of a data set that are likely wrong, from predictions of networks that were not trained on the image: confident
/// learning (Northcutt, Jiang and Chuang 2021).
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/inference/predictions.h"

namespace fovea {

/// How suspicious the label of one image is.
struct LabelSuspicion {
  int64_t image = 0;     ///< its index among the predictions
  int32_t label = 0;     ///< the label that it has in the data set
  int32_t likelier = 0;  ///< the likeliest other class
  double margin = 0;     ///< from -1 to 1: the probability of the label minus that of `likelier`
  /// Whether confident learning calls the label wrong. Among the classes whose probability for this image is at least the mean
  /// that images labeled with that class have, the likeliest is another class than the label (an off-diagonal count of the
  /// confident joint).
  bool confident = false;
};

/// An entry for every image, ascending by its margin, so that the most suspicious come first. Images with equal margins stay in
/// the order of the predictions. There must be at least two classes.
std::vector<LabelSuspicion> label_suspicions(const Predictions& held_out);

}  // namespace fovea
