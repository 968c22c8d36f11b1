// SPDX-License-Identifier: Apache-2.0
/// \file
/// How a network wants its images.
#pragma once

#include <cstdint>
#include <vector>

namespace fovea {

/// How pixels are converted before the network reads them: (pixel / 255 - mean) / deviation, channel by channel, where
/// deviation is the standard deviation. An image of another size is first resized and its center cropped.
struct Preprocessing {
  std::vector<float> mean;       ///< for each channel; empty: 0
  std::vector<float> deviation;  ///< standard deviation for each channel; empty: 1
  int64_t resize = 0;            ///< the shorter side of the image before the crop; 0: 8/7 of the network's input
  bool bicubic = false;          ///< how it is resized; otherwise bilinear
  bool upright = true;           ///< whether it is first rotated as its EXIF data says; otherwise it is seen as it is stored
};

}  // namespace fovea
