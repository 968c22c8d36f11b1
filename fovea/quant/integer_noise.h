// SPDX-License-Identifier: Apache-2.0
// How far each layer of a network of integers is from the real numbers that its integers stand for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/data/sources/dataset.h"
#include "fovea/graph/inference_model.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

struct IntegerLayerNoise {
  std::string name, op;  ///< of the layer; the operator without "quantized_"
  double sqnr = 0;       ///< signal to quantization noise in dB, with all layers up to here in integers
};

bool holds_integers(const InferenceModel& model);

/// Runs `model`, of 8-bit integers, and dequantized(model) side by side on `count` images of `dataset`, cut as in evaluation.
/// The layers are in the network's order. Refuses a model that does not read images as bytes or as real numbers.
std::vector<IntegerLayerNoise> integer_noise(const InferenceModel& model, std::shared_ptr<const Dataset> dataset, int64_t count,
                                             ThreadPool& threads);

}  // namespace fovea
