// SPDX-License-Identifier: Apache-2.0
// Normalization over the batch, over layers, groups and instances, and over neighboring channels.
#include <algorithm>
#include <numeric>

#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

// Normalizes by the batch's own statistics and updates the running ones.
void batch_norm_in_training(Importer& importer, const OnnxNode& node, const ops::BatchNorm& norm) {
  if (importer.opset() < 14)
    importer.complain(node, "gives training's statistics, whose meaning in opset {} is open; export the network for inference",
                      importer.opset());
  const auto [y, mean, variance] = importer.add(
      node, ops::BatchNormTraining{.input = norm.input, .scale = norm.scale, .shift = norm.shift, .epsilon = norm.epsilon});
  importer.set_channels_last(node, 0, y);
  const double momentum = importer.number(node, "momentum", 0.9F);
  Composite c(importer, node);
  const auto move = [&](size_t index, Ref running, Ref own) {
    const Ref moved = c.add(c.mul(running, momentum), c.mul(own, 1 - momentum));
    importer.set(node, index, moved, Layout::row_major(importer.shape_of(moved)));
  };
  move(1, norm.mean, mean);
  move(2, norm.variance, variance);
}

void import_batch_norm(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  // Until opset 8, `spatial` = 0 normalized each activation on its own, which is the same for [batch, channels].
  if (importer.opset() < 9 && importer.integer(node, "spatial", 1) != 1 && x.rank() > 2)
    importer.complain(node, "spatial is 0; fovea norms channels");
  const auto statistic = [&](size_t index) { return importer.row_major(importer.input(node, index)); };
  const ops::BatchNorm norm{.input = importer.channels_last(x),
                            .scale = statistic(1),
                            .shift = statistic(2),
                            .mean = statistic(3),
                            .variance = statistic(4),
                            .epsilon = importer.number(node, "epsilon", 1e-5F)};
  const bool more = std::ranges::any_of(node.outputs.begin() + 1, node.outputs.end(),
                                        [&](const std::string& name) { return importer.is_wanted(name); });
  const bool training = importer.opset() >= 14 ? importer.integer(node, "training_mode", 0) != 0 : more;
  if (training) return batch_norm_in_training(importer, node, norm);
  if (more) importer.complain(node, "gives statistics without training_mode");
  importer.set_channels_last(node, 0, importer.add(node, norm));
}

// (x - mean) / sqrt(variance + epsilon) over the dimensions `dims`; both statistics are kept.
struct Normal {
  Ref y, mean, inverse;
};

Normal normal(Composite& c, Ref x, const std::vector<int64_t>& dims, double epsilon) {
  const Ref mean = c.reduce<ops::ReduceMean>(x, dims);
  const Ref centered = c.sub(x, mean);
  const Ref variance = c.reduce<ops::ReduceMean>(c.square(centered), dims);
  const Ref inverse = c(ops::Rsqrt{c.add(variance, epsilon)});
  return {.y = c.mul(centered, inverse), .mean = mean, .inverse = inverse};
}

// One operator over the last dimension; composed of arithmetic over several dimensions or when statistics are asked for.
void import_layer_norm(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t rank = x.rank(), axis = importer.dimension(node, importer.integer(node, "axis", -1), rank);
  const double epsilon = importer.number(node, "epsilon", 1e-5F);
  const bool more = std::ranges::any_of(node.outputs.begin() + 1, node.outputs.end(),
                                        [&](const std::string& name) { return importer.is_wanted(name); });
  ImportedValue& scale = importer.input(node, 1);
  Composite c(importer, node);
  if (axis == rank - 1 && !more && scale.rank() == 1 && scale.shape()[0] == x.shape().back()) {
    const std::vector<int64_t> order = with_last(importer, x, axis);
    const Ref input = importer.in_order(x, order), by = importer.row_major(scale);
    Ref shift;
    if (importer.has_input(node, 2))
      shift = importer.row_major(importer.input(node, 2));
    else
      shift = importer.parameter(scale.name + ".shift", Tensor(importer.shape_of(by), DType::f32));
    return importer.set_in_order(node, 0, c(ops::LayerNorm{.input = input, .scale = by, .shift = shift, .epsilon = epsilon}),
                                 order);
  }
  std::vector<int64_t> dims(static_cast<size_t>(rank - axis));
  std::iota(dims.begin(), dims.end(), axis);
  const Normal result = normal(c, importer.row_major(x), dims, epsilon);
  Ref y = c.mul(result.y, importer.row_major(scale));
  if (importer.has_input(node, 2)) y = c.add(y, importer.row_major(importer.input(node, 2)));
  importer.set(node, 0, y, Layout::row_major(importer.shape_of(y)));
  importer.set(node, 1, result.mean, Layout::row_major(importer.shape_of(result.mean)));
  importer.set(node, 2, result.inverse, Layout::row_major(importer.shape_of(result.inverse)));
}

// Group normalization with as many groups as channels.
void import_instance_norm(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  if (x.rank() < 3) importer.complain(node, "its input is {}; [batch, channels, spatial...] is needed", to_string(x.shape()));
  const Ref input = importer.channels_last(x);
  const Ref scale = importer.row_major(importer.input(node, 1)), shift = importer.row_major(importer.input(node, 2));
  const double epsilon = importer.number(node, "epsilon", 1e-5F);
  importer.set_channels_last(
      node, 0,
      importer.add(node,
                   ops::GroupNorm{.input = input, .scale = scale, .shift = shift, .groups = x.shape()[1], .epsilon = epsilon}));
}

// Scales and shifts belong to groups before opset 21, and to channels since.
void import_group_norm(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t groups = importer.integer(node, "num_groups", 0);
  if (x.rank() < 3 || groups < 1 || x.shape()[1] % groups != 0)
    importer.complain(node, "{} groups of an input {}", groups, to_string(x.shape()));
  const int64_t channels = x.shape()[1];
  Composite c(importer, node);
  std::vector<Ref> operands{importer.channels_last(x)};
  for (const size_t index : {1, 2}) {
    Ref each = importer.row_major(importer.input(node, index));
    if (importer.shape_of(each) == Shape{groups} && groups != channels) {
      const Ref column = c.reshape(each, {groups, 1});
      each = c.reshape(c(ops::Broadcast{.input = column, .shape = {groups, channels / groups}}), {channels});
    }
    operands.push_back(each);
  }
  const double epsilon = importer.number(node, "epsilon", 1e-5F);
  importer.set_channels_last(
      node, 0,
      c(ops::GroupNorm{
          .input = operands[0], .scale = operands[1], .shift = operands[2], .groups = groups, .epsilon = epsilon}));
}

// Krizhevsky et al. 2012, section 3.3: x / (bias + alpha / size * the sum of squares of `size` neighboring channels) ^ beta.
// The sum divided by the size is an average along channels.
void import_lrn(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t size = importer.integer(node, "size", 0);
  if (x.rank() < 3 || size < 1 || size > 1 << 20)
    importer.complain(node, "{} neighbors of an input {}", size, to_string(x.shape()));
  const Ref input = importer.channels_last(x);
  const Shape shape = importer.shape_of(input);
  Composite c(importer, node);
  const Ref rows = c(ops::Reshape{.input = c.square(input), .shape = {-1, shape.back(), 1}});
  const Ref means = c(ops::AveragePool{
      .input = rows, .window = {size}, .strides = {1}, .padding = Shape{(size - 1) / 2, size / 2}, .count_padding = true});
  const Ref scaled = c.mul(c(ops::Reshape{.input = means, .shape = shape}), importer.number(node, "alpha", 1e-4F));
  const Ref logarithm = c.log(c.add(scaled, importer.number(node, "bias", 1.0F)));
  importer.set_channels_last(node, 0, c.mul(input, c.exp(c.mul(logarithm, -importer.number(node, "beta", 0.75F)))));
}

// (x - mean) / the standard deviation, to which ONNX adds 1e-9.
void import_mean_variance(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  std::vector<int64_t> dims = importer.integers(node, "axes", {0, 2, 3});
  const std::vector<int64_t> order = importer.some_order(x);
  for (int64_t& dim : dims) dim = std::ranges::find(order, importer.dimension(node, dim, x.rank())) - order.begin();
  std::ranges::sort(dims);
  Composite c(importer, node);
  const Ref input = importer.in_order(x, order);
  const Ref centered = c.sub(input, c.reduce<ops::ReduceMean>(input, dims));
  const Ref deviation = c.sqrt(c.reduce<ops::ReduceMean>(c.square(centered), dims));
  importer.set_in_order(node, 0, c.div(centered, c.add(deviation, 1e-9)), order);
}

}  // namespace

void add_norm_imports(ImportTable& table) {
  table["BatchNormalization"] = import_batch_norm;
  table["LayerNormalization"] = import_layer_norm;
  table["InstanceNormalization"] = import_instance_norm;
  table["GroupNormalization"] = import_group_norm;
  table["LRN"] = import_lrn;
  table["MeanVarianceNormalization"] = import_mean_variance;
}

}  // namespace fovea
