// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/alphazero.h"

#include <fmt/format.h>

#include "fovea/nn/losses.h"
#include "fovea/nn/operators.h"

namespace fovea {
namespace {

const Style style{.initializer = initializers::kaiming_fan_in};

Value tower(Value image, const AlphaZeroOptions& options) {
  const auto layer = [&](Activation activation, const char* conv, const char* norm) {
    return conv_norm(style, {.filters = options.width, .kernel = 3, .activation = activation, .conv = conv, .norm = norm});
  };
  Value x = image | scope("trunk", layer(relu, "conv", "bn"));
  for (int64_t block = 0; block < options.blocks; ++block) {
    const Layer branch = layer(relu, "conv1", "bn1") | layer(linear, "conv2", "bn2");
    x = relu(x + (x | scope(fmt::format("blocks.{}", block), branch)));
  }
  return x;
}

Layer head(int64_t channels) { return conv_norm(style, {.filters = channels, .conv = "conv", .norm = "bn"}) | flatten(); }

}  // namespace

NetworkForm alphazero(const AlphaZeroOptions& options) {
  const int64_t moves = options.input[0] * options.input[1] + 1;
  NetworkForm form;
  form.inputs = {{"image", options.input}};
  form.function = [options, moves](const NamedValues& inputs) -> NamedValues {
    const Value x = tower(inputs.at("image"), options);
    return {{"policy", x | scope("policy", head(2) | dense({.units = moves, .name = "fc"}))},
            {"value", x | scope("value", head(1) | dense({.units = 256, .activation = relu, .name = "fc1"}) |
                                             dense({.units = 1, .activation = tanh, .name = "fc2"}))}};
  };
  form.probabilities = [](const NamedValues& results) -> NamedValues {
    return {{"policy", softmax(results.at("policy"))}, {"value", results.at("value")}};
  };
  form.targets = {{"target_policy", {moves}}, {"target_value", {1}}};
  form.loss = [](const NamedValues& results, const NamedValues& targets) {
    const Value scores = targets.at("target_policy") * operators::log_softmax(results.at("policy"));
    return mean_squared_error(results.at("value"), targets.at("target_value")) -
           operators::reduce_mean(operators::reduce_sum(scores, {1}), {0});
  };
  return form;
}

std::vector<ModelEntry> alphazero_models() {
  std::vector<ModelEntry> entries;
  for (const int64_t blocks : {20, 40}) {
    ModelEntry entry{.name = fmt::format("alphazero-{}", blocks),
                     .family = "alphazero",
                     .summary = fmt::format("Go: {} residual blocks, policy and value", blocks),
                     .input = {19, 19, 17}};
    entry.form = [blocks](const ModelOptions& given) { return alphazero({.blocks = blocks, .input = given.input}); };
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace fovea
