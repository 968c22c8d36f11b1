// SPDX-License-Identifier: Apache-2.0
// The paths of a pen that writes digits: what the data set `digits` is drawn from.
#pragma once

#include <array>
#include <vector>

namespace fovea {

// A point of the pen's path, in units of the digit's box: x to the right, y down, both from 0 to 1.
struct Point {
  float x = 0, y = 0;
};
// A smooth curve through its points; a corner is where one stroke ends and the next begins.
using Stroke = std::vector<Point>;
using Strokes = std::vector<Stroke>;

// The ways people write each digit, from 0 to 9.
const std::array<std::vector<Strokes>, 10>& handwriting();

}  // namespace fovea
