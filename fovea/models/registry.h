// SPDX-License-Identifier: Apache-2.0
// The networks there are, by name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/models/architectures/blocks.h"
#include "fovea/nn/trace.h"

namespace fovea {

// An option that a network does not have is refused.
struct ModelOptions {
  int64_t classes = 0;           // 0: the model's own
  Shape input;                   // without the batch; empty: the model's own
  bool doubled_softmax = false;  // a softmax before the loss applies another: how not to do it, to reproduce old figures
  std::optional<double> width;   // a factor on the channels, where the paper has one
  std::optional<Convention> convention;  // padding, constants of batch norm and initializers; empty: the family's own
  std::optional<double> dropout;         // rate before the classifier; empty: the model's own
  std::optional<double> drop_connect;    // rate of the last residual branch; empty: the model's own
  bool zero_last_scale = false;          // the last scale of every residual branch starts at 0

  bool operator==(const ModelOptions&) const = default;
};

// Which options beyond classes and input a network has.
struct ModelFeatures {
  bool width = false;
  bool convention = false;
  bool dropout = false;
  bool drop_connect = false;
  bool zero_last_scale = false;
};

struct ModelEntry {
  std::string name;     // "mnist-cnn"
  std::string family;   // "ladder"
  std::string summary;  // one line
  Shape input;
  int64_t classes = 0;
  // With options complete: classes is not 0, and input not empty where the entry has one.
  std::function<Value(Value image, const ModelOptions& options)> function;
  ModelFeatures features;
  // In place of the function: a network that is not one image in and logits out. One without `input` has fixed inputs.
  std::function<NetworkForm(const ModelOptions& options)> form = {};
};

// By family, in the order of the literature.
const std::vector<ModelEntry>& models();

// "torch" or "tensorflow"; refuses other words.
Convention convention_named(std::string_view name);

// `-` and `_` mean the same. Refuses an unknown name, naming the nearest, and impossible options.
Network make_model(std::string_view name, const ModelOptions& options = {});

}  // namespace fovea
