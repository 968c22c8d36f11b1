// SPDX-License-Identifier: Apache-2.0
// A network as the world's files hold it: a graph for inference with its values and what stands around it.
//
// Readers of .tflite and .onnx make one, the quantizer turns a float one into an integer one, writers and the ahead-of-time
// compiler take one; a trained run becomes one by trace_inference.
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

struct InferenceModel {
  std::string name;
  // Arguments of role input and parameter; results are outputs. Activations are [batch, spatial..., channels], filters
  // [spatial..., in, out], as everywhere, whatever the file's own order.
  Graph graph;
  std::map<std::string, Tensor> tensors;  // of the arguments of role parameter, by name
  // Inputs and results that the file itself has as [batch, channels, spatial...].
  std::set<std::string> channels_first = {};
  // Of float inputs. An integer input takes bytes: u8 the pixels as they are, i8 pixel - 128; its scale and zero point say what
  // they mean.
  Preprocessing preprocessing;
  bool says_preprocessing = false;  // it came with the file; otherwise it is a guess
  std::vector<std::string> labels;  // names of the classes; empty when unknown
  Confidence confidence = {};       // of its probabilities; a file's own operators know nothing of it
  // Other names of inputs and of results, as a file's signature gives them; by name.
  std::map<std::string, std::string> input_aliases, output_aliases;
};

}  // namespace fovea
