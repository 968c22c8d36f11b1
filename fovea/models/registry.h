// SPDX-License-Identifier: Apache-2.0
/// \file
/// The registry: the networks that are built in, by name.
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

/// Options of a built-in network. An option that a network does not have is refused.
struct ModelOptions {
  int64_t classes = 0;  ///< 0: the model's own number
  Shape input;          ///< without the batch; empty: the model's own
  /// Applies softmax to the logits before the loss applies it again: a known mistake, kept to reproduce published figures.
  bool doubled_softmax = false;
  std::optional<double> width;           ///< a factor on the number of channels, where the paper has one
  std::optional<Convention> convention;  ///< padding, constants of batch norm and initializers; empty: those of the family
  std::optional<double> dropout;         ///< the rate before the classifier; empty: the model's own
  std::optional<double> drop_connect;    ///< the rate of the last residual branch; empty: the model's own
  bool zero_last_scale = false;          ///< whether the last scale of every residual branch starts at 0

  /// Equal in every option.
  bool operator==(const ModelOptions&) const = default;
};

/// Which options beyond classes and input a network has.
struct ModelFeatures {
  bool width = false;            ///< see ModelOptions
  bool convention = false;       ///< see ModelOptions
  bool dropout = false;          ///< see ModelOptions
  bool drop_connect = false;     ///< see ModelOptions
  bool zero_last_scale = false;  ///< see ModelOptions
};

/// A built-in network.
struct ModelEntry {
  std::string name;     ///< "mnist-cnn"
  std::string family;   ///< "introductory"
  std::string summary;  ///< one line
  Shape input;          ///< the default, without the batch
  int64_t classes = 0;  ///< the default
  /// The network: [batch, input...] -> logits [batch, classes]. Its options must be complete: classes is not 0, and input is
  /// not empty where the entry has one.
  std::function<Value(Value image, const ModelOptions& options)> function;
  ModelFeatures features;  ///< which options it has
  /// Used in place of `function` by a network that is not one image in and logits out. Its inputs are fixed where the entry has
  /// no `input`.
  std::function<NetworkForm(const ModelOptions& options)> form = {};
};

/// All built-in networks by family, in the order of the literature. The reference is valid for the life of the process.
const std::vector<ModelEntry>& models();

/// The convention called "torch" or "tensorflow"; refuses other words.
Convention convention_named(std::string_view name);

/// The network of that name, in which `-` and `_` mean the same. Refuses an unknown name, with the nearest known one, and
/// impossible options.
Network make_model(std::string_view name, const ModelOptions& options = {});

}  // namespace fovea
