// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/registry.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/models/architectures/airbench.h"
#include "fovea/models/architectures/alphazero.h"
#include "fovea/models/architectures/astronet.h"
#include "fovea/models/architectures/densenet.h"
#include "fovea/models/architectures/efficientnet.h"
#include "fovea/models/architectures/introductory.h"
#include "fovea/models/architectures/mnasnet.h"
#include "fovea/models/architectures/mobilenet.h"
#include "fovea/models/architectures/resnet.h"
#include "fovea/models/architectures/shufflenet.h"
#include "fovea/models/architectures/squeezenet.h"
#include "fovea/models/architectures/vgg.h"
#include "fovea/models/architectures/volumes.h"
#include "fovea/models/architectures/xception.h"
#include "fovea/nn/layers.h"

namespace fovea {
namespace {

std::string plain(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

const ModelEntry& entry_named(std::string_view name) {
  const std::string wanted = plain(name);
  std::vector<std::string> known;
  for (const ModelEntry& entry : models()) {
    if (entry.name == wanted) return entry;
    known.push_back(entry.name);
  }
  if (nearest_name(name, known).empty())
    refuse("unknown model \"{}\": neither the folder of a run nor one of the {} networks that `fovea models` lists", name,
           known.size());
  refuse_unknown("model", name, known);
}

// Refuses options that the network does not have, and impossible numbers.
void check_options(const ModelEntry& entry, const ModelOptions& options) {
  if (options.classes < 0) refuse("{}: {} classes, must be at least 1", entry.name, options.classes);
  const auto check = [&](bool given, bool has, const char* option) {
    if (given && !has) refuse("{} has no option {}", entry.name, option);
  };
  const auto check_rate = [&](const std::optional<double>& rate, bool has, const char* option) {
    check(rate.has_value(), has, option);
    if (rate && !(*rate >= 0 && *rate < 1)) refuse("{}: {} is {}, must be at least 0 and below 1", entry.name, option, *rate);
  };
  check(entry.form && options.classes > 0, false, "classes");
  check(entry.form && options.doubled_softmax, false, "doubled_softmax");
  check(entry.input.empty() && !options.input.empty(), false, "input");
  check(options.width.has_value(), entry.features.width, "width");
  if (options.width && !(*options.width > 0 && *options.width <= 16)) {
    refuse("{}: width is {}, must be above 0 and at most 16", entry.name, *options.width);
  }
  check(options.convention.has_value(), entry.features.convention, "convention");
  check(options.zero_last_scale, entry.features.zero_last_scale, "zero_last_scale");
  check_rate(options.dropout, entry.features.dropout, "dropout");
  check_rate(options.drop_connect, entry.features.drop_connect, "drop_connect");
}

}  // namespace

const std::vector<ModelEntry>& models() {
  static const std::vector<ModelEntry> entries = [] {
    std::vector<ModelEntry> all;
    for (const auto& family : {introductory_models, vgg_models, resnet_models, densenet_models, xception_models,
                               squeezenet_models, mobilenet_models, mnasnet_models, efficientnet_models, shufflenet_models,
                               airbench_models, alphazero_models, astronet_models, volume_models}) {
      const std::vector<ModelEntry> part = family();
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return entries;
}

Convention convention_named(std::string_view name) {
  if (name == "torch") return Convention::torch;
  if (name == "tensorflow") return Convention::tensorflow;
  refuse_unknown("convention", name, std::vector<std::string>{"torch", "tensorflow"});
}

Network make_model(std::string_view name, const ModelOptions& options) {
  const ModelEntry& entry = entry_named(name);
  check_options(entry, options);
  if (!options.input.empty() && options.input.size() != entry.input.size()) {
    refuse("{}: the input {} has {} dimensions, must have {}, such as {}", entry.name, to_string(options.input),
           options.input.size(), entry.input.size(), to_string(entry.input));
  }
  for (const int64_t extent : options.input) {
    if (extent < 1) refuse("{}: the input {} has an extent below 1", entry.name, to_string(options.input));
  }
  Network network{.name = entry.name, .input = options.input.empty() ? entry.input : options.input};
  network.classes = options.classes > 0 ? options.classes : entry.classes;
  ModelOptions complete = options;
  complete.classes = network.classes;
  complete.input = network.input;
  if (entry.form) {
    network.form = entry.form(complete);
    return network;
  }
  network.function = [function = entry.function, complete](Value image) {
    const Value logits = function(image, complete);
    return complete.doubled_softmax ? softmax(logits) : logits;
  };
  return network;
}

}  // namespace fovea
