// SPDX-License-Identifier: Apache-2.0
// Builders for the basic operations of tile programs: index arithmetic that folds, loops that carry tensors, and slices.
#pragma once

#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/ADT/SmallVector.h>
#include <mlir/Dialect/SCF/IR/SCF.h>
#include <mlir/IR/Builders.h>
#include <mlir/IR/OpDefinition.h>

#include <cstdint>
#include <optional>

namespace fovea {

using Index = mlir::OpFoldResult;  ///< a constant, or a value of the tile program

/// Emits operations at the insertion point of its builder.
class TileBuilder {
 public:
  explicit TileBuilder(mlir::OpBuilder& builder, mlir::Location location) : builder(builder), location(location) {}

  mlir::OpBuilder& builder;
  mlir::Location location;

  /// A constant index.
  Index constant(int64_t value) { return builder.getIndexAttr(value); }
  /// The index if it is a constant.
  static std::optional<int64_t> known(Index index) { return mlir::getConstantIntValue(index); }
  /// The index as a value, which is an arith.constant if it is known.
  mlir::Value value(Index index);

  /// Arithmetic on indices, folded where the operands are known.
  Index add(Index a, Index b);
  Index subtract(Index a, Index b);
  Index multiply(Index a, int64_t factor);
  Index divide(Index a, int64_t divisor);     ///< a >= 0
  Index remainder(Index a, int64_t divisor);  ///< a >= 0
  Index least(Index a, Index b);
  Index greatest(Index a, Index b);

  /// Emits a loop that runs `body` for begin, begin + step, ... below end. `carried` holds the tensors that the loop carries,
  /// and is updated. A loop known to have one step is emitted without a loop.
  using Body = llvm::function_ref<void(Index at, llvm::SmallVectorImpl<mlir::Value>& carried)>;
  void loop(Index begin, Index end, int64_t step, llvm::SmallVectorImpl<mlir::Value>& carried, Body body);

  /// A slice of static sizes. Coordinates of size 1 that are not `kept` are dropped from its type.
  struct Slice {
    llvm::SmallVector<Index> offsets;
    llvm::SmallVector<int64_t> sizes, strides;
    llvm::SmallVector<bool> kept;
    /// The shape of its type.
    llvm::SmallVector<int64_t> shape() const;
  };
  /// Extracts a slice from `tensor`, or inserts `tile` into it. The latter returns the new tensor, which bufferization places
  /// in the memory of the old one.
  mlir::Value read(mlir::Value tensor, const Slice& slice);
  mlir::Value write(mlir::Value tile, mlir::Value tensor, const Slice& slice);
  /// Whether the slice is known to be the whole tensor. A write into it would then fold to the written value, which may not be
  /// in the tensor's memory; adding hidden_zero() to an offset prevents that.
  static bool covers(const Slice& slice, mlir::RankedTensorType type);
  /// An index that is zero at run time, but is not known to be at compile time.
  Index hidden_zero();
  /// The element at these coordinates.
  mlir::Value element(mlir::Value tensor, llvm::ArrayRef<Index> coordinates);

  /// Prefetches the cache line of `tensor`, an argument that is only read, at these coordinates. Beyond its end this has no
  /// effect.
  enum class Cache : uint32_t { second = 2, first = 3 };  ///< the locality of llvm.prefetch
  void prefetch(mlir::Value tensor, llvm::ArrayRef<Index> coordinates, Cache into = Cache::second);

  /// A new tensor, filled with `scalar`, or without defined content.
  mlir::Value filled(mlir::Value scalar, llvm::ArrayRef<int64_t> shape);
  mlir::Value empty(llvm::ArrayRef<int64_t> shape, mlir::Type element);

  /// Fill a range of a tensor of rank 1 in vectors of `tile` elements; `length` is static.
  mlir::Value fill_run(mlir::Value flat, Index at, int64_t length, mlir::Value scalar, int64_t tile);
  /// Copies source[from + i] to flat[at + i] for i below `length`. With `pair_distance`, element i becomes the pair of
  /// source[from + i] and source[from + pair_distance + i].
  mlir::Value copy_run(mlir::Value source, Index from, mlir::Value flat, Index at, int64_t length, int64_t tile,
                       int64_t pair_distance = 0);
  /// Copies the slice `from` of source to the slice `at` of target; `permutation` lists the source tile's dimensions in the
  /// order of the target's. With `pair` >= 0, an element is the pair of what `from` reads and its neighbor along that
  /// coordinate.
  mlir::Value copy_tile(mlir::Value source, const Slice& from, mlir::Value target, const Slice& at,
                        llvm::ArrayRef<unsigned> permutation, int pair = -1);
  /// Applies `body` to each element of a tile, or to a scalar; `element` is the type of its results.
  using Scalar = llvm::function_ref<mlir::Value(mlir::OpBuilder&, mlir::Location, mlir::Value)>;
  mlir::Value mapped(mlir::Value tile_or_scalar, mlir::Type element, Scalar body);

 private:
  mlir::Value generic(mlir::ValueRange inputs, mlir::Value into, mlir::AffineMap input_map,
                      llvm::function_ref<mlir::Value(mlir::OpBuilder&, mlir::Location, mlir::ValueRange)> body);
  template <typename Operation>
  mlir::Value run(mlir::Value flat, Index at, int64_t length, int64_t tile, Operation operation);
};

}  // namespace fovea
