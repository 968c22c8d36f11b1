// SPDX-License-Identifier: Apache-2.0
// How far a network's probabilities are to be believed, as held-out images have shown.
#pragma once

namespace fovea {

struct Confidence {
  double temperature = 1;    ///< logits are divided by it before the softmax (Guo et al. 2017)
  double unknown_below = 0;  ///< of the likeliest class, after that: an answer below it is "unknown"; 0: every answer counts

  bool operator==(const Confidence&) const = default;
};

}  // namespace fovea
