// SPDX-License-Identifier: Apache-2.0
/// \file
/// Pixels as integer networks take them, and what they mean.
#pragma once

#include "fovea/graph/graph.h"
#include "fovea/nn/trace.h"
#include "fovea/quant/observer.h"

namespace fovea {

/// Whether the scale and zero point of the pixels can express the normalization, which requires the same mean and standard
/// deviation for all channels: (pixel / 255 - mean) / deviation = scale * (pixel - zero) with scale = 1 / (255 deviation) and
/// zero = 255 mean, rounded.
bool absorbs_normalization(const Preprocessing& preprocessing);

/// What bytes mean to the network: u8 pixels, or i8 pixels less 128. When they cannot express the normalization, they stand for
/// pixel / 255.
QuantizedType pixel_type(const Preprocessing& preprocessing, DType storage);

/// The range of normalized pixels over all channels.
Range normalized_range(const Preprocessing& preprocessing);

/// The normalization as a depthwise 1x1 convolution of pixel / 255.
struct PixelNormalization {
  Tensor weight;  ///< [1, 1, 1, channels] f32
  Tensor bias;    ///< [channels] f32
};
/// The convolution for so many channels.
PixelNormalization pixel_normalization(const Preprocessing& preprocessing, int64_t channels);

}  // namespace fovea
