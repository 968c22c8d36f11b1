// SPDX-License-Identifier: Apache-2.0
// Sums, extremes and products over dimensions, and softmax.
#include <algorithm>
#include <limits>
#include <numeric>

#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

// Computes a reduction. A function that needs the dimensions may keep them even if `keep` is not set.
using Reduced = Ref (*)(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep);

// Reduces the file's dimensions `axes`; the others keep their order.
void reduce(Importer& importer, const OnnxNode& node, Reduced reduced, const std::vector<int64_t>& axes, bool keep) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> order = importer.some_order(x);
  std::vector<int64_t> dims, rest;
  for (size_t i = 0; i < order.size(); ++i) {
    if (std::ranges::find(axes, order[i]) != axes.end())
      dims.push_back(static_cast<int64_t>(i));
    else
      rest.push_back(order[i]);
  }
  Composite c(importer, node, dtype_of(importer, x));
  const Ref input = importer.in_order(x, order);
  const Ref y = reduced(c, input, dims, keep || dims.empty());
  if (keep || dims.empty()) return importer.set_in_order(node, 0, y, order);
  Shape shape;
  const Shape own = importer.shape_of(input);
  for (size_t i = 0; i < order.size(); ++i)
    if (std::ranges::find(dims, static_cast<int64_t>(i)) == dims.end()) shape.push_back(own[i]);
  // The remaining dimensions keep their order among themselves.
  std::vector<int64_t> sorted = rest;
  std::ranges::sort(sorted);
  for (int64_t& d : rest) d = std::ranges::find(sorted, d) - sorted.begin();
  importer.set_in_order(node, 0, c.reshape(y, shape), rest);
}

// The axes are an attribute and, since opset 18 (13 for ReduceSum), an input.
void import_reduction(Importer& importer, const OnnxNode& node, Reduced reduced) {
  const int64_t rank = importer.input(node, 0).rank();
  std::vector<int64_t> axes =
      importer.has_input(node, 1) ? importer.integers(node, 1) : importer.integers(node, "axes", std::vector<int64_t>{});
  const bool none = importer.integer(node, "noop_with_empty_axes", 0) != 0;
  if (axes.empty() && !none) axes = identity_order(rank);
  for (int64_t& axis : axes) axis = importer.dimension(node, axis, rank);
  reduce(importer, node, reduced, axes, importer.integer(node, "keepdims", 1) != 0);
}

Ref sum(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) { return c.reduce<ops::ReduceSum>(x, dims, keep); }
Ref mean(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) { return c.reduce<ops::ReduceMean>(x, dims, keep); }
Ref largest(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) {
  return c.reduce<ops::ReduceMax>(x, dims, keep);
}
Ref smallest(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) {
  return c.reduce<ops::ReduceMin>(x, dims, keep);
}
Ref sum_of_squares(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) { return sum(c, c.square(x), dims, keep); }
Ref absolute_sum(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) { return sum(c, c.abs(x), dims, keep); }
Ref length(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) {
  return c.sqrt(sum_of_squares(c, x, dims, keep));
}
Ref log_of_sum(Composite& c, Ref x, const std::vector<int64_t>& dims, bool keep) { return c.log(sum(c, x, dims, keep)); }

// The largest number is factored out so that nothing overflows; when it is infinite, 0 is used.
Ref log_of_sum_of_powers(Composite& c, Ref x, const std::vector<int64_t>& dims, bool) {
  constexpr double most = std::numeric_limits<float>::max();
  const Ref top = c(ops::Clamp{.input = largest(c, x, dims, true), .low = -most, .high = most});
  return c.add(c.log(sum(c, c.exp(c.sub(x, top)), dims, true)), top);
}

// The product of the two halves, repeated until one number is left: a fixed order for every size.
Ref product(Composite& c, Ref x, const std::vector<int64_t>& dims, bool) {
  for (const int64_t dim : dims) {
    const auto d = static_cast<size_t>(dim);
    for (Shape shape = c.shape_of(x); shape[d] > 1; shape = c.shape_of(x)) {
      const int64_t half = shape[d] / 2, rest = shape[d] % 2;
      Shape offsets(shape.size(), 0), sizes = shape;
      const auto part = [&](int64_t from, int64_t count) {
        offsets[d] = from;
        sizes[d] = count;
        return c(ops::Slice{.input = x, .offsets = offsets, .sizes = sizes});
      };
      Ref folded = c.mul(part(0, half), part(half, half));
      if (rest != 0) folded = c(ops::Concat{.inputs = {folded, part(2 * half, 1)}, .dim = dim});
      x = folded;
    }
  }
  return x;
}

void import_global_pool(Importer& importer, const OnnxNode& node, Reduced reduced) {
  const int64_t rank = importer.input(node, 0).rank();
  if (rank < 3) importer.complain(node, "its input has {} dimensions; [batch, channels, spatial...] is needed", rank);
  std::vector<int64_t> axes(static_cast<size_t>(rank - 2));
  std::iota(axes.begin(), axes.end(), 2);
  reduce(importer, node, reduced, axes, true);
}

// Before opset 13, all dimensions from `axis` on count as one.
template <Operator Op>
void import_softmax(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const bool flat = importer.opset() < 13;
  const int64_t rank = x.rank(), axis = importer.dimension(node, importer.integer(node, "axis", flat ? 1 : -1), rank);
  Composite c(importer, node);
  if (!flat || axis == rank - 1) {
    const std::vector<int64_t> order = with_last(importer, x, axis);
    return importer.set_in_order(node, 0, c(Op{importer.in_order(x, order)}), order);
  }
  const Shape shape = x.shape();
  const int64_t rows = element_count(Shape(shape.begin(), shape.begin() + axis));
  const Ref y = c(Op{c.reshape(importer.row_major(x), {rows, element_count(shape) / rows})});
  importer.set(node, 0, c.reshape(y, shape), Layout::row_major(shape));
}

}  // namespace

void add_reduction_imports(ImportTable& table) {
  const std::pair<const char*, Reduced> reductions[] = {{"ReduceMean", mean},
                                                        {"ReduceSum", sum},
                                                        {"ReduceMax", largest},
                                                        {"ReduceMin", smallest},
                                                        {"ReduceSumSquare", sum_of_squares},
                                                        {"ReduceL1", absolute_sum},
                                                        {"ReduceL2", length},
                                                        {"ReduceLogSum", log_of_sum},
                                                        {"ReduceLogSumExp", log_of_sum_of_powers},
                                                        {"ReduceProd", product}};
  for (const auto& [type, reduced] : reductions)
    table[type] = [reduced](Importer& importer, const OnnxNode& node) { import_reduction(importer, node, reduced); };
  table["GlobalAveragePool"] = [](Importer& importer, const OnnxNode& node) { import_global_pool(importer, node, mean); };
  table["GlobalMaxPool"] = [](Importer& importer, const OnnxNode& node) { import_global_pool(importer, node, largest); };
  table["Softmax"] = import_softmax<ops::Softmax>;
  table["LogSoftmax"] = import_softmax<ops::LogSoftmax>;
}

}  // namespace fovea
