// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/tiling/tiling_attribute.h"

#include <llvm/ADT/StringExtras.h>
#include <mlir/IR/Builders.h>

#include <algorithm>
#include <array>

#include "fovea/codegen/tiling/tiling_verifier.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

using namespace mlir;

constexpr std::array packing_names{"none", "input_tile", "panel", "prepacked"};

// The fields of each kind by their names, shared by writer and reader. Halos are not written, because they follow from the
// kernel.
template <typename Kind, typename Visit>
void each_field(Kind& kind, Visit visit) {
  if constexpr (requires { kind.columns_outermost; }) {
    visit("columns_outermost", kind.columns_outermost);
    visit("reduction_blocks", kind.reduction_blocks);
    visit("prefetched_input", kind.prefetched_input);
    visit("panel_input", kind.panel_input);
    visit("prefetched_panel", kind.prefetched_panel);
  }
  if constexpr (requires { kind.next_line; }) visit("next_line", kind.next_line);
  if constexpr (requires { kind.rows; }) {
    visit("results", kind.results);
    visit("lanes", kind.lanes);
    visit("rows", kind.rows);
  }
}

// One tiling of each kind.
template <size_t... I>
std::array<Tiling::Kind, sizeof...(I)> kinds(std::index_sequence<I...>) {
  return {Tiling::Kind(std::in_place_index<I>)...};
}
const auto& all_kinds() {
  static const auto all = kinds(std::make_index_sequence<std::variant_size_v<Tiling::Kind>>());
  return all;
}

const char* name_of(const Tiling::Kind& kind) {
  return std::visit([](const auto& of_kind) { return std::decay_t<decltype(of_kind)>::name; }, kind);
}

class Writer {
 public:
  explicit Writer(MLIRContext* context) : builder_(context) {}

  DictionaryAttr write(const Tiling& tiling) {
    SmallVector<Attribute> dims, order, packing, non_temporal;
    for (const Tiling::Dimension& dim : tiling.dims) dims.push_back(dimension(dim));
    for (const unsigned dim : tiling.tile_order) order.push_back(number(dim));
    for (const Packing kind : tiling.packing)
      packing.push_back(builder_.getStringAttr(packing_names[static_cast<size_t>(kind)]));
    for (const auto [output, given] : llvm::enumerate(tiling.non_temporal))
      if (given) non_temporal.push_back(number(static_cast<int64_t>(output)));
    add("dims", builder_.getArrayAttr(dims));
    add("kind", builder_.getStringAttr(name_of(tiling.kind)));
    add("tile_order", builder_.getArrayAttr(order));
    add("packing", builder_.getArrayAttr(packing));
    if (!non_temporal.empty()) add("non_temporal", builder_.getArrayAttr(non_temporal));
    field("vector_dim", tiling.vector_dim);
    std::visit([&](const auto& kind) { each_field(kind, [&](auto name, const auto& value) { field(name, value); }); },
               tiling.kind);
    return builder_.getDictionaryAttr(fields_);
  }

 private:
  Attribute number(int64_t value) { return builder_.getI64IntegerAttr(value); }
  Attribute dimension(const Tiling::Dimension& dim) {
    SmallVector<NamedAttribute> numbers{builder_.getNamedAttr("block", number(dim.block))};
    if (dim.tile != 0) numbers.push_back(builder_.getNamedAttr("tile", number(dim.tile)));
    if (dim.unrolled) numbers.push_back(builder_.getNamedAttr("unrolled", builder_.getUnitAttr()));
    return builder_.getDictionaryAttr(numbers);
  }
  void add(llvm::StringRef name, Attribute value) { fields_.push_back(builder_.getNamedAttr(name, value)); }
  void field(const char* name, bool value) {
    if (value) add(name, builder_.getUnitAttr());
  }
  void field(const char* name, int64_t value) { add(name, number(value)); }
  void field(const char* name, std::optional<unsigned> value) {
    if (value) add(name, number(*value));
  }
  void field(const char* name, const std::optional<LinePrefetch>& value) {
    if (!value) return;
    add(name, builder_.getDictionaryAttr(
                  {builder_.getNamedAttr("dim", number(value->dim)), builder_.getNamedAttr("input", number(value->input))}));
  }

  Builder builder_;
  SmallVector<NamedAttribute> fields_;
};

// Reads what the attribute says; the verifier checks whether it fits the kernel.
class Reader {
 public:
  Reader(DictionaryAttr attribute, const KernelDescription& kernel) : attribute_(attribute), kernel_(kernel) {}

  Tiling read() {
    kind();
    check_names();
    dims();
    for (Attribute entry : array("tile_order")) tiling_.tile_order.push_back(position("tile_order", entry));
    packing();
    non_temporal();
    field("vector_dim", tiling_.vector_dim);
    std::visit(
        [&](auto& of_kind) {
          each_field(of_kind, [&](const char* name, auto& value) { field(name, value); });
          if constexpr (requires { of_kind.halos; }) of_kind.halos = padding_halos(kernel_).value_or(of_kind.halos);
        },
        tiling_.kind);
    return std::move(tiling_);
  }

 private:
  static int64_t integer(const char* name, Attribute attribute) {
    const auto number = dyn_cast_or_null<IntegerAttr>(attribute);
    if (!number) fail("{}: {} must be an integer", tiling_attribute, name);
    return number.getInt();
  }
  static unsigned position(const char* name, Attribute attribute) {
    const int64_t number = integer(name, attribute);
    if (number < 0 || number > std::numeric_limits<int32_t>::max())
      fail("{}: {} is {}, must be the number of a dimension or an input", tiling_attribute, name, number);
    return static_cast<unsigned>(number);
  }
  ArrayAttr array(const char* name) const {
    const auto found = dyn_cast_or_null<ArrayAttr>(attribute_.get(name));
    if (!found) fail("{}: {} must be a list", tiling_attribute, name);
    return found;
  }
  void kind() {
    std::vector<std::string> known;
    const auto name = dyn_cast_or_null<StringAttr>(attribute_.get("kind"));
    for (const Tiling::Kind& kind : all_kinds()) {
      known.emplace_back(name_of(kind));
      if (name && name.getValue() == known.back()) {
        tiling_.kind = kind;
        return;
      }
    }
    if (!name) fail("{}: kind must be one of {}", tiling_attribute, llvm::join(known, ", "));
    refuse_unknown("kind of tiling", name.getValue().str(), known);
  }
  void check_names() const {
    std::vector<std::string> known{"dims", "kind", "tile_order", "packing", "non_temporal", "vector_dim"};
    std::visit([&](auto& kind) { each_field(kind, [&](const char* name, auto&) { known.emplace_back(name); }); }, tiling_.kind);
    for (NamedAttribute named : attribute_)
      if (!llvm::is_contained(known, named.getName().str()))
        refuse_unknown(fmt::format("field of a tiling of kind {}", name_of(tiling_.kind)), named.getName().str(), known);
  }
  void dims() {
    for (Attribute entry : array("dims")) {
      const auto fields = dyn_cast<DictionaryAttr>(entry);
      if (!fields || !fields.get("block"))
        fail("{}: each entry of dims must be {{block = ..., tile = ..., unrolled}}", tiling_attribute);
      for (NamedAttribute named : fields)
        if (const auto name = named.getName(); name != "block" && name != "tile" && name != "unrolled")
          refuse_unknown("field of dims", name.str(), std::vector<std::string>{"block", "tile", "unrolled"});
      Tiling::Dimension& dim = tiling_.dims.emplace_back();
      dim.block = integer("block", fields.get("block"));
      if (Attribute tile = fields.get("tile")) dim.tile = integer("tile", tile);
      dim.unrolled = fields.contains("unrolled");
    }
  }
  void packing() {
    for (Attribute entry : array("packing")) {
      const auto name = dyn_cast<StringAttr>(entry);
      const auto found = name ? llvm::find_if(packing_names, [&](const char* known) { return name.getValue() == known; })
                              : packing_names.end();
      if (found == packing_names.end())
        fail("{}: each entry of packing must be one of {}", tiling_attribute, llvm::join(packing_names, ", "));
      tiling_.packing.push_back(static_cast<Packing>(found - packing_names.begin()));
    }
  }
  void non_temporal() {
    tiling_.non_temporal.assign(kernel_.outputs.size(), false);
    if (!attribute_.contains("non_temporal")) return;
    for (Attribute entry : array("non_temporal")) {
      const unsigned output = position("non_temporal", entry);
      if (output >= kernel_.outputs.size())
        fail("{}: non_temporal names result {}, but the kernel has {}", tiling_attribute, output, kernel_.outputs.size());
      tiling_.non_temporal[output] = true;
    }
  }
  void field(const char* name, bool& value) const {
    if (attribute_.get(name) && !isa<UnitAttr>(attribute_.get(name)))
      fail("{}: {} must be a unit attribute", tiling_attribute, name);
    value = attribute_.contains(name);
  }
  void field(const char* name, int64_t& value) const { value = integer(name, attribute_.get(name)); }
  void field(const char* name, std::optional<unsigned>& value) const {
    if (Attribute found = attribute_.get(name)) value = position(name, found);
  }
  void field(const char* name, std::optional<LinePrefetch>& value) const {
    if (!attribute_.contains(name)) return;
    const auto fields = dyn_cast<DictionaryAttr>(attribute_.get(name));
    if (!fields || fields.size() != 2 || !fields.get("dim") || !fields.get("input"))
      fail("{}: {} must be {{dim = ..., input = ...}}", tiling_attribute, name);
    value = LinePrefetch{.dim = position(name, fields.get("dim")), .input = position(name, fields.get("input"))};
  }

  DictionaryAttr attribute_;
  const KernelDescription& kernel_;
  Tiling tiling_;
};

}  // namespace

DictionaryAttr attribute_of(const Tiling& tiling, MLIRContext* context) { return Writer(context).write(tiling); }

Tiling tiling_from(DictionaryAttr attribute, const KernelDescription& kernel) {
  Tiling tiling = Reader(attribute, kernel).read();
  verify_tiling(tiling, kernel);
  return tiling;
}

}  // namespace fovea
