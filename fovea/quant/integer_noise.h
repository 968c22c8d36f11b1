// SPDX-License-Identifier: Apache-2.0
/// \file
/// Measures how far the results of each layer of an integer network are from those of the float network that it stands for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"
#include "fovea/graph/inference_model.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

/// The quantization noise of one layer.
struct IntegerLayerNoise {
  std::string name;  ///< the layer's name
  std::string op;    ///< the layer's operator, without "quantized_"
  double sqnr = 0;   ///< ratio of signal to quantization noise in dB, with all layers up to this one in integers
};

/// Whether the model has a layer whose result is 8-bit integers.
bool holds_integers(const InferenceModel& model);

/// Runs `model`, a network of 8-bit integers with batch 1, and dequantized(model) on the same `count` images, which are
/// spread evenly over `dataset` and cut as in evaluation. Images that cannot be read are left out. The layers are in the
/// network's order. Refuses a model of another batch, and one that does not classify images (image_model_form()).
std::vector<IntegerLayerNoise> integer_noise(const InferenceModel& model, std::shared_ptr<const Dataset> dataset, int64_t count,
                                             ThreadPool& threads);

}  // namespace fovea
