#include "fovea/codegen/edges.h"

#include <mlir/IR/BuiltinAttributes.h>

#include <algorithm>

namespace fovea {
namespace {

using llvm::SmallVector;

bool is_zero(mlir::Attribute value) {
  auto number = mlir::dyn_cast<mlir::FloatAttr>(value);
  return number && number.getValue().isZero();
}

// Smallest and largest value over the whole domain.
std::pair<int64_t, int64_t> range_of(const LinearForm& form, llvm::ArrayRef<int64_t> extents) {
  int64_t least = form.constant, most = form.constant;
  for (auto [coefficient, extent] : llvm::zip(form.coefficients, extents))
    (coefficient < 0 ? least : most) += coefficient * (extent - 1);
  return {least, most};
}

// Nothing where the coordinate is no window.
std::optional<Edge> edge_of(const LinearForm& form, int64_t extent, const Formula& formula) {
  SmallVector<unsigned> dims;
  for (unsigned dim = 0; dim < form.coefficients.size(); ++dim)
    if (form.coefficients[dim] != 0) dims.push_back(dim);
  if (dims.size() != 2 || formula.reduced[dims[0]] == formula.reduced[dims[1]]) return {};
  unsigned position = formula.reduced[dims[0]] ? dims[1] : dims[0], tap = formula.reduced[dims[0]] ? dims[0] : dims[1];
  if (formula.extents[position] < formula.extents[tap]) std::swap(position, tap);
  Edge edge{.position = position,
            .tap = tap,
            .step = form.coefficients[position],
            .tap_step = form.coefficients[tap],
            .shift = form.constant,
            .extent = extent,
            .taps = formula.extents[tap],
            .inside_begin = 0,
            .inside_end = formula.extents[position]};
  if (edge.step < 1 || std::abs(edge.tap_step) != 1) return {};
  const int64_t reach = (edge.taps - 1) * edge.tap_step, low = std::min<int64_t>(0, reach), high = std::max<int64_t>(0, reach);
  int64_t &begin = edge.inside_begin, &end = edge.inside_end;
  while (begin < end && edge.step * begin + edge.shift + low < 0) ++begin;
  while (end > begin && edge.step * (end - 1) + edge.shift + high >= extent) --end;
  return edge;
}

}  // namespace

std::pair<Index, Index> Edge::taps_at(TileBuilder& t, Index at) const {
  const Index base = t.add(t.multiply(at, step), t.constant(shift));
  const Index none = t.constant(0), all = t.constant(taps);
  Index begin, end;
  if (tap_step > 0) {
    begin = t.subtract(none, base);
    end = t.subtract(t.constant(extent), base);
  } else {
    begin = t.subtract(base, t.constant(extent - 1));
    end = t.add(base, t.constant(1));
  }
  begin = t.least(t.greatest(begin, none), all);
  return {begin, t.greatest(begin, t.least(end, all))};
}

std::optional<SmallVector<Edge>> edges_of(const Formula& contraction) {
  SmallVector<Edge> edges;
  for (const Access& access : contraction.inputs) {
    if (!access.padded()) continue;
    if (!is_zero(access.pad_value)) return {};
    for (auto [coordinate, expression] : llvm::enumerate(access.map.getResults())) {
      LinearForm form = linear_form(expression, static_cast<unsigned>(contraction.extents.size()));
      form.constant -= access.pad_low[coordinate];
      const auto [least, most] = range_of(form, contraction.extents);
      const int64_t extent = access.extent(static_cast<unsigned>(coordinate));
      if (least >= 0 && most < extent) continue;
      const std::optional<Edge> edge = edge_of(form, extent, contraction);
      if (!edge) return {};
      for (const Edge& other : edges)
        if (other.position == edge->position || other.tap == edge->tap ||
            contraction.reduced[other.position] != contraction.reduced[edge->position])
          return {};
      edges.push_back(*edge);
    }
  }
  return edges;
}

}  // namespace fovea
