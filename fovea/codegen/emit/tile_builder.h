// SPDX-License-Identifier: Apache-2.0
// The basic operations of tile programs: index arithmetic that folds, loops that carry tensors, and slices.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <mlir/Dialect/SCF/IR/SCF.h>
#include <mlir/IR/Builders.h>
#include <mlir/IR/OpDefinition.h>

#include <cstdint>
#include <optional>

namespace fovea {

using Index = mlir::OpFoldResult;  ///< a known number, or a value of the program

class TileBuilder {
 public:
  explicit TileBuilder(mlir::OpBuilder& builder, mlir::Location location) : builder(builder), location(location) {}

  mlir::OpBuilder& builder;
  mlir::Location location;

  Index constant(int64_t value) { return builder.getIndexAttr(value); }
  static std::optional<int64_t> known(Index index) { return mlir::getConstantIntValue(index); }
  mlir::Value value(Index index);

  Index add(Index a, Index b);
  Index subtract(Index a, Index b);
  Index multiply(Index a, int64_t factor);
  Index divide(Index a, int64_t divisor);     ///< a >= 0
  Index remainder(Index a, int64_t divisor);  ///< a >= 0
  Index least(Index a, Index b);
  Index greatest(Index a, Index b);

  /// Runs `body` for begin, begin + step, ... below end. `carried` holds the tensors that the loop carries, and is updated. A
  /// loop with one known step is emitted without a loop.
  using Body = llvm::function_ref<void(Index at, llvm::SmallVectorImpl<mlir::Value>& carried)>;
  void loop(Index begin, Index end, int64_t step, llvm::SmallVectorImpl<mlir::Value>& carried, Body body);

  /// A slice of static sizes; coordinates of size 1 that are not `kept` are dropped from its type.
  struct Slice {
    llvm::SmallVector<Index> offsets;
    llvm::SmallVector<int64_t> sizes, strides;
    llvm::SmallVector<bool> kept;
    llvm::SmallVector<int64_t> shape() const;
  };
  mlir::Value read(mlir::Value tensor, const Slice& slice);
  mlir::Value write(mlir::Value tile, mlir::Value tensor, const Slice& slice);
  /// Whether the slice is known to be the whole tensor. A write into it would then fold to the written value, which need not be
  /// the tensor's memory; an offset that is zero but not known to be prevents that.
  static bool covers(const Slice& slice, mlir::RankedTensorType type);
  Index hidden_zero();
  mlir::Value element(mlir::Value tensor, llvm::ArrayRef<Index> coordinates);

  /// Prefetches `tensor`, an argument that is only read, at these coordinates; past its end this has no effect.
  enum class Cache : uint32_t { second = 2, first = 3 };  ///< as LLVM counts them
  void prefetch(mlir::Value tensor, llvm::ArrayRef<Index> coordinates, Cache into = Cache::second);

  mlir::Value filled(mlir::Value scalar, llvm::ArrayRef<int64_t> shape);
  mlir::Value empty(llvm::ArrayRef<int64_t> shape, mlir::Type element);

  /// Ranges of a one-dimensional tensor, in whole vectors; `length` is static.
  mlir::Value fill_run(mlir::Value flat, Index at, int64_t length, mlir::Value scalar, int64_t tile);
  /// With `pair_distance`, element i is the pair of source[from + i] and source[from + pair_distance + i].
  mlir::Value copy_run(mlir::Value source, Index from, mlir::Value flat, Index at, int64_t length, int64_t tile,
                       int64_t pair_distance = 0);
  /// target[at...] = source[from...] on tiles; `permutation` lists the source tile's dimensions in the order of the target.
  /// With `pair` >= 0, an element is the pair of what `from` reads and its neighbor along that coordinate.
  mlir::Value copy_tile(mlir::Value source, const Slice& from, mlir::Value target, const Slice& at,
                        llvm::ArrayRef<unsigned> permutation, int pair = -1);
  /// Applies `body` to each number of a tile, or to a scalar.
  using Scalar = llvm::function_ref<mlir::Value(mlir::OpBuilder&, mlir::Location, mlir::Value)>;
  mlir::Value mapped(mlir::Value tile_or_scalar, mlir::Type element, Scalar body);

 private:
  mlir::Value generic(mlir::ValueRange inputs, mlir::Value into, mlir::AffineMap input_map,
                      llvm::function_ref<mlir::Value(mlir::OpBuilder&, mlir::Location, mlir::ValueRange)> body);
  template <typename Operation>
  mlir::Value run(mlir::Value flat, Index at, int64_t length, int64_t tile, Operation operation);
};

}  // namespace fovea
