// SPDX-License-Identifier: Apache-2.0
/// \file
/// Operations that move the pixels of an image and keep its size. Each gives what Pillow gives (Image.transform, Image.rotate);
/// exposed pixels are filled.
#pragma once

#include <array>
#include <cstdint>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"

namespace fovea {

/// How pixels are moved.
struct GeometryOptions {
  Interpolation interpolation = Interpolation::nearest;  ///< bicubic is Pillow's for transforms, with a = -1
  uint8_t fill = 128;                                    ///< every channel of an exposed pixel
};

/// An affine map a, b, c, d, e, f: the point (x, y) of the result, with pixel centers at halves, is the point (a x + b y + c, d
/// x + e y + f) of the image.
using Affine = std::array<double, 6>;  // a, b, c, d, e, f
/// Maps an image of 1 or 3 channels.
void transform(Image& image, const Affine& matrix, const GeometryOptions& options = {});

/// Moves row y left by slope * y.
void shear_x(Image& image, double slope, const GeometryOptions& options = {});
/// Moves column x up by slope * x.
void shear_y(Image& image, double slope, const GeometryOptions& options = {});
/// Moves the image left by this many pixels, which need not be whole.
void translate_x(Image& image, double pixels, const GeometryOptions& options = {});
/// The same upwards.
void translate_y(Image& image, double pixels, const GeometryOptions& options = {});
/// Rotates counterclockwise about the center.
void rotate(Image& image, double degrees, const GeometryOptions& options = {});

/// Fills a square of side 2 * reach whose center is a pixel drawn from `random`; it is clipped at the edges (DeVries and Taylor
/// 2017).
void cutout(Image& image, int64_t reach, uint8_t fill, Random& random);

}  // namespace fovea
