// SPDX-License-Identifier: Apache-2.0
/// \file
/// Float networks in the form that the quantizer takes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "fovea/graph/inference_model.h"
#include "fovea/quant/plan.h"
#include "fovea/workflows/open_model.h"

namespace fovea {

/// A float network without norms, its layers, and the ranges that quantization-aware training taught it.
struct FoldedNetwork {
  InferenceModel model;   ///< as folded() with norms_as_convolutions returns it
  QuantizationPlan plan;  ///< of its layers
  RangeMap learned;       ///< by group; empty for a network that was not trained for integers

  /// How it is opened.
  struct Options {
    OpenOptions open;   ///< of the model; its output is chosen here
    PlanOptions plan;   ///< which layers become integers
    bool anew = false;  ///< whether a network of integers is dequantized first; otherwise it is refused
  };
  /// Opens `name` (see open_inference_model()) for batches of `batch` images. Throws Error as that does, and on a network that
  /// holds integers already.
  FoldedNetwork(const std::string& name, const Options& options, int64_t batch);
  /// Takes a network in that form.
  FoldedNetwork(InferenceModel model, const PlanOptions& options);

 private:
  FoldedNetwork(std::pair<InferenceModel, std::map<int32_t, Range>> opened, const PlanOptions& options);
};

/// A batch that divides `images` and leaves room in memory for all tensors of the network at once. `graph` is the network for
/// one image at a time.
int64_t calibration_batch(const Graph& graph, int64_t images);

/// A copy that shares the tensors' storage.
InferenceModel copy_of(const InferenceModel& model);

}  // namespace fovea
