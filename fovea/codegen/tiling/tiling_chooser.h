// SPDX-License-Identifier: Apache-2.0
// How a Tiling is chosen: one object for one kernel. tiling.cc has contractions in general, tiling_images.cc those with few
// channels or groups of one channel, tiling_reductions.cc reductions and element-wise work.
#pragma once

#include <llvm/ADT/bit.h>
#include <mlir/IR/BuiltinTypes.h>

#include <algorithm>
#include <optional>

#include "fovea/codegen/tiling/tiling.h"

namespace fovea {

/// With so many grid tiles a few threads finish at about the same time.
inline constexpr int64_t least_grid_tiles = 8;

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The same as row_tile() of tiling.h, with at most `most` rows.
int64_t row_tile(int64_t extent, int64_t vectors, int64_t most);

/// Chooses the tiling of one kernel.
class TilingChooser {
 public:
  TilingChooser(const KernelDescription& kernel, const Target& target)
      : kernel_(kernel),
        root_(kernel.root),
        rank_(static_cast<unsigned>(kernel.root.extents.size())),
        target_(target),
        bytes_(kernel.is_contraction() ? operand_bytes(kernel) : element_bytes(kernel)),
        lanes_(std::max<int64_t>(1, target.lanes(element_bytes(kernel)))) {
    tiling_.dims.resize(rank_);
    tiling_.packing.assign(root_.inputs.size(), Packing::none);
    for (const Access& input : root_.inputs) forms_.push_back(linear_forms(input, rank_));
  }

  /// The tiling; called once.
  Tiling choose() {
    for (size_t i = 0; i < root_.inputs.size(); ++i)
      if (root_.inputs[i].padded() || root_.inputs[i].distant_pairs()) tiling_.packing[i] = Packing::input_tile;
    if (kernel_.is_contraction() && !root_.output_dims.empty()) {
      contraction();
    } else if (kernel_.has_reduction()) {
      reduction();
    } else {
      elementwise();
    }
    for (const KernelResult& output : kernel_.outputs) tiling_.non_temporal.push_back(streams(output));
    return tiling_;
  }

 private:
  bool reads(size_t input, unsigned dim) const {
    return llvm::any_of(forms_[input], [&](const LinearForm& form) { return form.coefficients[dim] != 0; });
  }
  /// The dimension that traverses the last coordinate of an input with stride 1, or -1.
  int contiguous_dim(size_t input) const {
    if (forms_[input].empty()) return -1;
    const LinearForm& last = forms_[input].back();
    int found = -1;
    for (unsigned dim = 0; dim < rank_; ++dim) {
      if (last.coefficients[dim] == 0) continue;
      if (found >= 0 || last.coefficients[dim] != 1) return -1;
      found = static_cast<int>(dim);
    }
    return found;
  }
  bool share_coordinate(size_t input, unsigned a, unsigned b) const {
    return llvm::any_of(forms_[input],
                        [&](const LinearForm& form) { return form.coefficients[a] != 0 && form.coefficients[b] != 0; });
  }
  /// Whether an input is traversed backwards along `dim`, as the image along the taps of a gradient by the input; such a
  /// dimension is not tiled.
  bool runs_backwards(unsigned dim) const {
    return llvm::any_of(forms_, [&](const auto& forms) {
      return llvm::any_of(forms, [&](const LinearForm& form) { return form.coefficients[dim] < 0; });
    });
  }
  int64_t extent(unsigned dim) const { return root_.extents[dim]; }
  bool reduced(unsigned dim) const { return root_.reduced[dim]; }

  /// Whether the rows operand is contiguous along a row and not along the reduction (gradients by a filter), so that every step
  /// reads another cache line of it.
  bool walks_rows(size_t input) const {
    const int dim = contiguous_dim(input);
    if (dim < 0) return false;
    const auto along = static_cast<unsigned>(dim);
    return !tiling_.is_vector(along) && !reduced(along) && tiling_.tiled(along);
  }

  static int64_t vector_tile(int64_t extent, int64_t wanted) {
    return std::min<int64_t>(wanted, llvm::bit_floor(static_cast<uint64_t>(std::max<int64_t>(extent, 1))));
  }

  void set_tile(unsigned dim, int64_t tile) { tiling_.dims[dim].tile = tile; }

  /// The elements of an input in the box of coordinates that one block covers.
  int64_t box_elements(size_t input) const {
    int64_t elements = 1;
    for (const LinearForm& form : forms_[input]) {
      int64_t span = 1;
      for (unsigned dim = 0; dim < rank_; ++dim) span += std::abs(form.coefficients[dim]) * (tiling_.dims[dim].block - 1);
      elements *= span;
    }
    return elements;
  }

  /// The tiles of rows in a block, all of which read the same columns.
  int64_t row_tiles(size_t columns_input) const {
    int64_t tiles = 1;
    for (unsigned dim : root_.output_dims)
      if (!reads(columns_input, dim)) tiles *= ceil_div(tiling_.dims[dim].block, std::max<int64_t>(1, tiling_.dims[dim].tile));
    return tiles;
  }

  int64_t grid_tiles() const {
    int64_t tiles = 1;
    for (unsigned dim = 0; dim < rank_; ++dim)
      if (!reduced(dim)) tiles *= ceil_div(extent(dim), tiling_.dims[dim].block);
    return tiles;
  }

  /// row_tile() for this kernel.
  int64_t rows_of_tile(int64_t extent, int64_t vectors) const {
    return in_text_order() ? row_tile(extent, vectors, 8 / vectors) : row_tile(extent, vectors, target_);
  }

  /// The steps of the innermost reduction in one linalg operation, where they are unrolled.
  static int64_t depth_tile(int64_t extent) {
    if (extent % 8 == 0) return 8;
    for (int64_t tile = std::min<int64_t>(extent, 16); tile >= 4; --tile)
      if (extent % tile == 0) return tile;
    return std::min<int64_t>(extent, 8);
  }

  /// Whether products are of groups of integers. Their instructions take one factor from a register instead of memory, so
  /// unrolling more steps would need more registers than there are.
  bool groups_of_integers() const { return root_.product != DotProduct::none && root_.product != DotProduct::bf16_pairs; }

  bool sums_are_integers() const {
    return mlir::cast<mlir::RankedTensorType>(mlir::linalg::GenericOp(root_.op).getResult(0).getType())
        .getElementType()
        .isInteger(32);
  }

  /// Whether instructions are executed in the order of the program text, as WebAssembly's engines do. The unrolled steps then
  /// all need registers for their factors beside the sums. One step of four rows leaves enough: MobileNetV2 in f32 was measured
  /// at 12.2 ms, with two steps at 16.7, with eight steps of six rows at 19.
  bool in_text_order() const { return llvm::StringRef(target_.triple).starts_with("wasm"); }

  int64_t steps_written_out(int64_t extent) const {
    if (in_text_order()) return 1;
    return groups_of_integers() ? std::min<int64_t>(extent, 4) : depth_tile(extent);
  }

  /// Whether to store this result with non-temporal stores: it is larger than what the caches keep until it is read, and
  /// written in whole lines.
  bool streams(const KernelResult& output) const {
    const mlir::RankedTensorType type = output.type;
    const int64_t bytes = type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
    return target_.non_temporal_bytes != 0 && bytes >= target_.non_temporal_bytes && writes_whole_lines(output, root_, tiling_);
  }

  /// The fields of a contraction; only for that kind.
  ContractionTiling& products() { return std::get<ContractionTiling>(tiling_.kind); }

  void contraction();
  bool inner_products();
  std::optional<unsigned> window_of_few(size_t rows, size_t columns, unsigned channels) const;
  void few_rows(unsigned channels, unsigned taps);
  bool depthwise();
  void depthwise_results(unsigned row, llvm::SmallVector<PaddingHalo> halos);
  void depthwise_filter_gradient(unsigned row, llvm::SmallVector<PaddingHalo> halos);
  void contraction_blocks(size_t rows_input, size_t columns_input, bool shared_vector);
  void limit_reduction_blocks(size_t rows_input, size_t columns_input);
  void spread_unpacked(size_t columns_input);
  void spread_over_grid(std::optional<size_t> rows_input, bool strip);
  int64_t even_block(unsigned dim, int64_t most) const;
  int64_t equal_runs(size_t rows_input, unsigned dim, int64_t most) const;
  int64_t input_tile_block(size_t input, unsigned dim, int64_t block) const;
  /// Whether each coordinate of the input is one dimension times a positive number (more than 1 for the taps of a phase) plus a
  /// constant.
  bool simple_coordinates(size_t input) const {
    return llvm::all_of(forms_[input], [](const LinearForm& form) {
      return llvm::count_if(form.coefficients, [](int64_t c) { return c != 0; }) <= 1 && form.constant >= 0 &&
             llvm::none_of(form.coefficients, [](int64_t c) { return c < 0; });
    });
  }
  void reduction();
  int64_t sum_vectors(int64_t steps) const;
  void elementwise();
  void blocks_by_elements(int64_t per_output);

  const KernelDescription& kernel_;
  const LinalgOperation& root_;
  unsigned rank_;
  const Target& target_;
  int64_t bytes_, lanes_;
  llvm::SmallVector<llvm::SmallVector<LinearForm>> forms_;
  Tiling tiling_;
  bool deep_ = false;
};

}  // namespace fovea
