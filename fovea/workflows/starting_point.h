// SPDX-License-Identifier: Apache-2.0
// Weights from wherever they lie, as a run of ours begins with them.
#pragma once

#include <string>
#include <vector>

#include "fovea/fetch/weights_catalog.h"
#include "fovea/models/weights/weights.h"
#include "fovea/train/recipe.h"

namespace fovea {

/// Weights to start training from, and what belongs to them.
struct StartingPoint {
  /// Of it the network, its options and how it wants its pictures: what goes with the weights. `weights` is the place.
  Recipe recipe;
  WeightFile weights;               ///< as TrainOptions::start takes them
  std::vector<std::string> labels;  ///< of the classes that the head tells apart; empty when unknown
};

/// `place`: the folder of a run, a .tflite or .onnx file whose graph is one of models(), or a file of weights (.pth, .pt,
/// .safetensors) whose names and shapes are those of one; the file's name says more where it is that of a published one (timm's
/// `tf_` is TensorFlow's convention). Throws Error on any other, naming what it holds.
StartingPoint starting_point(const std::string& place);

/// The same of weights in the catalog, which says how they want pictures: `file` is where they lie.
StartingPoint starting_point(const RemoteWeights& weights, const std::filesystem::path& file);

}  // namespace fovea
