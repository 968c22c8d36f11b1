// SPDX-License-Identifier: Apache-2.0
// Operations that move the pixels of a picture and keep its size. Each gives what Pillow gives (Image.transform, Image.rotate);
// what is exposed is filled.
#pragma once

#include <array>
#include <cstdint>

#include "fovea/core/random.h"
#include "fovea/data/image/image.h"

namespace fovea {

struct GeometryOptions {
  Interpolation interpolation = Interpolation::nearest;  // bicubic: Pillow's for transforms, a = -1
  uint8_t fill = 128;                                    // every channel of what is exposed
};

// The point (x, y) of the result, pixel centers at halves, is the point (a x + b y + c, d x + e y + f) of the picture.
using Affine = std::array<double, 6>;  // a, b, c, d, e, f
void transform(Image& image, const Affine& matrix, const GeometryOptions& options = {});

// Row y moves left by slope * y; column x moves up by slope * x.
void shear_x(Image& image, double slope, const GeometryOptions& options = {});
void shear_y(Image& image, double slope, const GeometryOptions& options = {});
// Moves left (up) by so many pixels, not necessarily whole.
void translate_x(Image& image, double pixels, const GeometryOptions& options = {});
void translate_y(Image& image, double pixels, const GeometryOptions& options = {});
// Counter-clockwise about the center.
void rotate(Image& image, double degrees, const GeometryOptions& options = {});

// Fills the square of side 2 * reach with its center on a pixel drawn from `random`; what of it lies outside is cut off
// (DeVries and Taylor 2017).
void cutout(Image& image, int64_t reach, uint8_t fill, Random& random);

}  // namespace fovea
