// SPDX-License-Identifier: Apache-2.0
// What the emitters of all grids share: index arithmetic, reading an operand at a point of the iteration domain, the bodies of
// linalg operations as scalar code, and the epilogue.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <mlir/Dialect/GPU/IR/GPUDialect.h>
#include <mlir/IR/Builders.h>
#include <mlir/IR/IRMapping.h>

#include "fovea/codegen/gpu/grid.h"

namespace fovea {

/// Scalar code of one kernel, written where `builder` stands. Indices have the type index and are 32 bits wide on the device.
class GridCode {
 public:
  using Values = llvm::SmallVector<mlir::Value>;

  /// `function` has the kernel's operands; for SPIR-V, then the table of their offsets (emit_gpu.cc).
  GridCode(const KernelDescription& kernel, const Grid& grid, GpuCode code, mlir::gpu::GPUFuncOp function);

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, int64_t factor);
  mlir::Value divide(mlir::Value a, int64_t divisor);     ///< for a >= 0
  mlir::Value remainder(mlir::Value a, int64_t divisor);  ///< for a >= 0
  mlir::Value below(mlir::Value a, int64_t limit);        ///< 0 <= a < limit
  mlir::Value both(mlir::Value a, mlir::Value b);         ///< a && b, where null is true
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
  mlir::Value zero(mlir::Type type);

  mlir::Value invocation();  ///< its number in the workgroup
  mlir::Value workgroup();   ///< its number in the dispatch
  /// Whether the workgroup has something to do; null where every one has.
  mlir::Value workgroup_exists();

  /// Sets `point` at `dims` to the coordinates of point number `number`, the last dimension varying fastest.
  void locate(const LinalgOperation& operation, llvm::ArrayRef<unsigned> dims, mlir::Value number, Values& point);

  /// Writes `body` where `condition` holds; null: always.
  void where(mlir::Value condition, llvm::function_ref<void()> body);
  /// A loop from `from` to `to` that carries values; `body` returns the next ones.
  Values loop(mlir::Value from, mlir::Value to, int64_t step, mlir::ValueRange carried,
              llvm::function_ref<Values(mlir::Value, mlir::ValueRange)> body);

  /// A buffer of one dimension in workgroup memory.
  mlir::Value workgroup_memory(int64_t count, mlir::Type element);

  /// The element of an input of `operation` at `point`. Zero where `condition` does not hold (null: always), and the padding's
  /// value in the padding.
  mlir::Value read(const LinalgOperation& operation, size_t input, const Values& point, mlir::Value condition = {});
  /// What the reductions of the root operation start from.
  Values initial();
  /// The root operation's body on its inputs at `point`.
  Values accumulate(const Values& point, mlir::ValueRange accumulators);
  /// The body of `operation` on these values.
  Values apply(const LinalgOperation& operation, mlir::ValueRange inputs, mlir::ValueRange accumulators, const Values& point);
  /// Combines two partial results of result `result`.
  mlir::Value combine(unsigned result, mlir::Value a, mlir::Value b);
  /// What a partial result starts from that does not contain the initial value.
  mlir::Value neutral(unsigned result);
  /// Epilogue and stores, from the root operation's results at `point`.
  void finish(mlir::ValueRange results, const Values& point);

  const KernelDescription& kernel() const { return kernel_; }
  const Grid& grid() const { return grid_; }
  mlir::OpBuilder builder;
  mlir::Location location;

 private:
  mlir::Value in_binding(mlir::Value place, unsigned operand);
  mlir::Value load(mlir::Value tensor, mlir::Value place, mlir::Value condition);
  void store(const KernelResult& output, mlir::Value value, llvm::ArrayRef<mlir::Value> coordinates);
  mlir::Value clone_constant(mlir::Value constant);
  unsigned operand_of(const KernelResult& output) const;

  const KernelDescription& kernel_;
  const Grid& grid_;
  GpuCode code_;
  mlir::gpu::GPUFuncOp function_;
  Values offsets_;  // of each operand in its binding, in elements; empty where operands are pointers
  mlir::Value invocation_, workgroup_;
};

/// The emitters; each writes the whole body of the function.
void emit_element_grid(GridCode& code);
void emit_tree_grid(GridCode& code, const TreeGrid& grid);
void emit_product_grid(GridCode& code, const ProductGrid& grid);

}  // namespace fovea
