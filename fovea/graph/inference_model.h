// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network as model files contain it: a graph for inference with its values, and what belongs to it.
///
/// Readers of .tflite and .onnx create one, the quantizer turns a float one into an integer one, and writers and the
/// ahead-of-time compiler accept one; trace_inference turns a trained run into one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/graph/confidence.h"
#include "fovea/graph/graph.h"
#include "fovea/graph/preprocessing.h"

namespace fovea {

/// A network for inference with its weights and metadata.
struct InferenceModel {
  std::string name;  ///< for messages and files
  /// Its arguments have the role input or parameter; its results are outputs. Activations are [batch, spatial..., channels] and
  /// filters [spatial..., in, out], whatever the file's own order is.
  Graph graph;
  std::map<std::string, Tensor> tensors;  ///< those of the arguments of role parameter, by name
  /// Parameters of type i8 whose integers are from -8 to 7, and which .tflite files hold as two to a byte.
  std::set<std::string> four_bits = {};
  /// The inputs and results that the file itself has as [batch, channels, spatial...].
  std::set<std::string> channels_first = {};
  /// How images become float inputs. Integer inputs take bytes: u8 the pixels themselves, i8 pixel - 128; scale and zero point
  /// say what they mean.
  Preprocessing preprocessing;
  bool says_preprocessing = false;  ///< whether the preprocessing comes from the file; otherwise it is a guess
  std::vector<std::string> labels;  ///< names of the classes; empty when unknown
  Confidence confidence = {};       ///< of its probabilities; it is metadata, and no operator of the graph applies it
  std::map<std::string, std::string> input_aliases;   ///< the graph's names of inputs, by their names in the file's signature
  std::map<std::string, std::string> output_aliases;  ///< the graph's names of results, by their names in the file's signature
};

}  // namespace fovea
