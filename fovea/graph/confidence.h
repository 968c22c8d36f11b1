// SPDX-License-Identifier: Apache-2.0
/// \file
/// How far a network's probabilities can be believed, as held-out images have shown.
#pragma once

namespace fovea {

/// Temperature and threshold for a network's probabilities. The defaults change nothing.
struct Confidence {
  double temperature = 1;    ///< above 0; logits are divided by it before the softmax (Guo et al. 2017)
  double unknown_below = 0;  ///< 0 to 1; an answer whose probability, at the temperature, is below it is "unknown"; 0: none is

  /// Equal in both members.
  bool operator==(const Confidence&) const = default;
};

}  // namespace fovea
