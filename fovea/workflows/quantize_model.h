// SPDX-License-Identifier: Apache-2.0
/// \file
/// Post-training quantization in one call: from a float network to one of 8-bit integers, with the effect on accuracy.
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

/// How a model is quantized.
struct QuantizeModelOptions {
  OpenOptions open;                            ///< for a built-in network; batch and output are chosen here
  std::shared_ptr<const Dataset> calibration;  ///< the training images that ranges are observed on
  /// The images that accuracy is measured on, before and after; none: it is not measured.
  std::shared_ptr<const Dataset> evaluation;
  int64_t images = 500;                              ///< images of `calibration`, drawn by `seed`
  int64_t noise_images = 100;                        ///< how many of these are used for the noise of each layer
  uint64_t seed = 1;                                 ///< of the choice of images
  RangeMethod method = RangeMethod::minmax;          ///< how ranges are chosen; a quantization-aware run has its own ranges
  WeightScales scales = {.conv_per_channel = true};  ///< a scale for each channel, or one for each layer
  bool equalize = false;                             ///< scales the channels of neighboring layers against each other first
  bool correct_biases = true;                        ///< corrects biases by the mean error of rounding
  std::vector<std::string> float_layers;             ///< patterns of names of layers that stay in f32
  std::vector<std::string> wide_layers;              ///< likewise of layers of 8 bits where `scales` gives others 4
  bool anew = false;                                 ///< whether a network of integers is dequantized first, not refused
  DType input = DType::u8;                           ///< what the result reads: u8 or i8 pixels, or f32
  int threads = 0;                                   ///< 0: all available; does not change the result
};

/// A layer of the quantized network.
struct QuantizedLayer {
  std::string name;     ///< as in the network
  std::string op;       ///< the operator
  double alone = 0;     ///< SQNR in dB with only this layer in integers
  double together = 0;  ///< SQNR in dB with all layers up to this one in integers
  Range range;          ///< of the real numbers that its result's integers stand for
};

/// The quantized network, and what quantization changed.
struct QuantizedModel {
  InferenceModel model;                   ///< reads one image at a time
  std::vector<QuantizedLayer> layers;     ///< the integer layers, in the network's order
  std::vector<std::string> float_layers;  ///< the layers that stayed in f32
  int64_t layer_count = 0;                ///< of both kinds
  std::optional<Metrics> before;          ///< accuracy of the float network, when there is an `evaluation`
  std::optional<Metrics> after;           ///< accuracy of the integer network, when there is an `evaluation`
};

/// Quantizes `model` (see open_inference_model()). Throws Error as that does, on a network that already has integers, and on a
/// data set whose images do not fit the network. Takes seconds to minutes, which `progress` shows.
QuantizedModel quantize_model(const std::string& model, const QuantizeModelOptions& options, Progress& progress);

}  // namespace fovea
