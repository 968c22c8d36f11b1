// SPDX-License-Identifier: Apache-2.0
// Digits written by the program itself: the data set `digits`.
#pragma once

#include <cstdint>
#include <span>

#include "fovea/core/random.h"

namespace fovea {

// Draws one handwriting of `digit` (0..9) into 28x28 gray pixels, white ink on black as in MNIST. Everything about it (form,
// slant, turn, size, place, pen, grain) is drawn from `random`.
void draw_digit(int32_t digit, Random& random, std::span<uint8_t> pixels);

}  // namespace fovea
