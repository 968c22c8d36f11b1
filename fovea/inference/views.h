// SPDX-License-Identifier: Apache-2.0
/// \file
/// Several views of an image whose answers are averaged (test-time augmentation).
#pragma once

#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

/// Which views. `one`: the image. `mirror`: the image and its mirror image. `six`: these two, each also shifted by a pixel
/// towards two opposite corners, with what is beyond the edge mirrored; the unshifted pair weighs as much as the other four
/// (airbench94).
enum class Views : uint8_t { one, mirror, six };

/// The views called "one", "mirror" or "six". Refuses other names, with the nearest known one.
Views views_of(const std::string& name);

/// Images [n, height, width, channels] f32, mirrored horizontally.
Tensor mirrored(const Tensor& images);
/// Each image shifted by `down` and `right` pixels. What is beyond the edge is mirrored, and the edge itself is not repeated.
Tensor moved(const Tensor& images, int64_t down, int64_t right);

}  // namespace fovea
