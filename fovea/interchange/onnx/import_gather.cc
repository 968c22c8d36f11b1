// SPDX-License-Identifier: Apache-2.0
// Gathers, slices in any order, and padding that repeats cells.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "fovea/interchange/onnx/composite.h"
#include "fovea/interchange/onnx/shape_arguments.h"

namespace fovea {
namespace {

// The position of the file's dimension in a tensor of that order.
int64_t position(const std::vector<int64_t>& order, int64_t dimension) {
  return std::ranges::find(order, dimension) - order.begin();
}

// Gathers known positions: a slice when they have equal steps, and the value itself when they are all positions in order.
Ref picked(Importer& importer, const OnnxNode& node, Ref x, int64_t dim, const std::vector<int64_t>& indices) {
  const Shape shape = importer.shape_of(x);
  const auto d = static_cast<size_t>(dim);
  const auto count = std::ssize(indices);
  const int64_t step = count > 1 ? indices[1] - indices[0] : 1;
  bool run = step > 0;
  for (size_t i = 1; i < indices.size(); ++i) run = run && indices[i] - indices[i - 1] == step;
  if (!run) {
    const Ref places = importer.known(integer_tensor({count}, indices));
    return importer.add(node, ops::Gather{.input = x, .indices = places, .dim = dim});
  }
  if (step == 1 && count == shape[d]) return x;
  Shape offsets(shape.size(), 0), sizes = shape, strides(shape.size(), 1);
  offsets[d] = indices[0];
  sizes[d] = count;
  strides[d] = step;
  ops::Slice slice{.input = x, .offsets = offsets, .sizes = sizes};
  if (step != 1) slice.strides = strides;
  return importer.add(node, slice);
}

// Indices as positions, where negative ones count from the end; fails when one is out of range.
std::vector<int64_t> known_positions(Importer& importer, const OnnxNode& node, size_t input, int64_t extent) {
  std::vector<int64_t> indices = importer.integers(node, input);
  if (indices.empty()) importer.complain(node, "picks nothing");
  for (int64_t& index : indices) {
    if (index < -extent || index >= extent) importer.complain(node, "index {} of {} positions", index, extent);
    index += index < 0 ? extent : 0;
  }
  return indices;
}

// The same for computed indices, for which it is not known whether they are out of range.
Ref computed_positions(Importer& importer, const OnnxNode& node, ImportedValue& indices, int64_t extent) {
  const Ref given = importer.row_major(indices);
  const DType dtype = importer.type_of(given).dtype;
  if (dtype != DType::i64 && dtype != DType::i32) importer.complain(node, "indices are {}; integers are needed", name(dtype));
  Composite c(importer, node, dtype);
  return c.select(given, "lt", 0, c.add(given, static_cast<double>(extent)), given);
}

void import_gather(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& indices = importer.input(node, 1);
  const int64_t axis = importer.dimension(node, importer.integer(node, "axis", 0), x.rank());
  const int64_t extent = x.shape()[static_cast<size_t>(axis)];
  const Shape places = indices.shape();
  Shape shape = x.shape();
  shape.erase(shape.begin() + axis);
  shape.insert(shape.begin() + axis, places.begin(), places.end());
  if (!indices.constant) {
    Composite c(importer, node);
    const Ref at = computed_positions(importer, node, indices, extent);
    const Ref y = c(ops::Gather{.input = importer.row_major(x), .indices = at, .dim = axis});
    return importer.set(node, 0, c.reshape(y, shape), Layout::row_major(shape));
  }
  const std::vector<int64_t> order = importer.some_order(x);
  const Ref y =
      picked(importer, node, importer.in_order(x, order), position(order, axis), known_positions(importer, node, 1, extent));
  const std::optional<Layout> layout = Layout::permuted(importer.shape_of(y), inverse(order)).reshaped(shape);
  importer.set(node, 0, y, *layout);
}

void import_gather_elements(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& indices = importer.input(node, 1);
  const int64_t axis = importer.dimension(node, importer.integer(node, "axis", 0), x.rank());
  const int64_t extent = x.shape()[static_cast<size_t>(axis)];
  const Ref at = indices.constant ? importer.known(integer_tensor(indices.shape(), known_positions(importer, node, 1, extent)))
                                  : computed_positions(importer, node, indices, extent);
  const Ref y = importer.add(node, ops::GatherElements{.input = importer.row_major(x), .indices = at, .dim = axis});
  importer.set(node, 0, y, Layout::row_major(importer.shape_of(y)));
}

// The rows of the data, flattened in front, that the rows of GatherND's indices select. `strides` are those of the indexed
// dimensions; row r belongs to batch r / each.
Ref flat_rows(Importer& importer, const OnnxNode& node, ImportedValue& indices, const Shape& extents, int64_t rows,
              int64_t each) {
  const auto depth = std::ssize(extents);
  const int64_t block = element_count(extents);
  importer.spend(node, static_cast<uint64_t>(rows) * sizeof(int64_t));
  if (indices.constant) {
    const std::vector<int64_t> given = importer.integers(node, 1);
    std::vector<int64_t> flat;
    for (int64_t row = 0; row < rows; ++row) {
      int64_t at = row / each;
      for (int64_t d = 0; d < depth; ++d) {
        const int64_t extent = extents[static_cast<size_t>(d)], index = given[static_cast<size_t>(row * depth + d)];
        if (index < -extent || index >= extent) importer.complain(node, "index {} of {} positions", index, extent);
        at = at * extent + (index < 0 ? index + extent : index);
      }
      flat.push_back(at);
    }
    return importer.known(integer_tensor({rows}, flat));
  }
  const Ref given = importer.row_major(indices);
  const DType dtype = importer.type_of(given).dtype;
  if (dtype != DType::i64) importer.complain(node, "indices are {}; int64 is needed", name(dtype));
  Composite c(importer, node, dtype);
  const Ref table = c.reshape(given, {rows, depth});
  std::vector<int64_t> starts;
  for (int64_t row = 0; row < rows; ++row) starts.push_back(row / each * block);
  Ref at = importer.known(integer_tensor({rows}, starts));
  int64_t stride = block;
  for (int64_t d = 0; d < depth; ++d) {
    const int64_t extent = extents[static_cast<size_t>(d)];
    stride /= extent;
    const Ref column = c.reshape(c(ops::Slice{.input = table, .offsets = {0, d}, .sizes = {rows, 1}}), {rows});
    const Ref place = c.select(column, "lt", 0, c.add(column, static_cast<double>(extent)), column);
    at = c.add(at, c.mul(place, static_cast<double>(stride)));
  }
  return at;
}

void import_gather_nd(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& indices = importer.input(node, 1);
  const Shape shape = x.shape(), places = indices.shape();
  const int64_t batch = importer.integer(node, "batch_dims", 0), depth = places.empty() ? 0 : places.back();
  if (depth < 1 || batch < 0 || batch + depth > x.rank() || batch + 1 > indices.rank() ||
      !std::equal(shape.begin(), shape.begin() + batch, places.begin()))
    importer.complain(node, "indices {} into {} with {} batch dimensions", to_string(places), to_string(shape), batch);
  const Shape extents(shape.begin() + batch, shape.begin() + batch + depth);
  const Shape block(shape.begin() + batch + depth, shape.end());
  const int64_t batches = element_count(Shape(shape.begin(), shape.begin() + batch));
  const int64_t rows = element_count(places) / depth;
  if (rows < 1) importer.complain(node, "picks nothing");
  Composite c(importer, node);
  Shape flat{batches * element_count(extents)}, result(places.begin(), places.end() - 1);
  flat.insert(flat.end(), block.begin(), block.end());
  result.insert(result.end(), block.begin(), block.end());
  const Ref data = c.reshape(importer.row_major(x), flat);
  const Ref y =
      c(ops::Gather{.input = data, .indices = flat_rows(importer, node, indices, extents, rows, rows / batches), .dim = 0});
  importer.set(node, 0, c.reshape(y, result), Layout::row_major(result));
}

// The positions where a known condition is true.
void import_compress(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Tensor& condition = importer.constant(node, 1);
  if (condition.dtype() != DType::boolean || condition.shape().size() != 1)
    importer.complain(node, "a condition {} {}", to_string(condition.shape()), name(condition.dtype()));
  const bool flat = importer.attribute(node, "axis") == nullptr;
  const int64_t axis = flat ? 0 : importer.dimension(node, importer.integer(node, "axis", 0), x.rank());
  const Shape shape = flat ? Shape{element_count(x.shape())} : x.shape();
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < std::min(condition.size(), shape[static_cast<size_t>(axis)]); ++i)
    if (condition.raw()[i] != std::byte{0}) indices.push_back(i);
  if (indices.empty()) importer.complain(node, "keeps nothing");
  Composite c(importer, node);
  const std::vector<int64_t> order = flat ? identity_order(1) : importer.some_order(x);
  const Ref input = flat ? c.reshape(importer.row_major(x), shape) : importer.in_order(x, order);
  importer.set_in_order(node, 0, picked(importer, node, input, position(order, axis), indices), order);
}

void import_slice(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Box box = box_of(importer, node, x.shape());
  if (box.sizes == x.shape() && std::ranges::all_of(box.strides, [](int64_t stride) { return stride == 1; }))
    return importer.set_same(node, 0, x);
  for (size_t i = 0; i < box.sizes.size(); ++i)
    if (box.sizes[i] < 1) importer.complain(node, "nothing is left of dimension {} of {}", i, to_string(x.shape()));
  const std::vector<int64_t> order = importer.some_order(x);
  Ref y = importer.in_order(x, order);
  // First all dimensions with positive steps at once, then those with negative steps.
  Shape offsets, sizes, strides;
  for (const int64_t d : order) {
    const auto i = static_cast<size_t>(d);
    const bool back = box.strides[i] < 0;
    offsets.push_back(back ? 0 : box.offsets[i]);
    sizes.push_back(back ? x.shape()[i] : box.sizes[i]);
    strides.push_back(back ? 1 : box.strides[i]);
  }
  const bool steps = std::ranges::any_of(strides, [](int64_t stride) { return stride != 1; });
  if (steps || sizes != importer.shape_of(y)) {
    ops::Slice slice{.input = y, .offsets = offsets, .sizes = sizes};
    if (steps) slice.strides = strides;
    y = importer.add(node, slice);
  }
  for (size_t place = 0; place < order.size(); ++place) {
    const auto i = static_cast<size_t>(order[place]);
    if (box.strides[i] > 0) continue;
    importer.spend(node, static_cast<uint64_t>(box.sizes[i]) * sizeof(int64_t));
    std::vector<int64_t> indices;
    for (int64_t k = 0; k < box.sizes[i]; ++k) indices.push_back(box.offsets[i] + k * box.strides[i]);
    y = picked(importer, node, y, static_cast<int64_t>(place), indices);
  }
  importer.set_in_order(node, 0, y, order);
}

// The position whose value cell `at`, which may be outside, repeats.
int64_t repeated(const std::string& mode, int64_t at, int64_t extent) {
  if (mode == "edge") return std::clamp<int64_t>(at, 0, extent - 1);
  const int64_t period = mode == "wrap" ? extent : std::max<int64_t>(2 * (extent - 1), 1);
  const int64_t inside = (at % period + period) % period;
  return mode == "wrap" || inside < extent ? inside : period - inside;
}

// [before, after] for each dimension of a tensor in that order, negative where cells are removed. These are attributes before
// opset 11.
std::vector<int64_t> padding_of(Importer& importer, const OnnxNode& node, const ImportedValue& x,
                                const std::vector<int64_t>& order) {
  const std::vector<int64_t> pads =
      importer.opset() < 11 ? importer.integers(node, "pads", std::vector<int64_t>{}) : importer.integers(node, 1);
  std::vector<int64_t> axes = importer.has_input(node, 3) ? importer.integers(node, 3) : identity_order(x.rank());
  if (pads.size() != 2 * axes.size()) importer.complain(node, "pads {} for {} dimensions", to_string(pads), axes.size());
  std::vector<int64_t> padding(2 * order.size(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto place = static_cast<size_t>(position(order, importer.dimension(node, axes[i], x.rank())));
    for (const size_t side : {0, 1}) {
      const int64_t cells = pads[i + side * axes.size()];
      if (cells < -(1 << 24) || cells > 1 << 24) importer.complain(node, "pads {}", to_string(pads));
      padding[2 * place + side] = cells;
    }
  }
  return padding;
}

double padding_value(Importer& importer, const OnnxNode& node) {
  if (importer.opset() < 11) return importer.number(node, "value", 0.0F);
  if (!importer.has_input(node, 2)) return 0;
  const Tensor& value = importer.constant(node, 2);
  if (value.size() == 1 && value.dtype() != DType::f32) return static_cast<double>(importer.integers(node, 2)[0]);
  return importer.number(node, 2);
}

void import_pad(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const std::string mode = importer.text(node, "mode", "constant");
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap")
    importer.complain(node, "mode \"{}\"; it must be constant, edge, reflect or wrap", mode);
  const std::vector<int64_t> order = importer.some_order(x);
  std::vector<int64_t> padding = padding_of(importer, node, x, order);
  const double value = padding_value(importer, node);
  if (std::ranges::all_of(padding, [](int64_t cells) { return cells == 0; })) return importer.set_same(node, 0, x);
  Ref y = importer.in_order(x, order);
  const Shape shape = importer.shape_of(y);
  for (size_t d = 0; d < shape.size(); ++d) {
    const int64_t before = padding[2 * d], after = padding[2 * d + 1];
    const int64_t first = mode == "constant" ? std::max<int64_t>(-before, 0) : -before;
    const int64_t last = mode == "constant" ? shape[d] - std::max<int64_t>(-after, 0) : shape[d] + after;
    importer.spend(node, static_cast<uint64_t>(std::max<int64_t>(last - first, 0)) * sizeof(int64_t));
    if (first >= last) importer.complain(node, "nothing is left of dimension {} of {}", order[d], to_string(x.shape()));
    std::vector<int64_t> indices;
    for (int64_t at = first; at < last; ++at) indices.push_back(repeated(mode, at, shape[d]));
    y = picked(importer, node, y, static_cast<int64_t>(d), indices);
  }
  for (int64_t& cells : padding) cells = std::max<int64_t>(cells, 0);
  if (mode == "constant" && std::ranges::any_of(padding, [](int64_t cells) { return cells > 0; }))
    y = importer.add(node, ops::Pad{.input = y, .padding = padding, .value = value});
  importer.set_in_order(node, 0, y, order);
}

// Concatenates copies of the whole along each dimension.
void import_tile(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> repeats = importer.integers(node, 1);
  if (std::ssize(repeats) != x.rank() ||
      std::ranges::any_of(repeats, [](int64_t times) { return times < 1 || times > 1 << 24; }))
    importer.complain(node, "repeats {} of {}", to_string(repeats), to_string(x.shape()));
  const std::vector<int64_t> order = importer.some_order(x);
  const Ref input = importer.in_order(x, order);
  const Shape shape = importer.shape_of(input);
  Shape apart, spread, whole;
  for (size_t i = 0; i < order.size(); ++i) {
    const int64_t times = repeats[static_cast<size_t>(order[i])];
    if (times > 1) {
      apart.push_back(1);
      spread.push_back(times);
    }
    apart.push_back(shape[i]);
    spread.push_back(shape[i]);
    whole.push_back(shape[i] * times);
  }
  Composite c(importer, node);
  element_count(whole);  // fails on overflow
  const Ref y =
      spread == shape ? input : c.reshape(c(ops::Broadcast{.input = c.reshape(input, apart), .shape = spread}), whole);
  importer.set_in_order(node, 0, y, order);
}

}  // namespace

void add_gather_imports(ImportTable& table) {
  table["Gather"] = import_gather;
  table["GatherElements"] = import_gather_elements;
  table["GatherND"] = import_gather_nd;
  table["Compress"] = import_compress;
  table["Slice"] = import_slice;
  table["Pad"] = import_pad;
  table["Tile"] = import_tile;
}

}  // namespace fovea
