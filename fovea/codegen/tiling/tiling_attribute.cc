// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/tiling/tiling_attribute.h"

#include <llvm/ADT/StringExtras.h>
#include <mlir/IR/Builders.h>

#include <algorithm>
#include <array>

#include "fovea/core/error.h"

namespace fovea {
namespace {

using namespace mlir;

constexpr std::array packing_names{"none", "input_tile", "panel", "prepacked"};

// Numbers and flags of a Tiling by their names, once for writing and for reading.
template <typename TilingType, typename Visit>
void each_number(TilingType& tiling, Visit visit) {
  visit("vector_dim", tiling.vector_dim);
  visit("prefetched_input", tiling.prefetched_input);
  visit("line_dim", tiling.line_dim);
  visit("line_input", tiling.line_input);
  visit("panel_input", tiling.panel_input);
  visit("winograd_lanes", tiling.winograd_lanes);
  visit("winograd_rows", tiling.winograd_rows);
}
template <typename TilingType, typename Visit>
void each_flag(TilingType& tiling, Visit visit) {
  visit("lane_reduction", tiling.lane_reduction);
  visit("columns_outermost", tiling.columns_outermost);
  visit("reduction_blocks", tiling.reduction_blocks);
  visit("prefetched_panel", tiling.prefetched_panel);
}

template <typename Number>
void check_range(const char* name, Number value, int64_t least, int64_t most) {
  if (value < least || value > most) fail("{}: {} is {}; {} to {} is possible", tiling_attribute, name, value, least, most);
}

class Reader {
 public:
  Reader(DictionaryAttr attribute, const KernelDescription& kernel) : attribute_(attribute), kernel_(kernel) {}

  Tiling read() {
    check_names();
    dims();
    tile_order();
    packing();
    non_temporal();
    each_number(tiling_, [&](const char* name, auto& value) {
      if (Attribute found = attribute_.get(name)) value = static_cast<std::decay_t<decltype(value)>>(integer(name, found));
    });
    each_flag(tiling_, [&](const char* name, bool& value) {
      if (attribute_.get(name) && !isa<UnitAttr>(attribute_.get(name)))
        fail("{}: {} stands alone or not at all", tiling_attribute, name);
      value = attribute_.contains(name);
    });
    halos();
    verify();
    return std::move(tiling_);
  }

 private:
  static int64_t integer(const char* name, Attribute attribute) {
    const auto number = dyn_cast<IntegerAttr>(attribute);
    if (!number) fail("{}: {} is no integer", tiling_attribute, name);
    return number.getInt();
  }
  ArrayAttr array(const char* name, size_t count) const {
    const auto found = dyn_cast_or_null<ArrayAttr>(attribute_.get(name));
    if (!found || found.size() != count) fail("{}: {} is a list of {}", tiling_attribute, name, count);
    return found;
  }
  void check_names() const {
    std::vector<std::string> known{"dims", "tile_order", "packing", "non_temporal", "halos"};
    Tiling any;
    each_number(any, [&](const char* name, auto&) { known.emplace_back(name); });
    each_flag(any, [&](const char* name, bool&) { known.emplace_back(name); });
    for (NamedAttribute named : attribute_)
      if (!llvm::is_contained(known, named.getName().str())) refuse_unknown("number of a tiling", named.getName().str(), known);
  }
  void dims() {
    const llvm::SmallVector<int64_t>& extents = kernel_.root.extents;
    for (auto [extent, entry] : llvm::zip(extents, array("dims", extents.size()))) {
      const auto fields = dyn_cast<DictionaryAttr>(entry);
      if (!fields || !fields.get("block")) fail("{}: each of dims is {{block = ..., tile = ..., unrolled}}", tiling_attribute);
      Tiling::Dimension& dim = tiling_.dims.emplace_back();
      dim.block = integer("block", fields.get("block"));
      if (Attribute tile = fields.get("tile")) dim.tile = integer("tile", tile);
      dim.written_out = fields.contains("unrolled");
      // The last block ends with its dimension, wherever whole blocks would: one may be larger than all there is.
      check_range("block", dim.block, 1, std::max<int64_t>(2 * extent, 256));
      check_range("tile", dim.tile, 0, dim.block);
    }
  }
  void tile_order() {
    const auto count =
        static_cast<size_t>(llvm::count_if(tiling_.dims, [](const Tiling::Dimension& dim) { return dim.tile != 0; }));
    for (Attribute entry : array("tile_order", count)) {
      const int64_t dim = integer("tile_order", entry);
      check_range("tile_order", dim, 0, static_cast<int64_t>(tiling_.dims.size()) - 1);
      if (!tiling_.tiled(static_cast<unsigned>(dim)) || llvm::is_contained(tiling_.tile_order, static_cast<unsigned>(dim)))
        fail("{}: tile_order lists each dimension that has a tile once", tiling_attribute);
      tiling_.tile_order.push_back(static_cast<unsigned>(dim));
    }
  }
  void packing() {
    for (auto [input, entry] : llvm::zip(kernel_.root.inputs, array("packing", kernel_.root.inputs.size()))) {
      const auto name = dyn_cast<StringAttr>(entry);
      const auto found = name ? llvm::find_if(packing_names, [&](const char* known) { return name.getValue() == known; })
                              : packing_names.end();
      if (found == packing_names.end()) fail("{}: packing is one of {}", tiling_attribute, llvm::join(packing_names, ", "));
      tiling_.packing.push_back(static_cast<Packing>(found - packing_names.begin()));
      if ((tiling_.packing.back() == Packing::prepacked) != input.prepacked)
        fail("{}: what is prepacked is known of the kernel's operands", tiling_attribute);
    }
  }
  void non_temporal() {
    tiling_.non_temporal.assign(kernel_.outputs.size(), false);
    if (!attribute_.contains("non_temporal")) return;
    const auto outputs = dyn_cast<ArrayAttr>(attribute_.get("non_temporal"));
    if (!outputs) fail("{}: non_temporal is a list of results", tiling_attribute);
    for (Attribute entry : outputs) {
      const int64_t output = integer("non_temporal", entry);
      check_range("non_temporal", output, 0, static_cast<int64_t>(kernel_.outputs.size()) - 1);
      tiling_.non_temporal[static_cast<size_t>(output)] = true;
    }
  }
  void halos() {
    if (!attribute_.contains("halos")) return;
    std::optional<llvm::SmallVector<PaddingHalo>> found = padding_halos(kernel_);
    if (!found) fail("{}: the kernel's padding cannot be peeled, so that it has no halos", tiling_attribute);
    tiling_.halos = std::move(*found);
  }
  void verify() const {
    const auto rank = static_cast<int64_t>(tiling_.dims.size()), inputs = std::ssize(kernel_.root.inputs);
    check_range("vector_dim", tiling_.vector_dim, -1, rank - 1);
    check_range("line_dim", tiling_.line_dim, -1, rank - 1);
    check_range("prefetched_input", tiling_.prefetched_input, -1, inputs - 1);
    check_range("panel_input", tiling_.panel_input, -1, inputs - 1);
    check_range("line_input", tiling_.line_input, 0, std::max<int64_t>(0, inputs - 1));
    if (tiling_.vector_dim >= 0 && !tiling_.tiled(static_cast<unsigned>(tiling_.vector_dim)))
      fail("{}: vector_dim {} has no tile", tiling_attribute, tiling_.vector_dim);
    if (tiling_.lane_reduction && (tiling_.vector_dim < 0 || !kernel_.root.reduced[static_cast<size_t>(tiling_.vector_dim)]))
      fail("{}: lane_reduction is for a vector_dim that is reduced", tiling_attribute);
  }

  DictionaryAttr attribute_;
  const KernelDescription& kernel_;
  Tiling tiling_;
};

}  // namespace

DictionaryAttr attribute_of(const Tiling& tiling, MLIRContext* context) {
  Builder builder(context);
  SmallVector<NamedAttribute> fields;
  const auto add = [&](llvm::StringRef name, Attribute value) { fields.push_back(builder.getNamedAttr(name, value)); };
  SmallVector<Attribute> dims, order, packing, non_temporal;
  for (const Tiling::Dimension& dim : tiling.dims) {
    SmallVector<NamedAttribute> numbers{builder.getNamedAttr("block", builder.getI64IntegerAttr(dim.block))};
    if (dim.tile != 0) numbers.push_back(builder.getNamedAttr("tile", builder.getI64IntegerAttr(dim.tile)));
    if (dim.written_out) numbers.push_back(builder.getNamedAttr("unrolled", builder.getUnitAttr()));
    dims.push_back(builder.getDictionaryAttr(numbers));
  }
  for (const unsigned dim : tiling.tile_order) order.push_back(builder.getI64IntegerAttr(dim));
  for (const Packing kind : tiling.packing) packing.push_back(builder.getStringAttr(packing_names[static_cast<size_t>(kind)]));
  for (const auto [output, given] : llvm::enumerate(tiling.non_temporal))
    if (given) non_temporal.push_back(builder.getI64IntegerAttr(static_cast<int64_t>(output)));
  add("dims", builder.getArrayAttr(dims));
  add("tile_order", builder.getArrayAttr(order));
  add("packing", builder.getArrayAttr(packing));
  if (!non_temporal.empty()) add("non_temporal", builder.getArrayAttr(non_temporal));
  if (!tiling.halos.empty()) add("halos", builder.getUnitAttr());
  Tiling start;
  std::vector<int64_t> starts;
  each_number(start, [&](const char*, auto& value) { starts.push_back(static_cast<int64_t>(value)); });
  size_t at = 0;
  each_number(tiling, [&](const char* name, auto& value) {
    if (static_cast<int64_t>(value) != starts[at++]) add(name, builder.getI64IntegerAttr(static_cast<int64_t>(value)));
  });
  each_flag(tiling, [&](const char* name, const bool& value) {
    if (value) add(name, builder.getUnitAttr());
  });
  return builder.getDictionaryAttr(fields);
}

Tiling tiling_from(DictionaryAttr attribute, const KernelDescription& kernel) { return Reader(attribute, kernel).read(); }

}  // namespace fovea
