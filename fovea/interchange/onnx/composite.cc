// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/composite.h"

#include <algorithm>

#include "fovea/core/tensor_permute.h"

namespace fovea {
namespace {

// The value with dimensions of one in front, up to a rank.
ImportedValue of_rank(const ImportedValue& value, int64_t rank) {
  ImportedValue result = value;
  Shape shape(static_cast<size_t>(rank - value.rank()), 1);
  const Shape own = value.shape();
  shape.insert(shape.end(), own.begin(), own.end());
  if (result.constant)
    result.constant = result.constant->reshaped(shape);
  else
    result.layout = *result.layout.reshaped(shape);
  return result;
}

// `value`, of the rank of `order`, as an operand of values in that order. Parameters lose leading ones, so that a bias is
// [channels].
Ref operand(Importer& importer, ImportedValue value, const std::vector<int64_t>& order) {
  if (!value.constant) return importer.in_order(value, order);
  if (value.constant->size() == 1 && value.constant->dtype() == DType::f32)
    return importer.scalar(value.constant->data<float>()[0]);
  const Tensor tensor = permuted(*value.constant, order);
  Shape shape = tensor.shape();
  shape.erase(shape.begin(), std::ranges::find_if(shape, [](int64_t extent) { return extent != 1; }));
  return importer.parameter(value.name, tensor.reshaped(shape));
}

}  // namespace

Ref Composite::positions(int64_t count, int64_t dimension, int64_t rank, DType dtype) {
  importer_.spend(node_, static_cast<uint64_t>(count) * byte_size(dtype));
  Shape shape(static_cast<size_t>(rank), 1);
  shape.at(static_cast<size_t>(dimension)) = count;
  Tensor numbers(shape, dtype);
  for (int64_t i = 0; i < count; ++i) {
    if (dtype == DType::i64)
      numbers.data<int64_t>()[i] = i;
    else if (dtype == DType::i32)
      numbers.data<int32_t>()[i] = static_cast<int32_t>(i);
    else
      numbers.data<float>()[i] = static_cast<float>(i);
  }
  return importer_.known(numbers);
}

Ref data_of(Importer& importer, ImportedValue& x) { return x.constant ? importer.row_major(x) : x.ref; }

Layout layout_of(const ImportedValue& x) { return x.constant ? Layout::row_major(x.shape()) : x.layout; }

DType dtype_of(Importer& importer, const ImportedValue& x) {
  if (!x.constant) return importer.type_of(x.ref).dtype;
  return x.constant->dtype() == DType::boolean ? DType::f32 : x.constant->dtype();
}

std::vector<int64_t> with_last(Importer& importer, const ImportedValue& x, int64_t axis) {
  std::vector<int64_t> order = importer.some_order(x);
  order.erase(std::ranges::find(order, axis));
  order.push_back(axis);
  return order;
}

Placed placed_together(Importer& importer, const OnnxNode& node, std::vector<ImportedValue*> values) {
  Placed placed;
  for (const ImportedValue* value : values) placed.shape = importer.broadcast(node, placed.shape, value->shape());
  const auto rank = static_cast<int64_t>(placed.shape.size());
  std::vector<ImportedValue> whole;
  for (const ImportedValue* value : values) whole.push_back(of_rank(*value, rank));
  // The order is that of the first operand with the whole shape, or else of the first operand that is computed.
  const ImportedValue* leader = &whole.front();
  const auto computed = std::ranges::find_if(whole, [](const ImportedValue& value) { return !value.constant; });
  if (computed != whole.end()) leader = &*computed;
  const auto full =
      std::ranges::find_if(whole, [&](const ImportedValue& value) { return !value.constant && value.shape() == placed.shape; });
  if (full != whole.end()) leader = &*full;
  placed.order = importer.some_order(*leader);
  for (const ImportedValue& value : whole) placed.refs.push_back(operand(importer, value, placed.order));
  return placed;
}

void set_placed(Importer& importer, const OnnxNode& node, const Placed& placed, Ref y) {
  // Parameters lost their leading ones; a result of parameters alone gets its rank back.
  const Shape shape = ordered_shape(placed.shape, placed.order);
  if (importer.shape_of(y) != shape) {
    const bool same_count = element_count(importer.shape_of(y)) == element_count(shape);
    y = same_count ? importer.add(node, ops::Reshape{.input = y, .shape = shape})
                   : importer.add(node, ops::Broadcast{.input = y, .shape = shape});
  }
  importer.set_in_order(node, 0, y, placed.order);
}

}  // namespace fovea
