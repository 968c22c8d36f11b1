// SPDX-License-Identifier: Apache-2.0
// The largest numbers and their positions, ranks, and running sums.
#include <algorithm>

#include "fovea/interchange/onnx/composite.h"
#include "fovea/interchange/onnx/shape_arguments.h"

namespace fovea {
namespace {

void check_float(Importer& importer, const OnnxNode& node, Ref x) {
  const DType dtype = importer.type_of(x).dtype;
  if (dtype != DType::f32) importer.complain(node, "of {}; fovea has that of floating point", name(dtype));
}

// The position of the first (with `last`, the last) of the largest numbers along the last dimension, which is removed. It is in
// f32, which is exact for every position.
Ref position_of_largest(Composite& c, Ref x, bool last) {
  if (!last) return c.cast(c(ops::Argmax{x}), DType::f32);
  const Shape shape = c.shape_of(x);
  const auto rank = static_cast<int64_t>(shape.size());
  const Ref largest = c.reduce<ops::ReduceMax>(x, {rank - 1});
  const Ref places = c.positions(shape.back(), rank - 1, rank, DType::f32);
  return c.reduce<ops::ReduceMax>(c.select(x, "eq", largest, places, -1), {rank - 1}, false);
}

void import_argmax(Importer& importer, const OnnxNode& node, bool largest) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t rank = x.rank(), axis = importer.dimension(node, importer.integer(node, "axis", 0), rank);
  const bool keep = importer.integer(node, "keepdims", 1) != 0, last = importer.integer(node, "select_last_index", 0) != 0;
  if (x.shape()[static_cast<size_t>(axis)] > 1 << 24) importer.complain(node, "along more than 2^24 positions");
  std::vector<int64_t> order = with_last(importer, x, axis);
  const Ref input = importer.in_order(x, order);
  check_float(importer, node, input);
  Composite c(importer, node);
  const Ref y = c.cast(position_of_largest(c, largest ? input : c(ops::Neg{input}), last), DType::i64);
  if (keep) {
    Shape shape = importer.shape_of(input);
    shape.back() = 1;
    return importer.set_in_order(node, 0, c.reshape(y, shape), order);
  }
  order.pop_back();
  for (int64_t& d : order) d -= d > axis ? 1 : 0;
  importer.set_in_order(node, 0, y, order);
}

// 1 at the first of the largest, 0 elsewhere. Before opset 13, all dimensions from `axis` on count as one.
void import_hardmax(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const bool flat = importer.opset() < 13;
  const int64_t rank = x.rank(), axis = importer.dimension(node, importer.integer(node, "axis", flat ? 1 : -1), rank);
  Composite c(importer, node);
  const auto hardmax = [&](Ref input) {
    Shape shape = c.shape_of(input), ones = shape;
    const auto last = static_cast<int64_t>(shape.size()) - 1;
    ones.back() = 1;
    const Ref at = c.reshape(position_of_largest(c, input, false), ones);
    return c.select(c.positions(shape.back(), last, last + 1, DType::f32), "eq", at, 1, 0);
  };
  if (!flat || axis == rank - 1) {
    const std::vector<int64_t> order = with_last(importer, x, axis);
    return importer.set_in_order(node, 0, hardmax(importer.in_order(x, order)), order);
  }
  const Shape shape = x.shape();
  const int64_t rows = element_count(Shape(shape.begin(), shape.begin() + axis));
  const Ref y = hardmax(c.reshape(importer.row_major(x), {rows, element_count(shape) / rows}));
  importer.set(node, 0, c.reshape(y, shape), Layout::row_major(shape));
}

// The rank of a number is how many numbers precede it: those that are larger, and equal ones at a smaller position. The number
// of rank r is the r-th result. All are compared with all, without a branch.
void import_top_k(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t axis = importer.dimension(node, importer.integer(node, "axis", -1), x.rank());
  const std::vector<int64_t> given =
      importer.opset() < 10 ? std::vector<int64_t>{importer.integer(node, "k", 0)} : importer.integers(node, 1);
  const bool largest = importer.integer(node, "largest", 1) != 0;
  importer.integer(node, "sorted", 1);  // results are always sorted
  const int64_t extent = x.shape()[static_cast<size_t>(axis)], k = given.size() == 1 ? given[0] : 0;
  if (k < 1 || k > extent) importer.complain(node, "the first {} of {} numbers", to_string(given), extent);
  const std::vector<int64_t> order = with_last(importer, x, axis);
  const Ref input = importer.in_order(x, order);
  const Shape shape = importer.shape_of(input);
  const int64_t rows = element_count(shape) / extent;
  Composite c(importer, node, importer.type_of(input).dtype), numbers(importer, node);
  const Ref one = c.reshape(input, {rows, extent, 1}), other = c.reshape(input, {rows, 1, extent});
  const Ref place = numbers.positions(extent, 0, 2, DType::f32), another = numbers.positions(extent, 1, 2, DType::f32);
  const Ref before = numbers.select(another, "lt", place, 1, 0);
  const Ref ahead = numbers.select(other, largest ? "gt" : "lt", one, 1, numbers.select(other, "eq", one, before, 0));
  const Ref rank = numbers.reshape(numbers.reduce<ops::ReduceSum>(ahead, {2}), {rows, 1, extent});
  const Ref wanted = numbers.positions(k, 1, 3, DType::f32);
  const Ref values = c.reduce<ops::ReduceSum>(c.select(rank, "eq", wanted, other, 0), {2}, false);
  const Ref places = numbers.reduce<ops::ReduceSum>(numbers.select(rank, "eq", wanted, another, 0), {2}, false);
  Shape result = shape;
  result.back() = k;
  importer.set_in_order(node, 0, c.reshape(values, result), order);
  importer.set_in_order(node, 1, numbers.cast(numbers.reshape(places, result), DType::i64), order);
}

// A running sum in logarithmically many steps: each step adds the partial sums twice as far back.
void import_cumulative_sum(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> given = importer.integers(node, 1);
  if (given.size() != 1) importer.complain(node, "along dimensions {}; one is needed", to_string(given));
  const int64_t axis = importer.dimension(node, given[0], x.rank());
  const bool exclusive = importer.integer(node, "exclusive", 0) != 0, reverse = importer.integer(node, "reverse", 0) != 0;
  const std::vector<int64_t> order = importer.some_order(x);
  const int64_t dim = std::ranges::find(order, axis) - order.begin();
  Ref sum = importer.in_order(x, order);
  const Shape shape = importer.shape_of(sum);
  const auto d = static_cast<size_t>(dim);
  Composite c(importer, node, importer.type_of(sum).dtype);
  // Shifted along the dimension by some places, with zeros filled in.
  const auto moved = [&](Ref from, int64_t places) {
    Shape offsets(shape.size(), 0), sizes = shape, padding(2 * shape.size(), 0);
    sizes[d] -= places;
    if (reverse) offsets[d] = places;
    padding[2 * d + (reverse ? 1 : 0)] = places;
    return c(ops::Pad{.input = c(ops::Slice{.input = from, .offsets = offsets, .sizes = sizes}), .padding = padding});
  };
  if (exclusive) sum = shape[d] > 1 ? moved(sum, 1) : c.sub(sum, sum);
  for (int64_t reach = 1; reach < shape[d]; reach *= 2) sum = c.add(sum, moved(sum, reach));
  importer.set_in_order(node, 0, sum, order);
}

// A row of `depth` numbers for each index: one value at the index, another elsewhere. Negative indices count from the end, and
// an index out of range selects none.
void import_one_hot(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Tensor& depths = importer.constant(node, 1);
  int64_t depth = 0;
  if (depths.size() == 1 && depths.dtype() == DType::f32)
    depth = static_cast<int64_t>(depths.data<float>()[0]);
  else if (depths.size() == 1)
    depth = importer.integers(node, 1)[0];
  if (depth < 1 || depth > 1 << 24) importer.complain(node, "a depth of {}", depth);
  ImportedValue& values = importer.input(node, 2);
  const Ref pair = importer.row_major(values);
  if (importer.shape_of(pair) != Shape{2}) importer.complain(node, "values {}; [off, on] is needed", to_string(values.shape()));
  const int64_t rank = x.rank() + 1, axis = importer.dimension(node, importer.integer(node, "axis", -1), rank);
  Shape shape = x.shape();
  shape.insert(shape.begin() + axis, 1);
  const Ref given = importer.row_major(x);
  Composite c(importer, node, importer.type_of(given).dtype);
  const Ref index = c.reshape(c.select(given, "lt", 0, c.add(given, static_cast<double>(depth)), given), shape);
  const auto value = [&](int64_t at) { return c.reshape(c(ops::Slice{.input = pair, .offsets = {at}, .sizes = {1}}), {}); };
  const Ref places = c.positions(depth, axis, rank, importer.type_of(given).dtype);
  const Ref y = c.select(index, "eq", places, value(1), value(0));
  importer.set(node, 0, y, Layout::row_major(importer.shape_of(y)));
}

// The part on one side of a diagonal of the last two dimensions, with zeros on the other side.
void import_triangle(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const bool upper = importer.integer(node, "upper", 1) != 0;
  int64_t diagonal = 0;
  if (importer.has_input(node, 1)) {
    const std::vector<int64_t> given = importer.integers(node, 1);
    if (given.size() != 1) importer.complain(node, "diagonals {}; one is needed", to_string(given));
    diagonal = std::clamp<int64_t>(given[0], -(1 << 24), 1 << 24);
  }
  if (x.rank() < 2) importer.complain(node, "of a tensor {}", to_string(x.shape()));
  const Ref input = importer.row_major(x);
  const Shape shape = importer.shape_of(input);
  Composite c(importer, node, importer.type_of(input).dtype), numbers(importer, node, DType::i64);
  const Ref rows = numbers.positions(shape[shape.size() - 2], 0, 2), columns = numbers.positions(shape.back(), 1, 2);
  const Ref on = numbers.add(rows, static_cast<double>(diagonal));
  const Ref y = c.select(columns, upper ? "ge" : "le", on, input, 0);
  importer.set(node, 0, y, Layout::row_major(shape));
}

}  // namespace

void add_ranking_imports(ImportTable& table) {
  table["ArgMax"] = [](Importer& importer, const OnnxNode& node) { import_argmax(importer, node, true); };
  table["ArgMin"] = [](Importer& importer, const OnnxNode& node) { import_argmax(importer, node, false); };
  table["Hardmax"] = import_hardmax;
  table["TopK"] = import_top_k;
  table["CumSum"] = import_cumulative_sum;
  table["OneHot"] = import_one_hot;
  table["Trilu"] = import_triangle;
}

}  // namespace fovea
