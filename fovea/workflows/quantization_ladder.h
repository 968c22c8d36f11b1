// SPDX-License-Identifier: Apache-2.0
/// \file
/// Quantizes a network so that it loses no more than was allowed: methods are tried from the cheapest to the dearest, and the
/// first that suffices ends the search.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fovea/quant/layer_rounding.h"
#include "fovea/workflows/quantize_model.h"

namespace fovea {

/// What a network of integers may lose, and how far the search goes.
struct LadderOptions {
  /// The model, the images and the form of the result. `method`, `equalize` and `correct_biases` are chosen by the search.
  /// `evaluation` is what accuracy is measured on. If it is null, the images of `calibration` that do not calibrate are, by
  /// agreement with the float network, which needs no labels.
  QuantizeModelOptions quantize;
  /// The share of images, from 0 to 1, by which top-1 accuracy may fall; without `evaluation`, of those whose answer may
  /// change.
  double lose = 0.005;
  int64_t held_out = 1000;        ///< without `evaluation`, the most images that are compared
  RoundingOptions rounding;       ///< how rounding is learned
  int64_t rounding_images = 256;  ///< how many of the images that calibrate it is learned from
  double most_float_share = 0.5;  ///< the largest share of the convolutions and dense layers that may be of a wider type
};

/// A network of integers that was tried.
struct LadderStep {
  std::string what;            ///< "ranges", "equalization", "biases", "rounding", "8-bit layers" or "float layers"
  std::string detail;          ///< of it: the method, how many pairs, which layers
  std::optional<double> top1;  ///< accuracy, from 0 to 1, where there are labels
  double agreement = 0;        ///< share of images on which the answer is that of the float network
  double lost = 0;             ///< what is compared with LadderOptions::lose; may be negative
  double gained = 0;           ///< how much less is lost than by the best network before it; negative where it is worse
  bool kept = false;           ///< whether later steps build on it
  double seconds = 0;          ///< how long it took
};

/// What the search found.
struct LadderResult {
  QuantizedModel network;         ///< the first that suffices, or else the best; see `reached`
  bool reached = false;           ///< whether it loses no more than was allowed
  size_t best = 0;                ///< which of the steps it is
  std::vector<LadderStep> steps;  ///< in the order in which they were tried
  int64_t images = 0;             ///< on how many images they were compared
};

/// Tries, in this order, every method for ranges (RangeMethod), equalization with every method again, bias correction, learned
/// rounding (learn_rounding()), for weights of 4 bits then 8 bits in the layers with the most quantization noise, and those
/// layers in f32, the fewest that suffice. Where weights have one scale for each layer, the network is equalized before
/// anything else, because nothing but that helps channels of very different sizes. A step that does not improve the network is
/// undone. Each step is measured on the network of integers itself, and reported by `progress`. The result does not depend on
/// the number of threads.
///
/// Throws Error as quantize_model() does, on an allowed loss outside [0, 1), and where no images are held out.
LadderResult quantize_within(const std::string& model, const LadderOptions& options, Progress& progress);

}  // namespace fovea
