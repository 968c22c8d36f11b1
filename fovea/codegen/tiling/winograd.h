// SPDX-License-Identifier: Apache-2.0
// Winograd's algorithm for 3x3 convolutions of stride 1: fewer products for the same sums.
//
// A tile of m x m results reads n x n pixels, n = m + 2. In the transformed domain (Lavin and Gray, "Fast algorithms for
// convolutional neural networks", 2016) each of its n * n numbers is a matrix product of its own, [tiles x channels] x
// [channels x filters]: results = A^T [sum over channels of (G w G^T) * (B^T d B)] A. Two sizes: m = 2 takes 16 products for
// every 36, m = 4 36 for every 144.
//
// What a grid tile does (winograd_emitter.cc): a block of tiles is transformed into scratch, multiplied there, and transformed
// back in registers, where the kernel's element-wise work follows. Nothing of it reaches the arena. Filters are transformed
// before the run (winograd_filters.cc); a kernel whose filter came that way has the attribute `fovea.winograd`, with m.
#pragma once

#include "fovea/codegen/options.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

inline constexpr const char* winograd_attribute = "fovea.winograd";

using Matrix = std::vector<std::vector<double>>;

/// image: n x n, B^T; filter: n x 3, G; result: m x n, A^T.
struct WinogradMatrices {
  Matrix image, filter, result;
};
const WinogradMatrices& winograd_matrices(int64_t results);

/// The dimensions of a 3x3 convolution of stride 1: the first input an image, the second a filter [3, 3, channels, filters].
struct ConvolutionDims {
  int batch = -1;  ///< -1: one image, without a dimension of its own
  unsigned height = 0, width = 0, filters = 0, tap_height = 0, tap_width = 0, channels = 0;
};
std::optional<ConvolutionDims> convolution_dims(const LinalgOperation& root);

/// m: where_faster, of the way that an estimate from shape and target alone finds fastest. 0: plain products, and where the
/// kernel is no such convolution in f32.
int64_t winograd_results(const KernelDescription& kernel, const Target& target, Winograd when);

/// Of a kernel with the attribute.
Tiling winograd_tiling(const KernelDescription& kernel, const Target& target);

}  // namespace fovea
