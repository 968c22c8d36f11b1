// SPDX-License-Identifier: Apache-2.0
// The choice of tiles and blocks for one kernel: all the numbers of its tile program, from shapes and the target alone.
//
// Three levels. A *tile* is what one small linalg operation computes, held in registers. A *block* is what one grid tile (the
// unit that threads share) or one step over a reduction covers, its operands packed in the core's own cache. The *grid* is all
// blocks of the parallel dimensions. Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, is the
// shape; here it is driven by index maps, so that convolutions, their gradients, pooling and element-wise work share it.
#pragma once

#include <optional>
#include <variant>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/target/target.h"
#include "fovea/codegen/tiling/halo_peeling.h"

namespace fovea {

enum class Packing : uint8_t {
  none,
  input_tile,  ///< the padded box of coordinates a block touches, same layout
  panel,       ///< [vector tiles][other dimensions][one tile of the vector dimension], transposed where needed
  prepacked,   ///< a panel of the whole operand, made before the run (weight_prepacking.cc)
};

/// Images: the next line of `input` along the dimension `dim` is asked for early.
struct LinePrefetch {
  unsigned dim = 0, input = 0;
};

/// Products of rows and columns: one input supplies whole vectors, the other a number for each of them.
struct ContractionTiling {
  static constexpr const char* name = "contraction";
  bool columns_outermost = false;            ///< all rows of a block for one tile of columns, then for the next
  bool reduction_blocks = false;             ///< accumulators wait in scratch between blocks of the reduction
  std::optional<unsigned> prefetched_input;  ///< read from memory tile by tile: the next tile's rows are asked for early
  std::optional<unsigned> panel_input;       ///< what would come as a panel if it were known before the run
  bool prefetched_panel = false;             ///< few rows share what is prepacked: the next block of it is asked for early
};

/// A convolution of groups of one channel: vectors along the channels of all three operands, a run of pixels in registers over
/// all taps, the image read where it lies.
struct DepthwiseTiling {
  static constexpr const char* name = "depthwise";
  llvm::SmallVector<PaddingHalo> halos;
  std::optional<LinePrefetch> next_line;
};

/// Its gradient by the filter: the taps of a row in registers along a row of the image, in scratch between rows.
struct DepthwiseFilterGradientTiling {
  static constexpr const char* name = "depthwise_filter_gradient";
  llvm::SmallVector<PaddingHalo> halos;
};

/// Few results of sums that run along neighbors in both inputs: a register holds the partial sums of one result.
struct InnerProductTiling {
  static constexpr const char* name = "inner_product";
  llvm::SmallVector<PaddingHalo> halos;
  std::optional<LinePrefetch> next_line;
};

/// Sums, extremes and windows, along vectors of results or, where the vector dimension is reduced, of partial results.
struct ReductionTiling {
  static constexpr const char* name = "reduction";
};

struct ElementwiseTiling {
  static constexpr const char* name = "elementwise";
};

/// A convolution whose filter comes transformed (winograd.h).
struct WinogradTiling {
  static constexpr const char* name = "winograd";
  int64_t results = 0;  ///< pixels a side of a tile: 2 or 4
  int64_t lanes = 0;    ///< channels that a transform works on
  int64_t rows = 0;     ///< tiles of a matrix product in the transformed domain
};

struct Tiling {
  struct Dimension {
    int64_t block = 1;
    int64_t tile = 0;       ///< 0: stepped one by one
    bool unrolled = false;  ///< its few steps are written out instead of looped
  };
  llvm::SmallVector<Dimension> dims;
  llvm::SmallVector<unsigned> tile_order;  ///< the tiled dimensions, as the linalg operation on a tile lists them
  std::optional<unsigned> vector_dim;      ///< contiguous in the result, or in what is reduced; none: single numbers
  llvm::SmallVector<Packing> packing;      ///< per root input
  llvm::SmallVector<bool> non_temporal;    ///< per output of the kernel: written by non-temporal stores

  using Kind = std::variant<ElementwiseTiling, ReductionTiling, ContractionTiling, DepthwiseTiling,
                            DepthwiseFilterGradientTiling, InnerProductTiling, WinogradTiling>;
  Kind kind;

  bool tiled(unsigned dim) const { return dims[dim].tile != 0; }
  bool is_vector(unsigned dim) const { return vector_dim == dim; }
  /// Partial results of a reduction wait in scratch between blocks of it.
  bool reduces_in_blocks() const;
  /// The vector dimension is reduced: partial results per lane, combined at the end.
  bool reduces_lanes(const LinalgOperation& root) const { return vector_dim && root.reduced[*vector_dim]; }
  /// Of padded inputs that are read where they lie; of kinds without any none.
  llvm::ArrayRef<PaddingHalo> halos() const;
};

/// Rows of accumulators for `extent` pixels and `vectors` of columns: as many as registers allow, with the fewest wasted in
/// what is left over.
int64_t row_tile(int64_t extent, int64_t vectors, const Target& target);

Tiling choose_tiling(const KernelDescription& kernel, const Target& target);

/// Is this output a tensor of its own, whose rows and tiles are whole lines of the cache? Others are never written past it.
bool writes_whole_lines(const KernelResult& output, const LinalgOperation& root, const Tiling& tiling);

/// A dimension cut into runs of equal static tiles: whole tiles first, then what is left (powers of two along vectors).
struct Segment {
  int64_t tile, begin, end;
};
llvm::SmallVector<Segment> segments(int64_t extent, int64_t tile, bool vector);

}  // namespace fovea
