// SPDX-License-Identifier: Apache-2.0
// A kernel function read as linalg operations: the root's iteration domain, how each operand is indexed, and what follows on
// its result.
//
// A kernel is one root linalg.generic (a contraction, reduction, pooling or element-wise linalg operation), constant padding
// before it and element-wise linalg operations after it, each result optionally put into a destination with strides
// (docs/architecture.md, "Kernels").
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/IR/AffineMap.h>

#include <vector>

namespace fovea {

/// One tensor as a linalg operation reads it: coordinates in the tensor *after* padding, as sums of integer * dimension +
/// constant.
struct Access {
  mlir::Value tensor;  ///< a function argument, or the result of an earlier linalg operation of the kernel
  mlir::AffineMap map;
  llvm::SmallVector<int64_t> pad_low;  ///< per coordinate; empty when there is no padding
  mlir::Attribute pad_value;           ///< what fills a strip around the tensor
  /// A number for every element (a fill or a splat constant): nothing to read.
  mlir::Value scalar;
  /// Neighbors along a reduced dimension that are seen as one number of 32 bits (dot_product_packing.h); 1: none are.
  int64_t group = 1;
  /// The coordinate that counts groups; -1 where a group is the tensor's whole last dimension, which `map` then leaves out.
  int group_coordinate = -1;
  /// `tensor` holds what the map describes in the layout that the kernel's tiling wants (weight_prepacking.cc).
  bool prepacked = false;

  bool padded() const { return !pad_low.empty(); }
  int64_t low(unsigned coordinate) const { return padded() ? pad_low[coordinate] : 0; }
  int64_t extent(unsigned coordinate) const;  ///< of the unpadded tensor, in groups where the coordinate counts them
  /// Groups that lie side by side in memory are read as they are; others (pairs) are put together when they are packed.
  bool adjacent_groups() const {
    return group > 1 && (group_coordinate < 0 || group_coordinate + 1 == static_cast<int>(map.getNumResults()));
  }
  bool distant_pairs() const { return group > 1 && !adjacent_groups(); }
  /// What the tile program sees: the tensor's own type, or one f32 for each group that lies side by side.
  mlir::RankedTensorType seen_type() const;
  /// Of packed copies.
  mlir::Type packed_element() const;
};

/// The instruction that multiplies and adds groups.
enum class DotProduct : uint8_t {
  none,
  bf16_pairs,      ///< two products of bf16, summed in f32
  unsigned_first,  ///< four products of an unsigned byte of the first input and a signed one of the second, summed in i32
  signed_first,    ///< the same, the other way round
  signed_quads,    ///< four products of signed bytes
  unsigned_quads,  ///< four products of unsigned bytes
  word_pairs,      ///< two products of signed 16-bit integers, summed in i32
};

struct LinalgOperation {
  mlir::linalg::GenericOp op;
  llvm::SmallVector<int64_t> extents;  ///< of the domain
  llvm::SmallVector<bool> reduced;     ///< per dimension
  std::vector<Access> inputs;
  llvm::SmallVector<mlir::Value>
      initial;  ///< per result: the scalar a reduction starts from, null for element-wise linalg operations
  llvm::SmallVector<unsigned> output_dims;  ///< the domain dimension of each output coordinate (the same for every result)
  DotProduct product = DotProduct::none;    ///< of groups (dot_product_packing.h)
};

/// Where a returned value goes.
struct KernelResult {
  mlir::Value value;                            ///< result of a linalg operation
  unsigned result;                              ///< index among the function's results
  int in_place = -1;                            ///< the argument it is written over, or -1
  llvm::SmallVector<int64_t> offsets, strides;  ///< of the insertion, per output coordinate (0 and 1 without one)
  llvm::SmallVector<int64_t> kept;              ///< destination coordinate of each output coordinate
  mlir::RankedTensorType type;                  ///< of the destination
};

struct KernelDescription {
  mlir::func::FuncOp function;
  LinalgOperation root;
  std::vector<LinalgOperation> epilogue;
  std::vector<KernelResult> outputs;
  int64_t winograd = 0;  ///< the filter comes transformed, for tiles of so many results a side (winograd.h); 0: as it is

  bool has_reduction() const;
  /// A product of two inputs, each as it is or converted by itself, added into one result.
  bool is_contraction() const;
  /// The operations of a contraction's body that convert this input before it is multiplied, in order.
  llvm::SmallVector<mlir::Operation*> conversion(size_t input) const;
};

/// Bytes of the widest number that the kernel computes with: what fits a register beside it.
int64_t element_bytes(const KernelDescription& kernel);
/// Of its operands as they lie in memory, groups as the numbers they are seen as.
int64_t operand_bytes(const KernelDescription& kernel);

/// Fails, naming the kernel and the operation, on what the contract of the kernels stage does not allow.
KernelDescription read_kernel(mlir::func::FuncOp kernel);

/// An affine expression that is a sum of coefficient * dimension and a constant.
struct LinearForm {
  llvm::SmallVector<int64_t> coefficients;  ///< per dimension of the domain
  int64_t constant = 0;
};
LinearForm linear_form(mlir::AffineExpr expression, unsigned dimensions);
/// Each coordinate of an access over the dimensions of its linalg operation.
llvm::SmallVector<LinearForm> linear_forms(const Access& access, unsigned dimensions);

}  // namespace fovea
