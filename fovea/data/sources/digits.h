// SPDX-License-Identifier: Apache-2.0
/// \file
/// Digits that the program draws itself: the data set `digits`.
#pragma once

#include <cstdint>
#include <span>

#include "fovea/core/random.h"

namespace fovea {

/// Draws `digit` (0..9) in one handwriting into 28x28 gray pixels, white ink on black as in MNIST. Its form, slant, rotation,
/// size, position, pen and grain are drawn from `random`.
void draw_digit(int32_t digit, Random& random, std::span<uint8_t> pixels);

}  // namespace fovea
