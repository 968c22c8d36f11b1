// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/architectures/astronet.h"

#include <fmt/format.h>

#include "fovea/nn/losses.h"

namespace fovea {
namespace {

// Pairs of convolutions over 5 samples with 16, 32, 64, ... filters; each pair ends with a pool that halves the length.
Value view(Value x, int blocks, int64_t window) {
  const auto layer = [](int64_t filters) {
    return conv({.filters = filters, .kernel = 5, .padding = same, .activation = relu});
  };
  for (int block = 0; block < blocks; ++block) {
    const int64_t filters = int64_t{16} << block;
    x = x | layer(filters) | layer(filters) | max_pool({.window = window, .stride = 2});
  }
  return x | flatten();
}

}  // namespace

NetworkForm astronet() {
  NetworkForm form;
  form.inputs = {{"global_view", {2001, 1}}, {"local_view", {201, 1}}};
  form.function = [](const NamedValues& inputs) -> NamedValues {
    const Value whole = inputs.at("global_view") | scope("global_view", [](Value x) { return view(x, 5, 5); });
    const Value transit = inputs.at("local_view") | scope("local_view", [](Value x) { return view(x, 2, 7); });
    Value x = concat({whole, transit});
    for (int layer = 1; layer <= 4; ++layer) {
      x = x | dense({.units = 512, .activation = relu, .name = fmt::format("fc{}", layer)});
    }
    return {{"logits", x | dense({.units = 1, .name = "logits"})}};
  };
  form.probabilities = [](const NamedValues& results) -> NamedValues {
    return {{"probabilities", sigmoid(results.at("logits"))}};
  };
  form.targets = {{"target", {1}}};
  form.loss = [](const NamedValues& results, const NamedValues& targets) {
    return sigmoid_cross_entropy(results.at("logits"), targets.at("target"));
  };
  return form;
}

std::vector<ModelEntry> astronet_models() {
  ModelEntry entry{.name = "astronet", .family = "astronet", .summary = "light curves: two 1-D views, a planet or not"};
  entry.form = [](const ModelOptions&) { return astronet(); };
  return {entry};
}

}  // namespace fovea
