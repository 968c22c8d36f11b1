// SPDX-License-Identifier: Apache-2.0
/// \file
/// Numbers from the pixels of one image that show whether it equals another, nearly equals it, is blurred or is empty.
#pragma once

#include <array>
#include <cstdint>

#include "fovea/data/image/image.h"

namespace fovea {

/// The traits of one image, from traits_of().
struct ImageTraits {
  ImageShape shape;      ///< of the image after rotation; 0 x 0 when it could not be read
  uint64_t content = 0;  ///< a hash of shape and pixels, equal for equal images, whatever their file format is
  uint64_t perceptual =
      0;  ///< pHash (Zauner 2010): one bit for each of 63 low frequencies, which resizing and compression hardly change
  std::array<uint8_t, 256> thumbnail{};  ///< 16 x 16 in gray, of the whole image whatever its aspect ratio
  float deviation = 0;  ///< standard deviation of the pixels from the mean of their channel, in levels from 0 to 255
  float sharpness = 0;  ///< variance of the Laplacian (Pech-Pacheco et al. 2000), with a shorter side of at most 256 pixels

  /// Whether the image could be read.
  bool read() const { return shape.height > 0; }
};

/// The traits of an image that has 1 or 3 channels.
ImageTraits traits_of(const Image& image);

/// The number of bits in which two perceptual hashes differ, from 0 to 64.
int hamming_distance(uint64_t a, uint64_t b);

/// The correlation of two thumbnails, from -1 to 1, which brightness and contrast do not change. It is 0 if one of them is
/// constant.
double correlation(const ImageTraits& a, const ImageTraits& b);

}  // namespace fovea
