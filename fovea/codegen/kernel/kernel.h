// SPDX-License-Identifier: Apache-2.0
// A kernel function read back as a description: the iteration domain of its root op, the index map of each operand, the
// epilogue, and where each result is written.
//
// A kernel is one root linalg.generic (a contraction, reduction, pooling or element-wise operation), constant padding before it
// and element-wise operations after it; each result may be inserted into a destination with strides (docs/architecture.md,
// "Kernels").
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/IR/AffineMap.h>

#include <vector>

namespace fovea {

/// How a linalg operation reads one tensor. `map` gives coordinates in the tensor *after* padding, each a sum of integer *
/// dimension and a constant.
struct Access {
  mlir::Value tensor;  ///< an argument of the function, or the result of an earlier linalg operation of the kernel
  mlir::AffineMap map;
  llvm::SmallVector<int64_t> pad_low;  ///< elements of padding before each coordinate; empty without padding
  mlir::Attribute pad_value;           ///< the value of the padding
  /// The one value of all elements (of a fill or a splat constant); if it is set, there is no memory to read.
  mlir::Value scalar;
  /// How many neighbors along a reduced dimension are one 32-bit number (dot_product_packing.h); 1 without packing.
  int64_t group = 1;
  /// The coordinate that counts groups; -1 where a group is the tensor's whole last dimension, which `map` then omits.
  int group_coordinate = -1;
  /// `tensor` is packed already, in the layout that the kernel's tiling reads (weight_prepacking.cc).
  bool prepacked = false;

  /// Whether there is padding, if only of width 0.
  bool padded() const { return !pad_low.empty(); }
  /// The elements of padding before a coordinate.
  int64_t low(unsigned coordinate) const { return padded() ? pad_low[coordinate] : 0; }
  int64_t extent(unsigned coordinate) const;  ///< of the unpadded tensor; counted in groups along group_coordinate
  /// Whether each group is contiguous in memory, so that it can be loaded as it is.
  bool adjacent_groups() const {
    return group > 1 && (group_coordinate < 0 || group_coordinate + 1 == static_cast<int>(map.getNumResults()));
  }
  /// Whether the two elements of a pair lie apart in memory, so that packing must put them together.
  bool distant_pairs() const { return group > 1 && !adjacent_groups(); }
  /// The tensor's type in the tile program: its own, or one f32 for each contiguous group.
  mlir::RankedTensorType seen_type() const;
  /// The element type of packed copies: f32 for groups.
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

/// One linalg.generic of a kernel.
struct LinalgOperation {
  mlir::linalg::GenericOp op;
  llvm::SmallVector<int64_t> extents;  ///< of the iteration domain
  llvm::SmallVector<bool> reduced;     ///< per dimension
  std::vector<Access> inputs;
  /// For each result, the scalar that its reduction starts from; null for element-wise operations.
  llvm::SmallVector<mlir::Value> initial;
  llvm::SmallVector<unsigned> output_dims;  ///< the domain dimension of each output coordinate (the same for every result)
  DotProduct product = DotProduct::none;    ///< of groups (dot_product_packing.h)
};

/// Where a result of the kernel is written.
struct KernelResult {
  mlir::Value value;                            ///< result of a linalg operation
  unsigned result;                              ///< index among the function's results
  int in_place = -1;                            ///< the argument it is written over, or -1
  llvm::SmallVector<int64_t> offsets, strides;  ///< of the insertion, per output coordinate (0 and 1 without one)
  llvm::SmallVector<int64_t> kept;              ///< destination coordinate of each output coordinate
  mlir::RankedTensorType type;                  ///< of the destination
};

/// A kernel, as read_kernel() finds it. Valid as long as the function is unchanged.
struct KernelDescription {
  mlir::func::FuncOp function;
  LinalgOperation root;
  std::vector<LinalgOperation> epilogue;
  std::vector<KernelResult> outputs;
  /// The side of Winograd's result tiles that the filter is transformed for (winograd.h); 0: not transformed.
  int64_t winograd = 0;

  /// Whether the root op reduces a dimension.
  bool has_reduction() const;
  /// Whether the root op adds products of its two inputs, each possibly converted first, to one result.
  bool is_contraction() const;
  /// The operations of a contraction's body that convert this input before it is multiplied, in program order.
  llvm::SmallVector<mlir::Operation*> conversion(size_t input) const;
};

/// The bytes of the widest number that the kernel computes with, by which a vector's lanes are counted.
int64_t element_bytes(const KernelDescription& kernel);
/// The bytes of the widest element of the root op's inputs in memory, where a group counts as one 32-bit element.
int64_t operand_bytes(const KernelDescription& kernel);

/// Reads a kernel of the stage `kernels`. Fails on what the contract of the stage does not allow, and names the kernel and the
/// operation.
KernelDescription read_kernel(mlir::func::FuncOp kernel);

/// An affine expression that is a sum of coefficient * dimension and a constant.
struct LinearForm {
  llvm::SmallVector<int64_t> coefficients;  ///< per dimension of the domain
  int64_t constant = 0;
};
/// Reads an expression over `dimensions` dimensions. Fails on other operators than additions and multiplications by constants.
LinearForm linear_form(mlir::AffineExpr expression, unsigned dimensions);
/// The coordinates of an access over the dimensions of its linalg operation.
llvm::SmallVector<LinearForm> linear_forms(const Access& access, unsigned dimensions);

}  // namespace fovea
