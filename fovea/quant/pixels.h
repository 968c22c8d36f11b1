// SPDX-License-Identifier: Apache-2.0
// Pixels as a network of integers takes them, and what they mean.
#pragma once

#include "fovea/graph/graph.h"
#include "fovea/nn/trace.h"
#include "fovea/quant/observer.h"

namespace fovea {

// Can scale and zero point of the pixels take in the normalization? Where mean and deviation are the same for all channels:
// (pixel / 255 - mean) / deviation = scale * (pixel - zero) with scale = 1 / (255 deviation), zero = 255 mean, rounded.
bool absorbs_normalization(const Preprocessing& preprocessing);

// What bytes mean to the network: u8 pixels, or i8 pixels less 128. Where the normalization is not absorbed they stand for
// pixel / 255.
QuantizedType pixel_type(const Preprocessing& preprocessing, DType storage);

// Of normalized pixels of all channels.
Range normalized_range(const Preprocessing& preprocessing);

// The normalization as a depthwise 1x1 convolution of pixel / 255: weight [1, 1, 1, channels], bias [channels], f32.
struct PixelNormalization {
  Tensor weight, bias;
};
PixelNormalization pixel_normalization(const Preprocessing& preprocessing, int64_t channels);

}  // namespace fovea
