// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/crop.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/data/image/pixel_arithmetic.h"

namespace fovea {

Region random_crop(int64_t height, int64_t width, const RandomCrop& options, Random& random) {
  if (height < 1 || width < 1) fail("an empty image cannot be cropped");
  const double area = static_cast<double>(height) * static_cast<double>(width);
  const double least = std::log(options.least_aspect), most = std::log(options.most_aspect);
  constexpr int tries = 10;
  for (int i = 0; i < tries; ++i) {
    const double wanted = area * (options.least_area + (options.most_area - options.least_area) * random.uniform());
    const double aspect = std::exp(least + (most - least) * random.uniform());
    const int64_t crop_width = std::llround(std::sqrt(wanted * aspect));
    const int64_t crop_height = std::llround(std::sqrt(wanted / aspect));
    if (crop_width < 1 || crop_height < 1 || crop_width > width || crop_height > height) continue;
    const int64_t top = random.below(static_cast<uint32_t>(height - crop_height + 1));
    const int64_t left = random.below(static_cast<uint32_t>(width - crop_width + 1));
    return {top, left, crop_height, crop_width};
  }
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  Region middle{0, 0, height, width};
  if (aspect < options.least_aspect) {
    middle.height = std::clamp<int64_t>(std::llround(static_cast<double>(width) / options.least_aspect), 1, height);
  } else if (aspect > options.most_aspect) {
    middle.width = std::clamp<int64_t>(std::llround(static_cast<double>(height) * options.most_aspect), 1, width);
  }
  middle.top = (height - middle.height) / 2;
  middle.left = (width - middle.width) / 2;
  return middle;
}

CropBox center_box(int64_t height, int64_t width, int64_t crop_height, int64_t crop_width, int64_t resize) {
  if (height < 1 || width < 1 || crop_height < 1 || crop_width < 1) {
    fail("cannot crop {}x{} from an image of {}x{}", crop_height, crop_width, height, width);
  }
  const int64_t target = fovea_resized_side(crop_height, crop_width, resize);
  const int64_t resized_height = height <= width ? target : target * height / width;
  const int64_t resized_width = height <= width ? target * width / height : target;
  CropBox box;
  fovea_center_side(height, resized_height, crop_height, &box.top, &box.height);
  fovea_center_side(width, resized_width, crop_width, &box.left, &box.width);
  return box;
}

}  // namespace fovea
