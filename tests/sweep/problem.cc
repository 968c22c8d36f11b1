// SPDX-License-Identifier: Apache-2.0
#include "tests/sweep/problem.h"

#include <algorithm>

#include "fovea/core/random.h"

namespace fovea::sweep {
namespace {

using reference::Numbers;

// Eighths from -1 to 1. bf16 holds them and f32 every sum of their products, so that compiled code must be exact.
Tensor eighths(const Shape& shape, uint64_t stream) {
  Random random(11, stream);
  Tensor tensor(shape, DType::f32);
  for (float& value : tensor.values<float>()) value = (static_cast<float>(random.below(17)) - 8) / 8;
  return tensor;
}

Numbers numbers_of(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

Shape image_shape(int64_t batch, const std::vector<int64_t>& spatial, int64_t channels) {
  Shape shape{batch};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  shape.push_back(channels);
  return shape;
}

// The sizes of an operator's tensors.
struct Sizes {
  Shape x, w, y;  // w is empty without a filter
};

Sizes sizes_of(const Case& layer) {
  std::vector<int64_t> larger, smaller;
  for (const auto& dim : movement(layer)) {
    larger.push_back(dim.input);
    smaller.push_back(dim.output);
  }
  const int64_t in = layer.in * layer.groups, out = layer.out * layer.groups;
  Shape filter = layer.kernel;
  filter.insert(filter.end(), {layer.in, out});
  switch (layer.op) {
    case Operator::conv:
      return {image_shape(layer.batch, larger, in), filter, image_shape(layer.batch, smaller, out)};
    case Operator::conv_transpose:
      return {image_shape(layer.batch, smaller, out), filter, image_shape(layer.batch, larger, in)};
    case Operator::max_pool:
    case Operator::avg_pool:
      return {image_shape(layer.batch, larger, layer.in), {}, image_shape(layer.batch, smaller, layer.in)};
    case Operator::dense:
      return {{layer.batch, in}, {in, out}, {layer.batch, out}};
    case Operator::matmul:
      break;
  }
  const int64_t rows = layer.batch, depth = layer.in, columns = layer.out;
  Sizes sizes{{rows, depth}, {depth, columns}, {rows, columns}};
  if (layer.transpose_lhs) std::swap(sizes.x[0], sizes.x[1]);
  if (layer.transpose_rhs) std::swap(sizes.w[0], sizes.w[1]);
  if (layer.groups > 1)
    for (Shape* shape : {&sizes.x, &sizes.w, &sizes.y}) shape->insert(shape->begin(), layer.groups);
  return sizes;
}

// The operator and its gradients in plain loops.
class Loops {
 public:
  explicit Loops(const Case& layer) : layer_(layer), windows_(movement(layer)), channels_{layer.in, layer.out, layer.groups} {}

  Numbers forward(const Numbers& x, const Numbers& w) const {
    switch (layer_.op) {
      case Operator::conv:
        return reference::convolved(windows_, layer_.batch, channels_, x, w);
      case Operator::conv_transpose:
        return reference::transposed(windows_, layer_.batch, channels_, x, w);
      case Operator::max_pool:
        return reference::largest(windows_, layer_.batch, layer_.in, x);
      case Operator::avg_pool:
        return reference::averaged(windows_, layer_.batch, layer_.in, layer_.count_padding, x);
      case Operator::dense:
        return product(x, w, false, false, layer_.batch, depth(), columns());
      case Operator::matmul:
        return product(x, w, layer_.transpose_lhs, layer_.transpose_rhs, layer_.batch, depth(), columns());
    }
    return {};
  }

  // The gradients of the sum of forward * y by x and, if there is one, by w.
  std::pair<Numbers, Numbers> gradients(const Numbers& x, const Numbers& w, const Numbers& y) const {
    switch (layer_.op) {
      case Operator::conv:
        return {reference::transposed(windows_, layer_.batch, channels_, y, w),
                reference::filter_gradient(windows_, layer_.batch, channels_, x, y)};
      case Operator::conv_transpose:
        return {reference::convolved(windows_, layer_.batch, channels_, y, w),
                reference::filter_gradient(windows_, layer_.batch, channels_, y, x)};
      case Operator::max_pool:
        return {reference::largest_gradient(windows_, layer_.batch, layer_.in, x, y), {}};
      case Operator::avg_pool:
        return {reference::averaged_gradient(windows_, layer_.batch, layer_.in, layer_.count_padding, y), {}};
      case Operator::dense:
      case Operator::matmul:
        break;
    }
    const bool left = layer_.transpose_lhs, right = layer_.transpose_rhs;
    const int64_t rows = layer_.batch;
    return {
        left ? product(w, y, right, true, depth(), columns(), rows) : product(y, w, false, !right, rows, columns(), depth()),
        right ? product(y, x, true, left, columns(), rows, depth()) : product(x, y, !left, false, depth(), rows, columns())};
  }

 private:
  int64_t depth() const { return layer_.op == Operator::dense ? layer_.in * layer_.groups : layer_.in; }
  int64_t columns() const { return layer_.op == Operator::dense ? layer_.out * layer_.groups : layer_.out; }
  Numbers product(const Numbers& a, const Numbers& b, bool transpose_a, bool transpose_b, int64_t rows, int64_t inner,
                  int64_t outer) const {
    const int64_t stack = layer_.op == Operator::matmul ? layer_.groups : 1;
    return reference::products(stack, rows, inner, outer, transpose_a, transpose_b, a, b);
  }

  const Case& layer_;
  reference::Windows windows_;
  reference::Channels channels_;
};

const char* operator_name(Operator op) {
  static constexpr const char* names[] = {"conv", "conv_transpose", "max_pool", "avg_pool", "dense", "matmul"};
  return names[static_cast<size_t>(op)];
}

Attributes attributes(const Case& layer) {
  if (layer.op == Operator::matmul) return {{"transpose_lhs", layer.transpose_lhs}, {"transpose_rhs", layer.transpose_rhs}};
  if (layer.op == Operator::dense) return {};
  Attributes result{{"strides", layer.stride}};
  if (layer.padding.empty())
    result.emplace_back("padding", std::string("same"));
  else
    result.emplace_back("padding", layer.padding);
  if (layer.op != Operator::avg_pool) result.emplace_back("dilations", layer.dilation);
  if (layer.is_pool()) result.emplace_back("window", layer.kernel);
  if (layer.op == Operator::avg_pool) result.emplace_back("count_padding", layer.count_padding);
  if (!layer.is_pool() && layer.groups > 1) result.emplace_back("groups", layer.groups);
  if (layer.is_transposed()) {
    const Shape y = sizes_of(layer).y;
    result.emplace_back("output_size", std::vector<int64_t>(y.begin() + 1, y.end() - 1));
  }
  return result;
}

void add_argument(Problem& problem, const std::string& name, Role role, Tensor value) {
  problem.arguments.push_back({name, {value.shape(), value.dtype()}, role, std::move(value)});
}

// Values in memory between two kernels are rounded, too: before a bias is added, or before a mean's sum is divided.
double tolerance_of(const Case& layer) {
  if (layer.element == Element::bf16) return layer.op == Operator::avg_pool ? 0x1p-6 : layer.after ? 0x1p-7 : 0x1p-8;
  const bool winograd = layer.way == Way::winograd_two || layer.way == Way::winograd_four || layer.way == Way::inference;
  return winograd && layer.op == Operator::conv ? 1e-4 : 1e-5;
}

Problem float_problem(const Case& layer, const std::string& prefix) {
  Problem problem{layer, {}, {}};
  const Sizes sizes = sizes_of(layer);
  const auto channels = sizes.y.back();
  // Both operands of a product are activations.
  const Role second = layer.op == Operator::matmul ? Role::input : Role::parameter;
  add_argument(problem, prefix + ".x", Role::input, eighths(sizes.x, 1));
  Numbers x = numbers_of(problem.arguments[0].value), w, bias;
  if (!sizes.w.empty()) {
    add_argument(problem, prefix + ".w", second, eighths(sizes.w, 2));
    w = numbers_of(problem.arguments.back().value);
  }
  if (layer.before)
    for (double& value : x) value = -value;
  const Loops loops(layer);
  Numbers y = loops.forward(x, w);
  const double tolerance = tolerance_of(layer);
  if (layer.after) {
    add_argument(problem, prefix + ".bias", Role::parameter, eighths({channels}, 3));
    bias = numbers_of(problem.arguments.back().value);
    for (size_t at = 0; at < y.size(); ++at) y[at] = std::max(0.0, y[at] + bias[at % bias.size()]);
  }
  problem.results.push_back({prefix + ".y", sizes.y, y, tolerance});
  if (layer.way != Way::gradients) return problem;
  add_argument(problem, prefix + ".weights", Role::input, eighths(sizes.y, 4));
  auto [by_x, by_w] = loops.gradients(x, w, numbers_of(problem.arguments.back().value));
  if (layer.before)
    for (double& value : by_x) value = -value;
  problem.results.push_back({prefix + ".dx", sizes.x, by_x, tolerance});
  if (!sizes.w.empty()) problem.results.push_back({prefix + ".dw", sizes.w, by_w, tolerance});
  return problem;
}

}  // namespace

Problem integer_problem(const Case& layer, const std::string& prefix, const Shape& x, const Shape& w);
Ref record_integers(Graph& graph, const Case& layer, const std::vector<Ref>& operands, Attributes attributes,
                    const std::string& prefix);

Problem problem_of(const Case& layer, const std::string& prefix) {
  if (!layer.is_integer()) return float_problem(layer, prefix);
  const Sizes sizes = sizes_of(layer);
  return integer_problem(layer, prefix, sizes.x, sizes.w);
}

std::vector<Ref> record(Graph& graph, const Problem& problem, const std::map<std::string, Ref>& arguments) {
  const Case& layer = problem.layer;
  const std::string& first = problem.arguments[0].name;
  const std::string prefix = first.substr(0, first.find('.'));
  const auto argument = [&](const char* name) { return arguments.at(prefix + "." + name); };
  const auto add = [&](const std::string& name, const std::vector<Ref>& operands, const Attributes& given = {}) {
    return graph.add(name, operands, given, prefix)[0];
  };
  std::vector<Ref> operands;
  for (const Argument& one : problem.arguments)
    if (one.name != prefix + ".weights" && (layer.is_integer() || one.name != prefix + ".bias"))
      operands.push_back(arguments.at(one.name));
  if (layer.is_integer()) return {record_integers(graph, layer, operands, attributes(layer), prefix)};
  const Ref x = operands[0];
  if (layer.before) operands[0] = add("neg", {x});
  Ref y = add(operator_name(layer.op), operands, attributes(layer));
  if (layer.after) y = add("relu", {add("add", {y, argument("bias")})});
  std::vector<Ref> results{y};
  if (layer.way != Way::gradients) return results;
  std::vector<int64_t> dims(graph.type(y).shape.size());
  for (size_t dim = 0; dim < dims.size(); ++dim) dims[dim] = static_cast<int64_t>(dim);
  const Ref loss = add("reduce_sum", {add("mul", {y, argument("weights")})}, {{"dims", dims}});
  std::vector<Ref> by{loss, x};
  if (operands.size() > 1) by.push_back(operands[1]);
  for (const Ref gradient : graph.add("gradients", by, {}, "")) results.push_back(gradient);
  return results;
}

}  // namespace fovea::sweep
