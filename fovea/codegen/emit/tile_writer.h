// SPDX-License-Identifier: Apache-2.0
// The writer of tile programs, private to its parts: loops and packing (tile_program.cc), the linalg operation on a tile
// (tile_body.cc), what follows it (tile_epilogue.cc), hints to the cache (tile_prefetch.cc) and convolutions by Winograd's
// algorithm (tile_winograd.cc).
#pragma once

#include "fovea/codegen/emit/tile_builder.h"
#include "fovea/codegen/emit/tile_packing.h"
#include "fovea/codegen/emit/tile_program.h"
#include "fovea/codegen/tiling/winograd.h"

namespace fovea {

// Handles are cheap and const ones answer nothing.
inline mlir::func::FuncOp function_of(const KernelDescription& kernel) { return kernel.function; }

// Each coordinate of an access as a sum over the dimensions of its linalg operation.
llvm::SmallVector<LinearForm> forms_of(const Access& access, unsigned dims);

// Writes one kernel's tile program. State that the loops carry: the written tensors, then the scratch buffers.
class TileWriter {
 public:
  TileWriter(const KernelDescription& kernel, const Tiling& tiling)
      : kernel_(kernel),
        root_(kernel.root),
        tiling_(tiling),
        rank_(static_cast<unsigned>(kernel.root.extents.size())),
        builder_(function_of(kernel).getContext()),
        t_(builder_, function_of(kernel).getLoc()) {}

  TileProgram write();
  std::string name() const { return function_of(kernel_).getName().str(); }

 private:
  using State = llvm::SmallVectorImpl<mlir::Value>;
  using Inside = llvm::function_ref<void(State&)>;

  void plan_scratch();
  int add_scratch(mlir::RankedTensorType type);
  void create_function();
  void mark_dot_products(mlir::func::FuncOp function);
  mlir::Type accumulator_type(mlir::Value result) const;
  mlir::Value argument_now(mlir::Value original, const State& state) const;
  mlir::Value here(mlir::Value original);

  void grid_tile(Index tile, State& state);
  void pack_operands(State& state);
  void with_reduction_blocks(State& state);
  void parallel_loops(size_t level, State& state, Inside inside);
  struct Part {
    int64_t tile;
    Index begin, end;
    bool inside;  // no tap falls into the padding
  };
  std::pair<Index, Index> taps_inside(const PaddingHalo& edge, Index position);  // taps that fall inside at one position
  llvm::SmallVector<Part> parts_of(unsigned dim);
  const PaddingHalo* edge_along(unsigned position) const;
  bool all_taps_inside(unsigned tap) const;
  void over(unsigned dim, State& carried, llvm::function_ref<void(State&)> inside);
  void reduction_block(unsigned dim, State& state, llvm::function_ref<void(State&)> body);
  llvm::SmallVector<mlir::Value> accumulate(llvm::SmallVector<mlir::Value> accumulators, const State& state);
  void reduction_loops(size_t level, State& accumulators, const State& state);
  void prefetch_next_rows(const State& state);
  void prefetch_next_line(const State& state);
  void prefetch_next_panel(const State& state);
  llvm::SmallVector<mlir::Value> combine_lanes(llvm::ArrayRef<mlir::Value> accumulators);
  void finish(llvm::ArrayRef<mlir::Value> root_tiles, State& state);

  llvm::SmallVector<unsigned> tile_dims(bool with_reduced) const;
  llvm::SmallVector<int64_t> tile_shape(llvm::ArrayRef<unsigned> dims) const;
  struct Operand {
    mlir::Value tile;    // or
    mlir::Value scalar;  // one number for the whole tile
    mlir::AffineMap map;
  };
  Operand operand_tile(const Access& access, llvm::ArrayRef<LinearForm> forms, llvm::ArrayRef<unsigned> order,
                       const State& state);
  Operand factor(size_t input, Operand operand);
  Operand root_operand(size_t input, llvm::ArrayRef<unsigned> order, const State& state);
  llvm::SmallVector<mlir::Value> apply(mlir::linalg::GenericOp op, llvm::ArrayRef<Operand> inputs, mlir::ValueRange outs,
                                       llvm::ArrayRef<unsigned> order, llvm::ArrayRef<unsigned> domain_dims,
                                       llvm::ArrayRef<mlir::Value> starts);
  mlir::Value product_added(mlir::Value left, mlir::Value right, mlir::Value sum);
  mlir::Value summed(mlir::Value tile, mlir::Value result);
  TileBuilder::Slice output_slice(const KernelResult& output);
  TileBuilder::Slice accumulator_slice();

  void plan_winograd();
  void winograd_tile(State& state);
  void over_tile_rows(Index begin, Index end, State& state, llvm::function_ref<void(Index, State&)> body);
  void transform_image(State& state);
  void multiply_transformed(State& state);
  void prefetch_next_filters(Index number, Index filter, Index tile, Index channel, int64_t steps);
  void transform_results(State& state);
  void results_of_tile(Index tile, Index top, Index left, int64_t height, int64_t width, State& state);
  llvm::SmallVector<mlir::Value> values_of(llvm::ArrayRef<Index> indices);

  const KernelDescription& kernel_;
  const LinalgOperation& root_;
  const Tiling& tiling_;
  unsigned rank_;
  mlir::OpBuilder builder_;
  TileBuilder t_;

  TileProgram program_;
  std::vector<PackedOperand> packed_;         // per root input
  llvm::SmallVector<int> packed_state_;       // its scratch in the state, or -1
  llvm::SmallVector<int> accumulator_state_;  // per root result, with reduction blocks
  llvm::SmallVector<mlir::RankedTensorType> scratch_types_;
  llvm::SmallVector<Index> start_, stop_, cursor_;
  llvm::SmallVector<int64_t> size_;
  llvm::SmallVector<bool> inside_;  // per dimension that windows move along: at this index (or tile) every tap is inside
  llvm::SmallVector<bool> single_;  // the reduction's block is one step, and the cursor stands at it
  llvm::SmallVector<unsigned> parallel_order_, reduction_order_;

  struct Winograd {
    ConvolutionDims dims;
    Access image;                                 // with padding, if only for the last tiles
    Tiling strip;                                 // blocks of one row of tiles
    int64_t width = 0, tile_rows = 0, tiles = 0;  // of a block, in tiles
    int transformed = -1, products = -1;          // in the state
  };
  Winograd winograd_;
};

}  // namespace fovea
