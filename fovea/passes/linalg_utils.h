// SPDX-License-Identifier: Apache-2.0
// What the fuser sees in a linalg operation: which kind of work it is, and whose layer it belongs to.
#pragma once

#include <string>

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {

enum class Work {
  elementwise,  // every loop is parallel and every result is written at the loop indices themselves
  contraction,  // multiply and add over reduced dimensions: convolution, dense, and their gradients
  reduction,    // reads some input once, element by element, while it reduces it: sums, means, softmax's parts
  window,       // everything else: pooling, writes through other maps
};

Work work_of(mlir::linalg::GenericOp op);
const char* name(Work work);  // "elementwise", as it appears in the names of kernels

inline bool is_elementwise(mlir::linalg::GenericOp op) { return work_of(op) == Work::elementwise; }
// The generic that defines `value`, if it does element-wise work.
mlir::linalg::GenericOp elementwise_producer(mlir::Value value);

// True when `map` reads every point of the loops exactly once (a permutation of all dimensions).
bool reads_each_point(mlir::AffineMap map);

// Number of multiply-adds of a contraction; 0 for other work.
double multiply_adds(mlir::linalg::GenericOp op);

// collapse_shape, expand_shape, and an extract_slice of contiguous elements: the same memory seen differently.
bool is_view(mlir::Operation* op);
// The value whose memory `value` shows, through all views.
mlir::Value view_root(mlir::Value value);

// Operations that compute nothing by themselves: cloned into each kernel that reads through them (pads and slices that are not
// views), or made of nothing (constants, empty tensors).
bool is_view_or_pad(mlir::Operation* op);

// The layer's name carried by `location` ("conv1"); "" when it has none.
std::string layer_of(mlir::Location location);

// The one constant that every element of `tensor` holds, seen through views; null when there is none.
mlir::TypedAttr repeated_constant(mlir::Value tensor);
// What the body of `op`, of one result, yields when input `position` (-1: none) is `constant` everywhere; null when that
// depends on the other inputs or on the loop indices.
mlir::TypedAttr folded_result(mlir::linalg::GenericOp op, int64_t position, mlir::TypedAttr constant);
// What a body rounds and extends again it uses unrounded: only what goes to memory is narrow.
void skip_roundings(mlir::linalg::GenericOp op);
// A linalg.fill of a new tensor.
mlir::Value filled_tensor(mlir::OpBuilder& builder, mlir::Location location, mlir::RankedTensorType type,
                          mlir::TypedAttr constant);

// An element-wise generic that copies `source` to a new tensor.
mlir::linalg::GenericOp copy_of(mlir::OpBuilder& builder, mlir::Location location, mlir::Value source);

// The network's function: @main, or the only public one; null without any.
mlir::func::FuncOp network_of(mlir::ModuleOp module);
// What fovea-hoist-constants took out of it: parameters and state -> hoisted tensors; null where nothing depends on those
// alone.
mlir::func::FuncOp initializer_of(mlir::ModuleOp module);
// "input", "parameter", "state" or "hoisted"; "" for an argument without.
llvm::StringRef role_of(mlir::func::FuncOp main, unsigned argument);

// Erases what nobody reads.
void erase_unused(mlir::func::FuncOp main);

// The argument that result `index` of the network replaces, by its name; -1 when the result is an output.
int64_t replaced_argument(mlir::func::FuncOp main, unsigned index);

// An element-wise generic over `shape` with a result for each element type; `build` writes its body, up to the linalg.yield.
mlir::linalg::GenericOp make_elementwise(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape,
                                         mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> input_maps,
                                         llvm::ArrayRef<mlir::Type> element_types,
                                         llvm::function_ref<void(mlir::OpBuilder&, mlir::Block&)> build);

}  // namespace fovea
