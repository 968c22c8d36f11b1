// SPDX-License-Identifier: Apache-2.0
// Which labels of a data set are likely wrong, by predictions of a network that did not see the image: confident learning
// (Northcutt, Jiang and Chuang 2021).
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/inference/predictions.h"

namespace fovea {

struct LabelSuspicion {
  int64_t image = 0;
  int32_t label = 0;       ///< as it is given
  int32_t likelier = 0;    ///< the likeliest other class
  double margin = 0;       ///< probability of the label less that of the likeliest other class, -1 to 1
  bool confident = false;  ///< some other class has as much probability as its own images have in the mean, and more than the
                           ///< label: an off-diagonal count of the confident joint
};

/// Every image, the most suspicious first: by the normalized margin, of equals in the data set's order.
std::vector<LabelSuspicion> label_suspicions(const Predictions& held_out);

}  // namespace fovea
