// SPDX-License-Identifier: Apache-2.0
// The choice of tiles and blocks for one kernel: all the numbers of its tile program, from shapes and the target alone.
//
// Three levels. A *tile* is what one small linalg operation computes, held in registers. A *block* is what one grid tile (the
// unit that threads share) or one step over a reduction covers, its operands packed in the core's own cache. The *grid* is all
// blocks of the parallel dimensions. Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, is the
// shape; here it is driven by index maps, so that convolutions, their gradients, pooling and element-wise work share it.
#pragma once

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/target/target.h"
#include "fovea/codegen/tiling/halo_peeling.h"

namespace fovea {

enum class Packing : uint8_t {
  none,
  input_tile,  // the padded box of coordinates a block touches, same layout
  panel,       // [vector tiles][other dimensions][one tile of the vector dimension], transposed where needed
  prepacked,   // a panel of the whole operand, made before the run (weight_prepacking.h)
};

struct Tiling {
  struct Dimension {
    int64_t block = 1;
    int64_t tile = 0;          // 0: stepped one by one
    bool written_out = false;  // its few steps are written out instead of looped
  };
  llvm::SmallVector<Dimension> dims;
  llvm::SmallVector<unsigned> tile_order;  // the tiled dimensions, as the linalg operation on a tile lists them
  int vector_dim = -1;                     // contiguous in the result, or (lanes) in what is reduced; -1: none
  bool lane_reduction = false;             // the vector dimension is reduced: partial results per lane, combined at the end
  bool columns_outermost = false;          // all rows of a block for one tile of columns, then for the next
  bool reduction_blocks = false;           // accumulators wait in scratch between blocks of the reduction
  int prefetched_input = -1;               // read from memory tile by tile: the next tile's rows are asked for early
  int line_dim = -1;                       // images: the next line of an input along this dimension is asked for early
  int line_input = 0;                      // that input
  llvm::SmallVector<PaddingHalo> halos;    // of padded inputs that are read where they lie
  llvm::SmallVector<Packing> packing;      // per root input
  bool prefetched_panel = false;           // few rows share what is packed ahead: the next block of it is asked for early
  llvm::SmallVector<bool> non_temporal;    // per output of the kernel: written by non-temporal stores
  int panel_input = -1;                    // the input that would come as a panel if it were known before the run, or -1
  int64_t winograd_lanes = 0;              // channels that a transform works on (winograd.h)
  int64_t winograd_rows = 0;               // tiles of a matrix product in the transformed domain

  bool tiled(unsigned dim) const { return dims[dim].tile != 0; }
};

// Rows of accumulators for `extent` pixels and `vectors` of columns: as many as registers allow, with the fewest wasted in what
// is left over.
int64_t row_tile(int64_t extent, int64_t vectors, const Target& target);

Tiling choose_tiling(const KernelDescription& kernel, const Target& target);

// A dimension cut into runs of equal static tiles: whole tiles first, then what is left (powers of two along vectors).
struct Segment {
  int64_t tile, begin, end;
};
llvm::SmallVector<Segment> segments(int64_t extent, int64_t tile, bool vector);

}  // namespace fovea
