// Sums and extremes over dimensions, softmax, and norms made of them.
#include <algorithm>
#include <numeric>

#include "fovea/onnx/importer.h"

namespace fovea {
namespace {

// Reduces the file's dimensions `axes`; the rest keeps its order.
void reduce(Importer& importer, const OnnxNode& node, const char* operation, const std::vector<int64_t>& axes, bool keep) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> order = importer.some_order(x);
  std::vector<int64_t> dims, rest;
  for (size_t i = 0; i < order.size(); ++i) {
    if (std::ranges::find(axes, order[i]) != axes.end())
      dims.push_back(static_cast<int64_t>(i));
    else
      rest.push_back(order[i]);
  }
  const Ref input = importer.in_order(x, order);
  if (dims.empty()) return importer.set_in_order(node, 0, input, order);
  const Ref y = importer.add(node, operation, {input}, {{"dims", dims}, {"keep_dims", keep}}).front();
  if (keep) return importer.set_in_order(node, 0, y, order);
  // What is left keeps its place among itself.
  std::vector<int64_t> sorted = rest;
  std::ranges::sort(sorted);
  for (int64_t& d : rest) d = std::ranges::find(sorted, d) - sorted.begin();
  importer.set_in_order(node, 0, y, rest);
}

void import_reduction(Importer& importer, const OnnxNode& node, const char* operation) {
  const int64_t rank = importer.input(node, 0).rank();
  std::vector<int64_t> all(static_cast<size_t>(rank));
  std::iota(all.begin(), all.end(), 0);
  std::vector<int64_t> axes =
      importer.has_input(node, 1) ? importer.integers(node, 1) : importer.integers(node, "axes", std::vector<int64_t>{});
  if (axes.empty()) axes = importer.integer(node, "noop_with_empty_axes", 0) != 0 ? std::vector<int64_t>{} : all;
  for (int64_t& axis : axes) axis = importer.dimension(node, axis, rank);
  reduce(importer, node, operation, axes, importer.integer(node, "keepdims", 1) != 0);
}

void import_global_pool(Importer& importer, const OnnxNode& node, const char* operation) {
  const int64_t rank = importer.input(node, 0).rank();
  if (rank < 3) importer.complain(node, "its input has {} dimensions; [batch, channels, spatial...] is needed", rank);
  std::vector<int64_t> axes(static_cast<size_t>(rank - 2));
  std::iota(axes.begin(), axes.end(), 2);
  reduce(importer, node, operation, axes, true);
}

// Brings `axis` last: fovea's softmax, argmax and layer norm work along the last dimension.
std::vector<int64_t> with_last(Importer& importer, const ImportedValue& x, int64_t axis) {
  std::vector<int64_t> order = importer.some_order(x);
  order.erase(std::ranges::find(order, axis));
  order.push_back(axis);
  return order;
}

void import_softmax(Importer& importer, const OnnxNode& node, const char* operation) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> order =
      with_last(importer, x, importer.dimension(node, importer.integer(node, "axis", -1), x.rank()));
  const Ref input = importer.in_order(x, order);
  importer.set_in_order(node, 0, importer.add(node, operation, {input}).front(), order);
}

void import_layer_norm(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t axis = importer.dimension(node, importer.integer(node, "axis", -1), x.rank());
  if (axis != x.rank() - 1) importer.complain(node, "a norm over several dimensions; fovea has one over the last");
  const std::vector<int64_t> order = with_last(importer, x, axis);
  const Ref input = importer.in_order(x, order), scale = importer.row_major(importer.input(node, 1));
  Ref shift;
  if (importer.has_input(node, 2))
    shift = importer.row_major(importer.input(node, 2));
  else
    shift = importer.parameter(importer.input(node, 1).name + ".shift", Tensor(importer.shape_of(scale), DType::f32));
  const double epsilon = importer.number(node, "epsilon", 1e-5F);
  importer.set_in_order(node, 0, importer.add(node, "layer_norm", {input, scale, shift}, {{"epsilon", epsilon}}).front(),
                        order);
}

// As many groups as channels is instance normalisation.
void import_instance_norm(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  if (x.rank() < 3) importer.complain(node, "its input is {}; [batch, channels, spatial...] is needed", to_string(x.shape()));
  const Ref input = importer.channels_last(x);
  const std::vector<Ref> operands{input, importer.row_major(importer.input(node, 1)),
                                  importer.row_major(importer.input(node, 2))};
  const double epsilon = importer.number(node, "epsilon", 1e-5F);
  importer.set_channels_last(
      node, 0, importer.add(node, "group_norm", operands, {{"groups", x.shape()[1]}, {"epsilon", epsilon}}).front());
}

// Krizhevsky et al. 2012, section 3.3: x / (bias + alpha / size * the sum of squares of `size` neighbouring channels) ^ beta.
// The sum over the size is a mean along channels.
void import_lrn(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t size = importer.integer(node, "size", 0);
  if (x.rank() < 3 || size < 1 || size > 1 << 20)
    importer.complain(node, "{} neighbours of an input {}", size, to_string(x.shape()));
  const Ref input = importer.channels_last(x);
  const Shape shape = importer.shape_of(input);
  const auto step = [&](const char* operation, const std::vector<Ref>& operands, const Attributes& attributes = {}) {
    return importer.add(node, operation, operands, attributes).front();
  };
  const Ref rows = step("reshape", {step("mul", {input, input})}, {{"shape", Shape{-1, shape.back(), 1}}});
  const Ref means = step(
      "avg_pool", {rows},
      {{"window", Shape{size}}, {"strides", Shape{1}}, {"padding", Shape{(size - 1) / 2, size / 2}}, {"count_padding", true}});
  const Ref scaled =
      step("mul", {step("reshape", {means}, {{"shape", shape}}), importer.scalar(importer.number(node, "alpha", 1e-4F))});
  const Ref logarithm = step("log", {step("add", {scaled, importer.scalar(importer.number(node, "bias", 1.0F))})});
  const Ref factor = step("exp", {step("mul", {logarithm, importer.scalar(-importer.number(node, "beta", 0.75F))})});
  importer.set_channels_last(node, 0, step("mul", {input, factor}));
}

}  // namespace

void add_reduction_imports(ImportTable& table) {
  const std::pair<const char*, const char*> reductions[] = {
      {"ReduceMean", "reduce_mean"}, {"ReduceSum", "reduce_sum"}, {"ReduceMax", "reduce_max"}, {"ReduceMin", "reduce_min"}};
  for (const auto& [type, operation] : reductions)
    table[type] = [operation](Importer& importer, const OnnxNode& node) { import_reduction(importer, node, operation); };
  table["GlobalAveragePool"] = [](Importer& importer, const OnnxNode& node) {
    import_global_pool(importer, node, "reduce_mean");
  };
  table["GlobalMaxPool"] = [](Importer& importer, const OnnxNode& node) { import_global_pool(importer, node, "reduce_max"); };
  table["Softmax"] = [](Importer& importer, const OnnxNode& node) { import_softmax(importer, node, "softmax"); };
  table["LogSoftmax"] = [](Importer& importer, const OnnxNode& node) { import_softmax(importer, node, "log_softmax"); };
  table["LRN"] = import_lrn;
  table["LayerNormalization"] = import_layer_norm;
  table["InstanceNormalization"] = import_instance_norm;
}

}  // namespace fovea
