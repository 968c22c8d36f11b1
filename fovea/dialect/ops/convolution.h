// SPDX-License-Identifier: Apache-2.0
// A convolution's sizes and its contraction, for floating point and for integers.
#pragma once

#include "fovea/dialect/window.h"

namespace fovea::dialect {

// A convolution from an image of `window`'s input size and groups * in channels to its output size and groups * out filters.
struct Convolution {
  Window window;
  int64_t batch, groups, in, out;

  bool grouped() const { return groups > 1; }
  // A loop over one channel of a group (depthwise) is no loop.
  bool loops_in() const { return !grouped() || in > 1; }
  bool loops_out() const { return !grouped() || out > 1; }
  int64_t spatial() const { return static_cast<int64_t>(window.size()); }
};

// The convolution that takes `image` with `filter`; errors name the image's and filter's channels. `attributes.size` is filled
// in.
mlir::FailureOr<Convolution> resolve_convolution(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                                 llvm::ArrayRef<int64_t> image, llvm::ArrayRef<int64_t> filter, int64_t groups,
                                                 WindowAttributes attributes);

// Fails unless the image is [batch, 1 to 3 spatial dimensions, channels] and `other` has as many dimensions.
mlir::LogicalResult check_image_rank(std::optional<mlir::Location> location, llvm::StringRef operator_name, mlir::Value image,
                                     mlir::Value other);

// The image with the group as a dimension of its own: [batch, spatial..., (groups), (channels)].
mlir::Value split_image(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, const Convolution& conv,
                        int64_t channels, bool loops);

// [batch, spatial..., (groups), (out)]: cells outside the image count as `outside`. Integers are summed in i32.
mlir::Value convolution_formula(mlir::OpBuilder& builder, mlir::Location location, const Convolution& conv, mlir::Value image,
                                mlir::Value filter, mlir::TypedAttr outside, Signs signs = {});

}  // namespace fovea::dialect
