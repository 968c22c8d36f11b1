// SPDX-License-Identifier: Apache-2.0
// Several views of an image, whose answers are averaged: accuracy bought with time when testing.
#pragma once

#include <string>

#include "fovea/core/tensor.h"

namespace fovea {

// one: the image. mirror: and its mirror image. six: both of these, each also moved by a pixel towards either corner of the
// diagonal with what is beyond the edge mirrored in; the unmoved pair weighs as much as the four (airbench94).
enum class Views : uint8_t { one, mirror, six };

// Refuses other names, naming the nearest.
Views views_of(const std::string& name);

// images [n, height, width, channels], f32.
Tensor mirrored(const Tensor& images);
// Each image seen from `down` pixels below and `right` pixels right of where it is; the edge itself is not doubled.
Tensor moved(const Tensor& images, int64_t down, int64_t right);

}  // namespace fovea
