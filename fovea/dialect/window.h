// SPDX-License-Identifier: Apache-2.0
// How a window moves over an image: the sizes, strides, dilations and padding of convolutions and pooling, all resolved.
#pragma once

#include "fovea/dialect/linalg_builders.h"

namespace fovea::dialect {

/// A window along one spatial dimension. Output o reads the input cells o * stride + tap * dilation - before, for tap in [0,
/// size).
struct WindowDim {
  int64_t size, stride, dilation, before, after, input, output;
};
using Window = llvm::SmallVector<WindowDim, 3>;

/// A window as an operator's attributes give it.
struct WindowAttributes {
  llvm::ArrayRef<int64_t> size;
  llvm::ArrayRef<int64_t> strides;    ///< empty: `size` when `stride_is_size`, else ones; one number serves all
  llvm::ArrayRef<int64_t> dilations;  ///< empty: ones
  mlir::Attribute padding;            ///< null or "valid"; "same"; [before, after] of each dimension
  bool stride_is_size = false;
  llvm::StringRef what = "filter";  ///< what errors call the window
};

/// Resolves the window over `input`, an image [batch, spatial..., channels]. Fails with the layer's error when the window does
/// not fit.
mlir::FailureOr<Window> resolve_window(std::optional<mlir::Location> location, llvm::StringRef operator_name,
                                       llvm::ArrayRef<int64_t> input, const WindowAttributes& attributes);

/// The smallest spatial size of an image that the window reduces to spatial size `output`.
mlir::FailureOr<llvm::SmallVector<int64_t>> transposed_size(std::optional<mlir::Location> location,
                                                            llvm::StringRef operator_name, llvm::ArrayRef<int64_t> output,
                                                            const WindowAttributes& attributes);

/// The spatial size of the result.
llvm::SmallVector<int64_t> output_size(const Window& window);

/// The image with the window's padding around it; the first dimension (batch) and the last (channels) are not padded.
mlir::Value padded_image(mlir::OpBuilder& builder, mlir::Location location, mlir::Value image, const Window& window,
                         mlir::TypedAttr filling);

/// The transpose of a window, split into phases. The input cells residue + stride * q are reached by the taps first_tap +
/// tap_step * j, from outputs q - j * source_step + source_offset, for q in [0, cells) and j in [0, taps).
struct PhaseDim {
  int64_t residue, cells, first_tap, tap_step, taps, source_step, source_offset;
};
using Phase = llvm::SmallVector<PhaseDim, 3>;

/// All phases, with the residue of the last dimension fastest. Cells and taps may be 0.
llvm::SmallVector<Phase> phases(const Window& window);

/// Pads `gradient` with `filling` so that every phase reads inside it, and moves the phases' source offsets accordingly.
mlir::Value padded_for_phases(mlir::OpBuilder& builder, mlir::Location location, mlir::Value gradient, const Window& window,
                              llvm::MutableArrayRef<Phase> phases, mlir::TypedAttr filling);

/// One tensor of `shape` [batch, spatial..., rest...] from what `formula` gives for each phase, whose spatial size is the
/// phase's cells. Phases without taps are zero.
mlir::Value joined_phases(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape, mlir::Type element,
                          const Window& window, llvm::ArrayRef<Phase> phases,
                          llvm::function_ref<mlir::Value(const Phase&, llvm::ArrayRef<int64_t> shape)> formula);

}  // namespace fovea::dialect
