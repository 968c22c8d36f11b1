// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/tiling/halo_peeling.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/IR/Matchers.h>

#include <algorithm>

namespace fovea {
namespace {

using llvm::SmallVector;

// Whether the padding is zero once it is converted for the multiplication.
bool is_zero(mlir::Attribute padding, llvm::ArrayRef<mlir::Operation*> conversion) {
  if (auto number = mlir::dyn_cast<mlir::FloatAttr>(padding)) return number.getValue().isZero();
  auto integer = mlir::dyn_cast<mlir::IntegerAttr>(padding);
  if (!integer) return false;
  llvm::APInt value = integer.getValue(), shift;
  for (mlir::Operation* step : conversion) {
    if (mlir::isa<mlir::arith::ExtSIOp>(step)) {
      value = value.sext(step->getResult(0).getType().getIntOrFloatBitWidth());
    } else if (mlir::isa<mlir::arith::ExtUIOp>(step)) {
      value = value.zext(step->getResult(0).getType().getIntOrFloatBitWidth());
    } else if (mlir::isa<mlir::arith::SubIOp>(step) && mlir::matchPattern(step->getOperand(1), mlir::m_ConstantInt(&shift))) {
      value -= shift;
    } else {
      return value.isZero() && mlir::isa<mlir::arith::SIToFPOp>(step) && step == conversion.back();
    }
  }
  return value.isZero();
}

// The smallest and largest value over the whole domain.
std::pair<int64_t, int64_t> range_of(const LinearForm& form, llvm::ArrayRef<int64_t> extents) {
  int64_t least = form.constant, most = form.constant;
  for (auto [coefficient, extent] : llvm::zip(form.coefficients, extents))
    (coefficient < 0 ? least : most) += coefficient * (extent - 1);
  return {least, most};
}

// Nothing when the coordinate is not that of a window.
std::optional<PaddingHalo> padding_halo(const LinearForm& form, int64_t extent, const LinalgOperation& operation) {
  SmallVector<unsigned> dims;
  for (unsigned dim = 0; dim < form.coefficients.size(); ++dim)
    if (form.coefficients[dim] != 0) dims.push_back(dim);
  if (dims.size() != 2 || operation.reduced[dims[0]] == operation.reduced[dims[1]]) return {};
  unsigned position = operation.reduced[dims[0]] ? dims[1] : dims[0], tap = operation.reduced[dims[0]] ? dims[0] : dims[1];
  if (operation.extents[position] < operation.extents[tap]) std::swap(position, tap);
  PaddingHalo edge{.position = position,
                   .tap = tap,
                   .step = form.coefficients[position],
                   .tap_step = form.coefficients[tap],
                   .shift = form.constant,
                   .extent = extent,
                   .taps = operation.extents[tap],
                   .inside_begin = 0,
                   .inside_end = operation.extents[position]};
  if (edge.step < 1 || std::abs(edge.tap_step) != 1) return {};
  const int64_t reach = (edge.taps - 1) * edge.tap_step, low = std::min<int64_t>(0, reach), high = std::max<int64_t>(0, reach);
  int64_t &begin = edge.inside_begin, &end = edge.inside_end;
  while (begin < end && edge.step * begin + edge.shift + low < 0) ++begin;
  while (end > begin && edge.step * (end - 1) + edge.shift + high >= extent) --end;
  return edge;
}

}  // namespace

std::optional<SmallVector<PaddingHalo>> padding_halos(const KernelDescription& kernel) {
  const LinalgOperation& contraction = kernel.root;
  SmallVector<PaddingHalo> halos;
  for (auto [input, access] : llvm::enumerate(contraction.inputs)) {
    if (!access.padded()) continue;
    if (!is_zero(access.pad_value, kernel.conversion(input))) return {};
    for (auto [coordinate, expression] : llvm::enumerate(access.map.getResults())) {
      LinearForm form = linear_form(expression, static_cast<unsigned>(contraction.extents.size()));
      form.constant -= access.pad_low[coordinate];
      const auto [least, most] = range_of(form, contraction.extents);
      const int64_t extent = access.extent(static_cast<unsigned>(coordinate));
      if (least >= 0 && most < extent) continue;
      const std::optional<PaddingHalo> edge = padding_halo(form, extent, contraction);
      if (!edge) return {};
      for (const PaddingHalo& other : halos)
        if (other.position == edge->position || other.tap == edge->tap ||
            contraction.reduced[other.position] != contraction.reduced[edge->position])
          return {};
      halos.push_back(*edge);
    }
  }
  return halos;
}

}  // namespace fovea
