// SPDX-License-Identifier: Apache-2.0
// Post-training quantization as one call: a network of real numbers in, one of 8-bit integers out, and what that cost.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/graph/inference_model.h"
#include "fovea/inference/metrics.h"
#include "fovea/quant/observer.h"
#include "fovea/quant/simulation.h"
#include "fovea/workflows/open_model.h"

namespace fovea {

struct QuantizeModelOptions {
  OpenOptions open;                            ///< of a network by its name; batch and output are chosen here
  std::shared_ptr<const Dataset> calibration;  ///< its training images show the ranges
  std::shared_ptr<const Dataset> evaluation;   ///< what accuracy is measured on, before and after; none: it is not
  int64_t images = 500;                        ///< of `calibration`, drawn by `seed`
  int64_t noise_images = 100;                  ///< of them, for the noise of each layer
  uint64_t seed = 1;
  RangeMethod method = RangeMethod::minmax;          ///< how ranges are found; a run trained for integers has its own
  WeightScales scales = {.conv_per_channel = true};  ///< one scale a channel, or one a layer
  bool equalize = false;                             ///< scale channels of neighboring layers against each other first
  bool correct_biases = true;                        ///< by what rounding moves the means
  std::vector<std::string> float_layers;             ///< patterns of names of layers that stay in f32
  DType input = DType::u8;                           ///< what the result reads: u8 or i8 pixels, or f32
  int threads = 0;                                   ///< 0: all there are. Does not change the result
};

/// A layer of the quantized network.
struct QuantizedLayer {
  std::string name, op;
  double alone = 0;     ///< SQNR in dB: with this layer alone in integers
  double together = 0;  ///< with all layers up to here
  Range range;          ///< real numbers that its result's integers stand for
};

struct QuantizedModel {
  InferenceModel model;                   ///< reads one image at a time
  std::vector<QuantizedLayer> layers;     ///< those in integers, in the network's order
  std::vector<std::string> float_layers;  ///< those that stayed in f32
  int64_t layer_count = 0;                ///< of both
  std::optional<Metrics> before, after;   ///< in real numbers and in integers, where there is an `evaluation`
};

/// Quantizes `model` (see open_inference_model for what that may be). Throws Error as that does; on a network that holds
/// integers already; on a data set whose images are not the network's. Takes seconds to minutes, of which `progress` tells.
QuantizedModel quantize_model(const std::string& model, const QuantizeModelOptions& options, Progress& progress);

}  // namespace fovea
