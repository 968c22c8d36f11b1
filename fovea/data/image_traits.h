// SPDX-License-Identifier: Apache-2.0
// What the pixels of one picture say of it: whether it is the same as another, nearly the same, blurred, or empty.
#pragma once

#include <array>
#include <cstdint>

#include "fovea/data/image/image.h"

namespace fovea {

struct ImageTraits {
  ImageShape shape;         ///< of the picture, the right way up; 0 x 0 where it could not be read
  uint64_t content = 0;     ///< a hash of shape and pixels: equal for equal pictures, whatever file they lie in
  uint64_t perceptual = 0;  ///< pHash (Zauner 2010): the signs of the low frequencies, which survive resizing and compression
  std::array<uint8_t, 256> thumbnail{};  ///< 16 x 16, gray, the whole picture whatever its aspect
  float deviation = 0;                   ///< of the pixels from the mean of their channel, in levels of 255
  float sharpness = 0;  ///< variance of the Laplacian (Pech-Pacheco et al. 2000), at a shorter side of at most 256

  bool read() const { return shape.height > 0; }
};

/// `image` of 1 or 3 channels.
ImageTraits traits_of(const Image& image);

/// Of the 64 bits of two perceptual hashes, how many differ.
int hamming_distance(uint64_t a, uint64_t b);

/// The correlation of two thumbnails, -1 to 1: brightness and contrast do not matter. 0 where one of them is constant.
double correlation(const ImageTraits& a, const ImageTraits& b);

}  // namespace fovea
