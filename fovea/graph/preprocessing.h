// SPDX-License-Identifier: Apache-2.0
// How a network wants its pictures.
#pragma once

#include <cstdint>
#include <vector>

namespace fovea {

// What pixels become before the network sees them: (pixel / 255 - mean) / deviation, channel by channel. A photograph is first
// resized and its middle cut out.
struct Preprocessing {
  std::vector<float> mean;       // empty: 0
  std::vector<float> deviation;  // empty: 1
  int64_t resize = 0;            // of a photograph: its shorter side before the cut; 0: 8/7 of the network's input
  bool bicubic = false;          // how it is resized; otherwise bilinear
  bool upright = true;           // turned first as its EXIF data says; otherwise seen as it is stored
};

}  // namespace fovea
