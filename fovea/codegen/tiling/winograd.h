// SPDX-License-Identifier: Apache-2.0
// Winograd's algorithm for 3x3 convolutions of stride 1, which takes fewer multiplications.
//
// A tile of m x m results reads n x n pixels, n = m + 2. In the transformed domain (Lavin and Gray, "Fast algorithms for
// convolutional neural networks", 2016) each of the n * n elements is a matrix product of its own, [tiles x channels] x
// [channels x filters]: results = A^T [sum over channels of (G w G^T) * (B^T d B)] A. There are two sizes: m = 2 takes 16
// multiplications for every 36, m = 4 takes 36 for every 144.
//
// A grid tile (winograd_emitter.cc) transforms a block of image tiles into scratch, multiplies there, and transforms the
// products back in registers, where the epilogue follows; none of this goes to the arena. Filters are transformed before the
// run (winograd_filters.cc). A kernel with a transformed filter has the attribute `fovea.winograd`, which holds m.
#pragma once

#include "fovea/codegen/options.h"
#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// The name of the attribute of a kernel function.
inline constexpr const char* winograd_attribute = "fovea.winograd";

/// Rows of equal length.
using Matrix = std::vector<std::vector<double>>;

/// The matrices of one tile size: `image` is B^T, n x n; `filter` is G, n x 3; `result` is A^T, m x n.
struct WinogradMatrices {
  Matrix image, filter, result;
};
/// The matrices for m = `results`, 2 or 4; valid as long as the program.
const WinogradMatrices& winograd_matrices(int64_t results);

/// The dimensions of a 3x3 convolution of stride 1 whose first input is an image and whose second is a filter [3, 3, channels,
/// filters].
struct ConvolutionDims {
  int batch = -1;  ///< -1: a single image without a batch dimension
  unsigned height = 0, width = 0, filters = 0, tap_height = 0, tap_width = 0, channels = 0;
};
/// The dimensions, if the root op is such a convolution in f32.
std::optional<ConvolutionDims> convolution_dims(const LinalgOperation& root);

/// The m to use: with Winograd::where_faster the one that an estimate from shape and target finds fastest. 0 stands for a plain
/// convolution, and is returned for all other kernels.
int64_t winograd_results(const KernelDescription& kernel, const Target& target, Winograd when);

/// The tiling of a kernel with the attribute.
Tiling winograd_tiling(const KernelDescription& kernel, const Target& target);

}  // namespace fovea
