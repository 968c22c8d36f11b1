// A kernel function read as formulas: the anchor's iteration domain, how each operand is indexed, and what follows on its
// result.
//
// A kernel is one anchor linalg.generic (a contraction, reduction, pooling or element-wise formula), constant padding before it
// and element-wise formulas after it, each result optionally put into a destination with strides (docs/architecture.md,
// "Kernels").
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/IR/AffineMap.h>

#include <vector>

namespace fovea {

// One tensor as a formula reads it: coordinates in the tensor *after* padding, as sums of integer * dimension + constant.
struct Access {
  mlir::Value tensor;  // a function argument, or the result of an earlier formula of the kernel
  mlir::AffineMap map;
  llvm::SmallVector<int64_t> pad_low;  // per coordinate; empty when there is no padding
  mlir::Attribute pad_value;           // what fills a strip around the tensor
  // A number for every element (a fill or a splat constant): nothing to read.
  mlir::Value scalar;
  // The coordinate that counts pairs of bf16 numbers (pairs.h), or -1.
  int pair = -1;
  // `tensor` holds what the map describes in the layout that the kernel's tiling wants (prepacking.h).
  bool ahead = false;

  bool padded() const { return !pad_low.empty(); }
  int64_t low(unsigned coordinate) const { return padded() ? pad_low[coordinate] : 0; }
  int64_t extent(unsigned coordinate) const;  // of the unpadded tensor, in pairs where the coordinate counts them
  // Pairs that lie side by side in memory are read as they are; others are put together when they are packed.
  bool adjacent_pairs() const { return pair >= 0 && pair + 1 == static_cast<int>(map.getNumResults()); }
  bool distant_pairs() const { return pair >= 0 && !adjacent_pairs(); }
  // What the tile program sees: the tensor's own type, or one f32 for each pair that lies side by side.
  mlir::RankedTensorType seen_type() const;
  // Of packed copies.
  mlir::Type packed_element() const;
};

struct Formula {
  mlir::linalg::GenericOp op;
  llvm::SmallVector<int64_t> extents;  // of the domain
  llvm::SmallVector<bool> reduced;     // per dimension
  std::vector<Access> inputs;
  llvm::SmallVector<mlir::Value> initial;   // per result: the scalar a reduction starts from, null for element-wise formulas
  llvm::SmallVector<unsigned> output_dims;  // the domain dimension of each output coordinate (the same for every result)
  bool paired = false;                      // products are of pairs of bf16 numbers (pairs.h)
};

// Where a returned value goes.
struct Output {
  mlir::Value value;                            // result of a formula
  unsigned result;                              // index among the function's results
  int in_place = -1;                            // the argument it is written over, or -1
  llvm::SmallVector<int64_t> offsets, strides;  // of the insertion, per output coordinate (0 and 1 without one)
  llvm::SmallVector<int64_t> kept;              // destination coordinate of each output coordinate
  mlir::RankedTensorType type;                  // of the destination
};

struct KernelFormula {
  mlir::func::FuncOp function;
  Formula anchor;
  std::vector<Formula> epilogue;
  std::vector<Output> outputs;

  bool has_reduction() const;
  // mulf then addf of two inputs, extended from bf16 or as they are, into one result.
  bool is_contraction() const;
};

// Fails, naming the kernel and the operation, on what the contract of the kernels stage does not allow.
KernelFormula read_kernel(mlir::func::FuncOp kernel);

// An affine expression that is a sum of coefficient * dimension and a constant.
struct LinearForm {
  llvm::SmallVector<int64_t> coefficients;  // per dimension of the domain
  int64_t constant = 0;
};
LinearForm linear_form(mlir::AffineExpr expression, unsigned dimensions);

}  // namespace fovea
