// SPDX-License-Identifier: Apache-2.0
// Properties of linalg operations that fusion needs: the kind of their work, and the layer that they belong to.
#pragma once

#include <string>

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

/// Kinds of work.
enum class Work {
  elementwise,  ///< every loop is parallel and every result is written at the loop indices themselves
  contraction,  ///< multiply and add over reduced dimensions: convolution, dense, and their gradients
  reduction,    ///< reads an input once, element by element, while reducing it: sums, means, the parts of softmax
  window,       ///< everything else: pooling, and writes through other maps
};

Work work_of(mlir::linalg::GenericOp op);
const char* name(Work work);  ///< "elementwise", as it appears in the names of kernels

inline bool is_elementwise(mlir::linalg::GenericOp op) { return work_of(op) == Work::elementwise; }
/// The generic that defines `value`, if it does element-wise work.
mlir::linalg::GenericOp elementwise_producer(mlir::Value value);

/// Whether `map` reads every point of the loops exactly once, as a permutation of all dimensions.
bool reads_each_point(mlir::AffineMap map);

/// The number of multiply-adds of a contraction; 0 for other work.
double multiply_adds(mlir::linalg::GenericOp op);

/// Whether `op` is a view, another shape of the same memory: collapse_shape, expand_shape, and an extract_slice of contiguous
/// elements.
bool is_view(mlir::Operation* op);
/// The value that `value` is a view of, through all views.
mlir::Value view_root(mlir::Value value);

/// Whether `op` computes nothing itself: pads and slices that are not views, which are cloned into each kernel that reads
/// through them, and constants and empty tensors.
bool is_view_or_pad(mlir::Operation* op);

/// The name of the layer at `location` ("conv1"); "" when there is none.
std::string layer_of(mlir::Location location);

/// The constant that every element of `tensor` has, seen through views; null when there is none.
mlir::TypedAttr repeated_constant(mlir::Value tensor);
/// The constant that the body of `op`, which has one result, yields when input `position` (-1: none) is `constant` everywhere;
/// null when it depends on the other inputs or the loop indices.
mlir::TypedAttr folded_result(mlir::linalg::GenericOp op, int64_t position, mlir::TypedAttr constant);
/// Removes pairs of rounding and extension from a body, so that values are rounded only where they are stored.
void skip_roundings(mlir::linalg::GenericOp op);
/// A linalg.fill of a new tensor.
mlir::Value filled_tensor(mlir::OpBuilder& builder, mlir::Location location, mlir::RankedTensorType type,
                          mlir::TypedAttr constant);

/// An element-wise generic that copies `source` to a new tensor.
mlir::linalg::GenericOp copy_of(mlir::OpBuilder& builder, mlir::Location location, mlir::Value source);

/// The network's function: @main, or the only public one; null when there is none.
mlir::func::FuncOp network_of(mlir::ModuleOp module);
/// The function that fovea-hoist-constants took out of the network's, from parameters and state to hoisted tensors; null when
/// nothing depends on those alone.
mlir::func::FuncOp initializer_of(mlir::ModuleOp module);
/// "input", "parameter", "state" or "hoisted"; "" for an argument without a role.
llvm::StringRef role_of(mlir::func::FuncOp main, unsigned argument);

/// Erases unused operations.
void erase_unused(mlir::func::FuncOp main);

/// The argument that result `index` of the network replaces, by its name; -1 for an output.
int64_t replaced_argument(mlir::func::FuncOp main, unsigned index);

/// An element-wise generic over `shape` with one result for each element type; `build` writes its body except the linalg.yield.
mlir::linalg::GenericOp make_elementwise(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape,
                                         mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> input_maps,
                                         llvm::ArrayRef<mlir::Type> element_types,
                                         llvm::function_ref<void(mlir::OpBuilder&, mlir::Block&)> build);

}  // namespace fovea
