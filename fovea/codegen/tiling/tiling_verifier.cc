// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/tiling/tiling_verifier.h"

#include "fovea/codegen/tiling/tiling_attribute.h"
#include "fovea/codegen/tiling/winograd.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

template <typename... Arguments>
[[noreturn]] void wrong(fmt::format_string<Arguments...> what, Arguments&&... arguments) {
  fail("{}: {}", tiling_attribute, fmt::format(what, std::forward<Arguments>(arguments)...));
}

void check_range(const std::string& name, int64_t value, int64_t least, int64_t most) {
  if (value < least || value > most) wrong("{} is {}, must be from {} to {}", name, value, least, most);
}

class Verifier {
 public:
  Verifier(const Tiling& tiling, const KernelDescription& kernel)
      : tiling_(tiling), kernel_(kernel), root_(kernel.root), rank_(static_cast<unsigned>(kernel.root.extents.size())) {
    for (const Access& access : root_.inputs) forms_.push_back(linear_forms(access, rank_));
  }

  void verify() const {
    if (tiling_.dims.size() != rank_) wrong("dims must have {} entries", rank_);
    for (unsigned dim = 0; dim < rank_; ++dim) dimension(dim);
    tile_order();
    vector_dim();
    kind_fits();
    if (tiling_.packing.size() != root_.inputs.size()) wrong("packing must have {} entries", root_.inputs.size());
    for (size_t input = 0; input < root_.inputs.size(); ++input) packing(input);
    non_temporal();
    std::visit([&](const auto& kind) { fields(kind); }, tiling_.kind);
  }

 private:
  void dimension(unsigned dim) const {
    const Tiling::Dimension& given = tiling_.dims[dim];
    const std::string name = fmt::format("dims[{}]", dim);
    // A block may be larger than its dimension, because the last one ends with the dimension.
    check_range(name + ".block", given.block, 1, std::max<int64_t>(2 * root_.extents[dim], 256));
    check_range(name + ".tile", given.tile, 0, given.block);
    const bool whole = given.block >= root_.extents[dim];
    if (given.unrolled && (!root_.reduced[dim] || !whole || given.tile != 0))
      wrong("{}.unrolled is only for a reduced dimension without a tile that is one block", name);
    if (root_.reduced[dim] && !whole && !tiling_.reduces_in_blocks())
      wrong("{}.block is {} of {}: a reduction can only be cut if its partial results are kept in scratch (reduction_blocks)",
            name, given.block, root_.extents[dim]);
  }

  void tile_order() const {
    llvm::SmallVector<bool> listed(rank_, false);
    for (const unsigned dim : tiling_.tile_order) {
      check_range("tile_order", dim, 0, static_cast<int64_t>(rank_) - 1);
      if (!tiling_.tiled(dim) || listed[dim]) wrong("tile_order must list each dimension that has a tile once");
      listed[dim] = true;
    }
    for (unsigned dim = 0; dim < rank_; ++dim)
      if (tiling_.tiled(dim) && !listed[dim])
        wrong("tile_order must list each dimension that has a tile once; {} is missing", dim);
  }

  void vector_dim() const {
    if (!tiling_.vector_dim) return;
    check_range("vector_dim", *tiling_.vector_dim, 0, static_cast<int64_t>(rank_) - 1);
    if (!tiling_.tiled(*tiling_.vector_dim)) wrong("vector_dim {} has no tile", *tiling_.vector_dim);
  }

  // Whether the kernel reduces, and whether its filter is transformed, must agree with the kind.
  void kind_fits() const {
    const auto is = [&]<typename Kind>(const Kind&) { return std::holds_alternative<Kind>(tiling_.kind); };
    const char* name = std::visit([](const auto& kind) { return std::decay_t<decltype(kind)>::name; }, tiling_.kind);
    if (is(WinogradTiling()) != (kernel_.winograd != 0))
      wrong("kind is {}: it must be winograd if the kernel's filter is transformed, and must not be otherwise", name);
    if (is(ElementwiseTiling()) == kernel_.has_reduction())
      wrong("kind is {}: it must be elementwise if the kernel has no reduction, and must not be otherwise", name);
    if (!is(ElementwiseTiling()) && !is(ReductionTiling()) && (!kernel_.is_contraction() || root_.output_dims.empty()))
      wrong("kind is {}: the kernel is not a contraction of two inputs into a tensor; its kind must be reduction", name);
    const bool needs_vectors = !is(ElementwiseTiling()) && !is(ReductionTiling());
    if (needs_vectors && !tiling_.vector_dim) wrong("vector_dim is missing; kind {} needs it", name);
    if (needs_vectors && !is(InnerProductTiling()) && tiling_.reduces_lanes(root_))
      wrong("vector_dim {} is reduced; kind {} needs vectors of results", *tiling_.vector_dim, name);
  }

  bool reads_halos_in_place() const {
    return std::holds_alternative<DepthwiseTiling>(tiling_.kind) || std::holds_alternative<InnerProductTiling>(tiling_.kind) ||
           std::holds_alternative<DepthwiseFilterGradientTiling>(tiling_.kind);
  }

  void packing(size_t input) const {
    const Access& access = root_.inputs[input];
    const Packing given = tiling_.packing[input];
    const std::string name = fmt::format("packing[{}]", input);
    if ((given == Packing::prepacked) != access.prepacked)
      wrong("{}: it must be prepacked if the operand is, and must not be otherwise", name);
    if (access.scalar && given != Packing::none) wrong("{}: an input that is one number must be none", name);
    if (given == Packing::input_tile || given == Packing::prepacked) return;
    if (access.padded() && !reads_halos_in_place()) wrong("{}: a padded input must be input_tile", name);
    if (given == Packing::none && access.distant_pairs())
      wrong("{}: an input whose pairs are not contiguous must be input_tile or panel", name);
    if (given != Packing::panel) return;
    const bool along = tiling_.vector_dim && llvm::any_of(forms_[input], [&](const LinearForm& form) {
                         return form.coefficients[*tiling_.vector_dim] != 0;
                       });
    if (!std::holds_alternative<ContractionTiling>(tiling_.kind) || !along)
      wrong("{}: panel is only for an input of a contraction that has the vector dimension", name);
    for (const LinearForm& form : forms_[input])
      if (llvm::count_if(form.coefficients, [](int64_t c) { return c != 0; }) > 1 || form.constant < 0 ||
          llvm::any_of(form.coefficients, [](int64_t c) { return c < 0; }))
        wrong("{}: panel is only for an input each of whose coordinates is one dimension", name);
  }

  void non_temporal() const {
    if (tiling_.non_temporal.size() != kernel_.outputs.size())
      wrong("non_temporal must have {} entries", kernel_.outputs.size());
    for (const auto [output, given] : llvm::zip(kernel_.outputs, tiling_.non_temporal))
      if (given && !writes_whole_lines(output, root_, tiling_))
        wrong("non_temporal: result {} is not written in whole cache lines", output.result);
  }

  void next_line(const std::optional<LinePrefetch>& line) const {
    if (!line) return;
    check_range("next_line.dim", line->dim, 0, static_cast<int64_t>(rank_) - 1);
    check_range("next_line.input", line->input, 0, std::ssize(root_.inputs) - 1);
    if (root_.reduced[line->dim] || tiling_.tiled(line->dim))
      wrong("next_line.dim {} must be a dimension of the result without a tile", line->dim);
    if (root_.reduced[tiling_.tile_order.front()])
      wrong("tile_order must begin with the dimension of the result whose next line is prefetched");
  }

  void halos(llvm::ArrayRef<PaddingHalo> given) const {
    const auto found = padding_halos(kernel_);
    if (!found) wrong("kind reads padded inputs without packing, and the halos of this kernel cannot be peeled");
    if (found->size() != given.size()) wrong("there are {} halos, but the kernel has {}", given.size(), found->size());
  }

  void fields(const ElementwiseTiling&) const {}
  void fields(const ReductionTiling&) const {}
  void fields(const ContractionTiling& kind) const {
    const int64_t last = std::ssize(root_.inputs) - 1;
    if (kind.panel_input) check_range("panel_input", *kind.panel_input, 0, last);
    if (kind.prefetched_panel && (!kind.panel_input || tiling_.packing[*kind.panel_input] != Packing::prepacked))
      wrong("prefetched_panel is only for a prepacked panel_input");
    if (!kind.prefetched_input) return;
    check_range("prefetched_input", *kind.prefetched_input, 0, last);
    if (tiling_.packing[*kind.prefetched_input] != Packing::none)
      wrong("prefetched_input {} is packed; only an input without packing is prefetched", *kind.prefetched_input);
  }
  void fields(const DepthwiseTiling& kind) const {
    halos(kind.halos);
    next_line(kind.next_line);
  }
  void fields(const DepthwiseFilterGradientTiling& kind) const { halos(kind.halos); }
  void fields(const InnerProductTiling& kind) const {
    if (!tiling_.reduces_lanes(root_)) wrong("vector_dim of kind inner_product must be reduced");
    halos(kind.halos);
    next_line(kind.next_line);
  }
  void fields(const WinogradTiling& kind) const {
    if (kind.results != kernel_.winograd)
      wrong("results is {}, but the kernel's filter is transformed for {}", kind.results, kernel_.winograd);
    const auto dims = convolution_dims(root_);
    if (!dims) wrong("kind is winograd, but the kernel is not a 3x3 convolution of stride 1 in f32");
    const Tiling::Dimension& filters = tiling_.dims[dims->filters];
    if (!tiling_.is_vector(dims->filters)) wrong("vector_dim of kind winograd must be {}, the filters", dims->filters);
    if (tiling_.tile_order.size() != 1) wrong("tile_order of kind winograd must have the filters alone");
    if (root_.extents[dims->filters] % filters.tile != 0 || filters.block % filters.tile != 0)
      wrong("dims[{}]: a block of filters must be whole tiles", dims->filters);
    if (tiling_.dims[dims->height].block % kind.results != 0)
      wrong("dims[{}].block is {}, must be a multiple of {}", dims->height, tiling_.dims[dims->height].block, kind.results);
    const int64_t channels = root_.extents[dims->channels];
    if (kind.lanes < 1 || channels % kind.lanes != 0 || filters.block % kind.lanes != 0)
      wrong("lanes is {}, must divide {} channels and blocks of {} filters", kind.lanes, channels, filters.block);
    check_range("rows", kind.rows, 1, std::max<int64_t>(256, root_.extents[dims->width]));
    if (tiling_.packing[0] != Packing::input_tile) wrong("packing[0]: the image of kind winograd must be input_tile");
  }

  const Tiling& tiling_;
  const KernelDescription& kernel_;
  const LinalgOperation& root_;
  unsigned rank_;
  llvm::SmallVector<llvm::SmallVector<LinearForm>> forms_;
};

}  // namespace

void verify_tiling(const Tiling& tiling, const KernelDescription& kernel) { Verifier(tiling, kernel).verify(); }

}  // namespace fovea
