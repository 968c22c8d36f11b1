// SPDX-License-Identifier: Apache-2.0
// Convolutions and dense layers, which have weights and count as multiply-accumulates.
#include <fmt/format.h>

#include <functional>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/recorder.h"

namespace fovea {
namespace {

std::string called(Value x, const char* kind) { return fmt::format("{} \"{}\"", kind, x.recorder().path()); }

int64_t spatial_rank(Value x, const std::string& layer) {
  const int64_t spatial = x.rank() - 2;
  if (spatial < 1 || spatial > 3) {
    refuse("{}: the input {} must be [batch, spatial..., channels] with 1 to 3 spatial dimensions", layer,
           to_string(x.shape()));
  }
  return spatial;
}

void check_positive(int64_t value, const char* option, const std::string& layer) {
  if (value < 1) refuse("{}: {} is {}, must be at least 1", layer, option, value);
}

template <typename Options>
Value finish(Value y, const Options& options, int64_t fan_in, int64_t fan_out) {
  if (options.bias) {
    y = y + y.recorder().parameter({.name = "bias",
                                    .shape = {y.extent(-1)},
                                    .initializer = options.bias_initializer,
                                    .fan_in = fan_in,
                                    .fan_out = fan_out,
                                    .decayed = false});
  }
  return options.activation(y);
}

template <typename Options>
operators::Movement movement_of(const Options& options, int64_t spatial, const std::string& layer) {
  return {.strides = options.stride.of_rank(spatial, layer + ": stride"),
          .dilations = options.dilation.of_rank(spatial, layer + ": dilation"),
          .padding = ops::Padding(options.padding.attribute(spatial, layer + ": padding"))};
}

int64_t product(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{1}, std::multiplies<>());
}

Value convolve(Value x, const ConvOptions& options, const std::string& layer) {
  const int64_t spatial = spatial_rank(x, layer);
  const int64_t in = x.extent(-1);
  check_positive(options.filters, "filters", layer);
  check_positive(options.groups, "groups", layer);
  if (in % options.groups != 0 || options.filters % options.groups != 0) {
    refuse("{}: groups is {}, must divide both the {} input channels and the {} filters", layer, options.groups, in,
           options.filters);
  }
  Shape filter = options.kernel.of_rank(spatial, layer + ": kernel");
  const int64_t taps = product(filter);
  filter.insert(filter.end(), {in / options.groups, options.filters});
  const int64_t fan_in = taps * in / options.groups, fan_out = taps * options.filters / options.groups;
  const Value weight = x.recorder().parameter({.name = "weight",
                                               .shape = filter,
                                               .initializer = options.initializer,
                                               .fan_in = fan_in,
                                               .fan_out = fan_out,
                                               .groups = options.groups,
                                               .frozen = options.frozen,
                                               .kind = ParameterKind::filter});
  const Value y = operators::conv(x, weight, movement_of(options, spatial, layer), options.groups);
  return finish(y, options, fan_in, fan_out);
}

}  // namespace

std::vector<int64_t> Extents::of_rank(int64_t spatial, std::string_view what) const {
  std::vector<int64_t> values = values_;
  if (values.size() == 1) values.assign(static_cast<size_t>(spatial), values.front());
  if (values.size() != static_cast<size_t>(spatial)) {
    refuse("{} has {} numbers, must have one, or one for each of the {} spatial dimensions", what, values.size(), spatial);
  }
  for (const int64_t value : values) {
    if (value < 1) refuse("{} is {}, must be at least 1", what, value);
  }
  return values;
}

Attribute Padding::attribute(int64_t spatial, std::string_view what) const {
  if (!explicit_) return std::string(rule_ == same ? "same" : "valid");
  std::vector<PaddingPair> pairs = pairs_;
  if (pairs.size() == 1) pairs.assign(static_cast<size_t>(spatial), pairs.front());
  if (pairs.size() != static_cast<size_t>(spatial)) {
    refuse("{} has {} pairs, must have one, or one for each of the {} spatial dimensions", what, pairs.size(), spatial);
  }
  std::vector<int64_t> values;
  for (const PaddingPair& pair : pairs) {
    if (pair.before < 0 || pair.after < 0) refuse("{} is {}, {}, must not be negative", what, pair.before, pair.after);
    values.insert(values.end(), {pair.before, pair.after});
  }
  return values;
}

Layer conv(ConvOptions options) {
  const std::string name = options.name;
  return named_layer("conv", name, [options = std::move(options)](Value x) { return convolve(x, options, called(x, "conv")); });
}

Layer depthwise_conv(DepthwiseConvOptions options) {
  const std::string name = options.name;
  return named_layer("depthwise_conv", name, [options = std::move(options)](Value x) {
    const std::string layer = called(x, "depthwise_conv");
    spatial_rank(x, layer);
    check_positive(options.multiplier, "multiplier", layer);
    const int64_t channels = x.extent(-1);
    return convolve(x,
                    {.filters = channels * options.multiplier,
                     .kernel = options.kernel,
                     .stride = options.stride,
                     .dilation = options.dilation,
                     .groups = channels,
                     .padding = options.padding,
                     .bias = options.bias,
                     .activation = options.activation,
                     .initializer = options.initializer,
                     .bias_initializer = options.bias_initializer},
                    layer);
  });
}

Layer transposed_conv(TransposedConvOptions options) {
  const std::string name = options.name;
  return named_layer("transposed_conv", name, [options = std::move(options)](Value x) {
    const std::string layer = called(x, "transposed_conv");
    const int64_t spatial = spatial_rank(x, layer);
    check_positive(options.filters, "filters", layer);
    Shape filter = options.kernel.of_rank(spatial, layer + ": kernel");
    const int64_t fan_in = product(filter) * x.extent(-1), fan_out = product(filter) * options.filters;
    filter.insert(filter.end(), {options.filters, x.extent(-1)});
    const Value weight = x.recorder().parameter({.name = "weight",
                                                 .shape = filter,
                                                 .initializer = options.initializer,
                                                 .fan_in = fan_in,
                                                 .fan_out = fan_out,
                                                 .kind = ParameterKind::filter});
    return finish(operators::conv_transpose(x, weight, movement_of(options, spatial, layer)), options, fan_in, fan_out);
  });
}

Layer dense(DenseOptions options) {
  const std::string name = options.name;
  return named_layer("dense", name, [options = std::move(options)](Value x) {
    const std::string layer = called(x, "dense");
    check_positive(options.units, "units", layer);
    if (x.rank() < 2) refuse("{}: the input {} must be [batch, ..., features]", layer, to_string(x.shape()));
    const int64_t in = x.extent(-1);
    const Value weight = x.recorder().parameter({.name = "weight",
                                                 .shape = {in, options.units},
                                                 .initializer = options.initializer,
                                                 .fan_in = in,
                                                 .fan_out = options.units,
                                                 .kind = ParameterKind::dense,
                                                 .maps = x.recorder().flattened_maps(x)});
    const Shape outer = x.shape();
    Value y = operators::dense(outer.size() == 2 ? x : operators::reshape(x, {-1, in}), weight);
    y = finish(y, options, in, options.units);
    if (outer.size() == 2) return y;
    Shape shape = outer;
    shape.back() = options.units;
    return operators::reshape(y, shape);
  });
}

}  // namespace fovea
