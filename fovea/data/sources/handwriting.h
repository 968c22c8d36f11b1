// SPDX-License-Identifier: Apache-2.0
/// \file
/// Paths of a pen that writes digits, from which the data set `digits` is drawn.
#pragma once

#include <array>
#include <vector>

namespace fovea {

/// A point of the pen's path in units of the digit's box: x to the right, y down, both from 0 to 1.
struct Point {
  float x = 0;  ///< to the right
  float y = 0;  ///< down
};
/// A smooth curve through its points. Where there is a corner, one stroke ends and the next begins.
using Stroke = std::vector<Point>;
/// One way to write a digit.
using Strokes = std::vector<Stroke>;

/// The ways in which people write each digit, from 0 to 9. The reference is valid for the life of the process.
const std::array<std::vector<Strokes>, 10>& handwriting();

}  // namespace fovea
