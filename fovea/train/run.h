// SPDX-License-Identifier: Apache-2.0
/// \file
/// The folder of a training run, and what is read back from it.
///
///     recipe.toml          the recipe of the run
///     labels.txt           the names of the classes
///     split.csv            the part that each image belongs to, if the run drew the parts (fovea/data/sources/picture_split.h)
///     metrics.jsonl        one line for each epoch
///     steps.jsonl          one line for each step: its loss
///     events.out.tfevents. the same for TensorBoard
///     state.json           the position of the run and the name of its newest checkpoint
///     checkpoint-STEP.safetensors
///     best.safetensors     the network of the best epoch so far
///     model.safetensors    the trained network, once finished: the last one or the best (checkpoint.model), with averaged
///                          weights if the recipe computes them (average.decay)
///     curves.svg           loss and accuracy over the epochs
///     confusion.svg        the confusion matrix
///     confidence.json      temperature and threshold of its probabilities, from `fovea eval --calibrate` or `--reject`
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"
#include "fovea/graph/confidence.h"
#include "fovea/inference/session.h"
#include "fovea/models/registry.h"
#include "fovea/models/weights/weights.h"
#include "fovea/nn/trace.h"
#include "fovea/quant/simulation.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// A network with values for its parameters, which eval, classify and run work on.
struct TrainedModel {
  Network network;                  ///< the function and its preprocessing
  TensorMap tensors;                ///< parameters and state, by name
  std::vector<std::string> labels;  ///< names of the classes; empty when unknown
  Recipe recipe;                    ///< of the run, or the model's default
  Confidence confidence = {};       ///< from confidence.json of the run; otherwise the default, which changes nothing
};

/// The network that `recipe` trains, by its name and options, with the recipe's preprocessing if it has one. `options` that are
/// given take precedence over the recipe's.
Network network_of(const Recipe& recipe, ModelOptions options = {});

/// The same before quantization-aware training changes it (quantize.aware).
Network real_network_of(const Recipe& recipe, ModelOptions options = {});

/// The number of scales of weights in a quantization-aware run.
WeightScales weight_scales_of(const Recipe& recipe);

/// The network and its recipe, without values, for a run's folder or a model's name. Refuses as open_model() does.
TrainedModel open_network(const std::string& model, const ModelOptions& options = {});

/// The network with values, for a run's folder, or for a model's name with `weights` (a .safetensors file; empty: initial
/// values from `seed`). Refuses what is neither, with the nearest model, and `options` for a run, whose network is fixed.
TrainedModel open_model(const std::string& model, const std::filesystem::path& weights, int64_t seed,
                        const ModelOptions& options = {});

/// The data that the run in `folder` was trained on, or `data` in its place where that is not empty. Parts that the run drew
/// are those of its list, also where `data` names the same place. Throws Error as open_dataset does.
std::shared_ptr<const Dataset> open_run_data(const std::filesystem::path& folder, const Recipe& recipe, Split split,
                                             const std::string& data = {});

/// The weights in a .safetensors file, published or our own; fovea/models/weights/weights.h says what is read and what is
/// refused.
LoadedWeights read_weights(const Network& network, const std::filesystem::path& path, HeadRule head = HeadRule::same);

/// Writes the network's tensors like write_file(), in PyTorch's layout and names as published weights have them, so that
/// torch's load_state_dict accepts the file.
void write_weights(const std::filesystem::path& path, const Network& network, const TensorMap& tensors);

/// Writes `confidence` into the folder of a run, for everything that is made of the run from then on. A default one removes the
/// file. Fails when the file cannot be written.
void write_confidence(const std::filesystem::path& folder, const Confidence& confidence);

/// `tensors` with each average of a run in place of the tensor that it averages.
TensorMap averaged(const TensorMap& tensors);

/// The parameters and running statistics among `tensors`, without the optimizer's state.
TensorMap network_tensors(const Network& network, const TensorMap& tensors);

}  // namespace fovea
