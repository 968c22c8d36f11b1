// SPDX-License-Identifier: Apache-2.0
/// \file
/// Opens weights of any origin as what a training run starts from.
#pragma once

#include <string>
#include <vector>

#include "fovea/fetch/weights_catalog.h"
#include "fovea/models/weights/weights.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// Weights to start training from, and what belongs to them.
struct StartingPoint {
  /// The parts of a recipe that belong to the weights: the network, its options, and the preprocessing of images. `weights` is
  /// the place that they were read from.
  Recipe recipe;
  WeightFile weights;               ///< as TrainOptions::start takes them
  std::vector<std::string> labels;  ///< names of the classes of the last layer; empty when unknown
};

/// Opens `place`: the folder of a run, a .tflite or .onnx file whose graph is that of one of models(), or a file of weights
/// (.pth, .pt, .safetensors) whose names and shapes are those of one of models(). The name of a published file adds what the
/// file does not say (timm's `tf_` stands for TensorFlow's convention). Fails on anything else and says what it contains.
StartingPoint starting_point(const std::string& place);

/// The same for weights of the catalog, which has their preprocessing. `file` is where they are on this machine.
StartingPoint starting_point(const RemoteWeights& weights, const std::filesystem::path& file);

}  // namespace fovea
