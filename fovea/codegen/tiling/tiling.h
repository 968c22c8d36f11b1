// SPDX-License-Identifier: Apache-2.0
// A tiling: every number of a kernel's loops, chosen from the kernel's shapes and the target alone.
//
// There are three levels. A *tile* is what one small linalg operation computes in registers (BLIS's micro-tile, MR x NR). A
// *block* is what one grid tile, the unit that threads share, or one step over a reduction covers; its operands are packed into
// the core's cache (BLIS's MC, NC, KC). The *grid* is all blocks of the parallel dimensions. This is the structure of Goto and
// van de Geijn, "Anatomy of high-performance matrix multiplication", 2008, driven by index maps, so that convolutions, their
// gradients, pooling and element-wise work share it.
#pragma once

#include <optional>
#include <variant>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/target/target.h"
#include "fovea/codegen/tiling/halo_peeling.h"

namespace fovea {

/// How a block reads an input of the root op.
enum class Packing : uint8_t {
  none,
  input_tile,  ///< a copy in scratch of the padded box of coordinates that a block touches, in the tensor's own layout
  panel,       ///< a copy [vector tiles][other dimensions][one tile of the vector dimension], transposed where necessary
  prepacked,   ///< a panel of the whole operand, packed before the run (weight_prepacking.cc)
};

/// Prefetches the next line of the image `input`, along the dimension `dim`, while a line is computed.
struct LinePrefetch {
  unsigned dim = 0, input = 0;
};

/// A matrix product or convolution: one input (columns) supplies whole vectors, the other (rows) a scalar for each of them.
struct ContractionTiling {
  static constexpr const char* name = "contraction";
  bool columns_outermost = false;  ///< loops over tiles of columns outside, over tiles of rows inside
  bool reduction_blocks = false;   ///< the reduction is cut into blocks, and accumulators are kept in scratch between them
  std::optional<unsigned> prefetched_input;  ///< an input without packing: the rows of its next tile are prefetched
  std::optional<unsigned> panel_input;       ///< the input that weight prepacking can pack before the run
  bool prefetched_panel = false;  ///< the next block of the prepacked panel is prefetched, because few rows share one
};

/// Depthwise convolution: vectors run along the channels of all three operands, a run of pixels stays in registers over all
/// taps, and the image is read without packing.
struct DepthwiseTiling {
  static constexpr const char* name = "depthwise";
  llvm::SmallVector<PaddingHalo> halos;
  std::optional<LinePrefetch> next_line;
};

/// The gradient of a depthwise convolution by its filter: the taps of one filter row stay in registers along a row of the
/// image, and in scratch between rows.
struct DepthwiseFilterGradientTiling {
  static constexpr const char* name = "depthwise_filter_gradient";
  llvm::SmallVector<PaddingHalo> halos;
};

/// Few results, each a reduction along a dimension that is contiguous in both inputs: a vector register holds the partial sums
/// of one result.
struct InnerProductTiling {
  static constexpr const char* name = "inner_product";
  llvm::SmallVector<PaddingHalo> halos;
  std::optional<LinePrefetch> next_line;
};

/// Sums, minima, maxima and pooling windows, along vectors of results or, where the vector dimension is reduced, of partial
/// results.
struct ReductionTiling {
  static constexpr const char* name = "reduction";
};

/// Work without a reduction, copies included.
struct ElementwiseTiling {
  static constexpr const char* name = "elementwise";
};

/// A convolution by Winograd's algorithm, with a transformed filter (winograd.h).
struct WinogradTiling {
  static constexpr const char* name = "winograd";
  int64_t results = 0;  ///< side of a result tile in pixels: 2 or 4
  int64_t lanes = 0;    ///< channels in one vector of a transform
  int64_t rows = 0;     ///< rows of a register tile of the matrix products, each row one image tile
};

/// The tiling of one kernel. tiling_attribute.h gives it a text, tiling_verifier.h says what must hold.
struct Tiling {
  /// One dimension of the root op's domain.
  struct Dimension {
    int64_t block = 1;
    int64_t tile = 0;       ///< 0: not tiled, a loop in steps of one
    bool unrolled = false;  ///< the loop over it is fully unrolled
  };
  llvm::SmallVector<Dimension> dims;
  llvm::SmallVector<unsigned> tile_order;  ///< the tiled dimensions in the order of the loops of the linalg operation on a tile
  std::optional<unsigned> vector_dim;      ///< contiguous in the result or in what is reduced; none: scalar code
  llvm::SmallVector<Packing> packing;      ///< for each input of the root op
  llvm::SmallVector<bool> non_temporal;    ///< for each result of the kernel: written by non-temporal stores

  using Kind = std::variant<ElementwiseTiling, ReductionTiling, ContractionTiling, DepthwiseTiling,
                            DepthwiseFilterGradientTiling, InnerProductTiling, WinogradTiling>;
  Kind kind;

  /// Whether the dimension is tiled.
  bool tiled(unsigned dim) const { return dims[dim].tile != 0; }
  /// Whether `dim` is the vector dimension.
  bool is_vector(unsigned dim) const { return vector_dim == dim; }
  /// Whether the reduction is cut into blocks, between which partial results are kept in scratch.
  bool reduces_in_blocks() const;
  /// Whether the vector dimension is reduced: each lane has a partial result, and the lanes are combined at the end.
  bool reduces_lanes(const LinalgOperation& root) const { return vector_dim && root.reduced[*vector_dim]; }
  /// The halos of padded inputs that are read without packing; empty for kinds that have none.
  llvm::ArrayRef<PaddingHalo> halos() const;
};

/// The number of rows of accumulators for `extent` pixels and `vectors` registers of columns: as many as the registers allow,
/// with the cheapest remainder.
int64_t row_tile(int64_t extent, int64_t vectors, const Target& target);

/// Chooses the tiling of a kernel. The result depends on the arguments alone.
Tiling choose_tiling(const KernelDescription& kernel, const Target& target);

/// Whether the kernel writes this result in whole cache lines: a tensor of its own whose rows and tiles are multiples of a
/// line. Only such results may be stored with non-temporal stores.
bool writes_whole_lines(const KernelResult& output, const LinalgOperation& root, const Tiling& tiling);

/// A run of equal tiles along one dimension.
struct Segment {
  int64_t tile, begin, end;
};
/// Cuts `extent` into whole tiles and the remainder, which is one segment, or along vectors one for each power of two.
llvm::SmallVector<Segment> segments(int64_t extent, int64_t tile, bool vector);

}  // namespace fovea
