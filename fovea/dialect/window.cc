// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/window.h"

#include <numeric>

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

// One positive number for each spatial dimension.
FailureOr<SmallVector<int64_t>> per_dimension(std::optional<Location> location, StringRef operator_name, StringRef what,
                                              ArrayRef<int64_t> given, ArrayRef<int64_t> otherwise) {
  SmallVector<int64_t> result(otherwise);
  if (given.size() == 1)
    result.assign(otherwise.size(), given[0]);
  else if (!given.empty())
    result.assign(given.begin(), given.end());
  if (result.size() != otherwise.size()) {
    return complain(location, operator_name,
                    Twine(what) + " " + shape_text(given) + " must give one number, or one for each of the " +
                        Twine(otherwise.size()) + " spatial dimensions");
  }
  for (int64_t value : result) {
    if (value < 1) return complain(location, operator_name, Twine(what) + " " + shape_text(result) + " must be at least 1");
  }
  return result;
}

struct Steps {
  SmallVector<int64_t> strides, dilations;
};

FailureOr<Steps> resolve_steps(std::optional<Location> location, StringRef operator_name, size_t spatial,
                               const WindowAttributes& attributes) {
  const SmallVector<int64_t> ones(spatial, 1);
  if (attributes.size.size() != spatial) {
    return complain(location, operator_name,
                    attributes.what + " " + size_text(attributes.size) + " has " + Twine(attributes.size.size()) +
                        " spatial dimensions, its input has " + Twine(spatial));
  }
  for (int64_t size : attributes.size) {
    if (size < 1)
      return complain(location, operator_name,
                      attributes.what + " " + size_text(attributes.size) + " must be at least 1 in every dimension");
  }
  auto strides = per_dimension(location, operator_name, "strides", attributes.strides,
                               attributes.stride_is_size ? attributes.size : ArrayRef<int64_t>(ones));
  if (failed(strides)) return failure();
  auto dilations = per_dimension(location, operator_name, "dilations", attributes.dilations, ones);
  if (failed(dilations)) return failure();
  return Steps{*strides, *dilations};
}

LogicalResult check_padding(std::optional<Location> location, StringRef operator_name, Attribute padding, size_t spatial) {
  if (auto name = dyn_cast_or_null<StringAttr>(padding); name && name.getValue() != "valid" && name.getValue() != "same") {
    return complain(
        location, operator_name,
        "unknown padding \"" + name.getValue() + "\"; it is \"valid\", \"same\" or [before, after] of each spatial dimension");
  }
  if (auto cells = dyn_cast_or_null<DenseI64ArrayAttr>(padding)) {
    if (cells.size() != static_cast<int64_t>(2 * spatial) ||
        llvm::any_of(cells.asArrayRef(), [](int64_t count) { return count < 0; })) {
      return complain(location, operator_name,
                      "padding " + shape_text(cells) + " must give [before, after], not negative, for each of the " +
                          Twine(spatial) + " spatial dimensions");
    }
  }
  return success();
}

bool is_same(Attribute padding) {
  auto name = dyn_cast_or_null<StringAttr>(padding);
  return name && name.getValue() == "same";
}

std::string padding_text(Attribute padding) {
  if (auto cells = dyn_cast_or_null<DenseI64ArrayAttr>(padding)) return shape_text(cells);
  return is_same(padding) ? "same" : "valid";
}

}  // namespace

FailureOr<Window> resolve_window(std::optional<Location> location, StringRef operator_name, ArrayRef<int64_t> input,
                                 const WindowAttributes& attributes) {
  if (input.size() < 3 || input.size() > 5) {
    return complain(location, operator_name,
                    "input " + shape_text(input) + " must be [batch, 1 to 3 spatial dimensions, channels]");
  }
  const size_t spatial = input.size() - 2;
  const auto steps = resolve_steps(location, operator_name, spatial, attributes);
  if (failed(steps) || failed(check_padding(location, operator_name, attributes.padding, spatial))) return failure();
  Window window;
  SmallVector<int64_t> padded, reach;
  for (size_t dim = 0; dim < spatial; ++dim) {
    WindowDim next{attributes.size[dim], steps->strides[dim], steps->dilations[dim], 0, 0, input[dim + 1], 0};
    reach.push_back((next.size - 1) * next.dilation + 1);
    if (is_same(attributes.padding)) {
      const int64_t total =
          std::max<int64_t>((ceiling(next.input, next.stride) - 1) * next.stride + reach.back() - next.input, 0);
      next.before = total / 2;
      next.after = total - next.before;
    } else if (auto cells = dyn_cast_or_null<DenseI64ArrayAttr>(attributes.padding)) {
      next.before = cells[2 * dim];
      next.after = cells[2 * dim + 1];
    }
    padded.push_back(next.before + next.input + next.after);
    next.output = padded.back() < reach.back() ? 0 : (padded.back() - reach.back()) / next.stride + 1;
    window.push_back(next);
  }
  if (llvm::any_of(window, [](const WindowDim& dim) { return dim.output < 1; })) {
    const bool dilated = llvm::any_of(steps->dilations, [](int64_t dilation) { return dilation > 1; });
    return complain(location, operator_name,
                    attributes.what + " " + size_text(attributes.size) +
                        (dilated ? " (dilated to " + size_text(reach) + ")" : "") + " is larger than its padded input " +
                        size_text(padded) + " (input " + shape_text(input) + ", padding " + padding_text(attributes.padding) +
                        ")");
  }
  return window;
}

FailureOr<SmallVector<int64_t>> transposed_size(std::optional<Location> location, StringRef operator_name,
                                                ArrayRef<int64_t> output, const WindowAttributes& attributes) {
  const size_t spatial = output.size();
  const auto steps = resolve_steps(location, operator_name, spatial, attributes);
  if (failed(steps) || failed(check_padding(location, operator_name, attributes.padding, spatial))) return failure();
  SmallVector<int64_t> result;
  for (size_t dim = 0; dim < spatial; ++dim) {
    const int64_t reach = (attributes.size[dim] - 1) * steps->dilations[dim] + 1;
    int64_t size = (output[dim] - 1) * steps->strides[dim] + reach;
    if (is_same(attributes.padding)) size = output[dim] * steps->strides[dim];
    if (auto cells = dyn_cast_or_null<DenseI64ArrayAttr>(attributes.padding)) size -= cells[2 * dim] + cells[2 * dim + 1];
    result.push_back(size);
  }
  return result;
}

SmallVector<int64_t> output_size(const Window& window) {
  return llvm::to_vector(llvm::map_range(window, [](const WindowDim& dim) { return dim.output; }));
}

Value padded_image(OpBuilder& builder, Location location, Value image, const Window& window, TypedAttr filling) {
  SmallVector<int64_t> before(shape_of(image).size(), 0), after = before;
  for (auto [dim, spatial] : llvm::enumerate(window)) {
    before[dim + 1] = spatial.before;
    after[dim + 1] = spatial.after;
  }
  return padded(builder, location, image, before, after, filling);
}

namespace {

PhaseDim phase_of(const WindowDim& dim, int64_t residue) {
  PhaseDim phase{residue, std::max<int64_t>(0, ceiling(dim.input - residue, dim.stride)), 0, 1, 0, 1, 0};
  // The taps that land on this residue satisfy tap * dilation = residue + before (mod stride); the solutions are stride / gcd
  // apart.
  const int64_t divisor = std::gcd(dim.dilation, dim.stride);
  phase.tap_step = dim.stride / divisor;
  phase.source_step = dim.dilation / divisor;
  for (int64_t tap = 0; tap < std::min(phase.tap_step, dim.size); ++tap) {
    const int64_t distance = residue + dim.before - tap * dim.dilation;
    if (distance % dim.stride != 0) continue;
    phase.first_tap = tap;
    phase.taps = ceiling(dim.size - tap, phase.tap_step);
    phase.source_offset = distance / dim.stride;
  }
  return phase;
}

bool is_zero(const Phase& phase) {
  return llvm::any_of(phase, [](const PhaseDim& dim) { return dim.taps == 0; });
}

}  // namespace

SmallVector<Phase> phases(const Window& window) {
  SmallVector<Phase> all{Phase{}};
  for (const WindowDim& dim : window) {
    SmallVector<Phase> longer;
    for (const Phase& phase : all) {
      for (int64_t residue = 0; residue < dim.stride; ++residue) {
        longer.push_back(phase);
        longer.back().push_back(phase_of(dim, residue));
      }
    }
    all = std::move(longer);
  }
  return all;
}

Value padded_for_phases(OpBuilder& builder, Location location, Value gradient, const Window& window,
                        MutableArrayRef<Phase> phases, TypedAttr filling) {
  SmallVector<int64_t> before(shape_of(gradient).size(), 0), after = before;
  for (size_t dim = 0; dim < window.size(); ++dim) {
    for (const Phase& phase : phases) {
      const PhaseDim& part = phase[dim];
      if (part.taps == 0 || part.cells == 0) continue;
      before[dim + 1] = std::max(before[dim + 1], (part.taps - 1) * part.source_step - part.source_offset);
      after[dim + 1] = std::max(after[dim + 1], part.cells - 1 + part.source_offset - (window[dim].output - 1));
    }
    for (Phase& phase : phases) phase[dim].source_offset += before[dim + 1];
  }
  return padded(builder, location, gradient, before, after, filling);
}

Value joined_phases(OpBuilder& builder, Location location, ArrayRef<int64_t> shape, Type element, const Window& window,
                    ArrayRef<Phase> phases, function_ref<Value(const Phase&, ArrayRef<int64_t>)> formula) {
  if (phases.size() == 1) return formula(phases[0], shape);
  const bool some_zero = llvm::any_of(phases, is_zero);
  Value joined = some_zero ? filled(builder, location, shape, number(element, 0)) : empty(builder, location, shape, element);
  for (const Phase& phase : phases) {
    SmallVector<int64_t> part(shape), offsets(shape.size(), 0), strides(shape.size(), 1);
    for (size_t dim = 0; dim < window.size(); ++dim) {
      part[dim + 1] = phase[dim].cells;
      offsets[dim + 1] = phase[dim].residue;
      strides[dim + 1] = window[dim].stride;
    }
    if (is_zero(phase) || llvm::is_contained(part, 0)) continue;
    joined = inserted(builder, location, formula(phase, part), joined, offsets, strides);
  }
  return joined;
}

}  // namespace fovea::dialect
