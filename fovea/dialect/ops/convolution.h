// SPDX-License-Identifier: Apache-2.0
// The sizes of a convolution and its contraction, for floating point and for integers.
#pragma once

#include "fovea/dialect/window.h"

namespace fovea::dialect {

/// A convolution from an image of the window's input size and groups * in channels, to the window's output size and groups *
/// out channels.
struct Convolution {
  Window window;
  int64_t batch, groups, in, out;

  bool grouped() const { return groups > 1; }
  /// Whether there is a loop over the channels of a group; a depthwise convolution has none.
  bool loops_in() const { return !grouped() || in > 1; }
  bool loops_out() const { return !grouped() || out > 1; }
  int64_t spatial() const { return static_cast<int64_t>(window.size()); }
};

/// Resolves the convolution of `image` with `filter` (shapes). Errors name the channels of both. `attributes.size` is filled
/// in.
mlir::FailureOr<Convolution> resolve_convolution(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                                 llvm::ArrayRef<int64_t> image, llvm::ArrayRef<int64_t> filter, int64_t groups,
                                                 WindowAttributes attributes);

/// Fails unless the image is [batch, 1 to 3 spatial dimensions, channels] and `other` has as many dimensions.
mlir::LogicalResult check_image_rank(std::optional<mlir::Location> location, llvm::StringRef operator_name, mlir::Value image,
                                     mlir::Value other);

/// The image reshaped so that the group is a dimension of its own: [batch, spatial..., (groups), (channels)].
mlir::Value split_image(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, const Convolution& conv,
                        int64_t channels, bool loops);

/// The convolution's contraction, [batch, spatial..., (groups), (out)]. Cells outside the image count as `outside`. Integers
/// are summed in i32.
mlir::Value convolution_formula(mlir::OpBuilder& builder, mlir::Location location, const Convolution& conv, mlir::Value image,
                                mlir::Value filter, mlir::TypedAttr outside, Signs signs = {});

}  // namespace fovea::dialect
