// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/image_model.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"

namespace fovea {
namespace {

constexpr int64_t photograph_size = 96;

using Argument = Graph::Argument;

const Argument& only_input(const InferenceModel& model) {
  const Argument* found = nullptr;
  for (const Argument& argument : model.graph.arguments()) {
    if (argument.role != Role::input) continue;
    if (found != nullptr) refuse("{} reads {} and {}, not one image", model.name, found->name, argument.name);
    found = &argument;
  }
  if (found == nullptr) refuse("{} reads nothing", model.name);
  const TensorType& type = found->type;
  if (type.shape.size() != 4 || (type.shape[3] != 1 && type.shape[3] != 3))
    refuse("{} reads {}, not images of 1 or 3 channels", model.name, to_string(type));
  if (type.dtype != DType::f32 && type.dtype != DType::u8 && type.dtype != DType::i8)
    refuse("{} reads {}; images are f32, u8 or i8", model.name, to_string(type));
  return *found;
}

const Graph::Result& only_output(const InferenceModel& model, int64_t batch) {
  const auto& results = model.graph.results();
  if (results.size() != 1) refuse("{} gives {} results, not one row of scores an image", model.name, results.size());
  const TensorType& type = results[0].type;
  const bool numbers = type.dtype == DType::f32 || (type.quantization && !type.quantization->per_channel());
  // [batch, classes], or with spatial dimensions of one pixel in between.
  if (!numbers || type.shape.size() < 2 || type.shape[0] != batch || element_count(type.shape) != batch * type.shape.back())
    refuse("{} gives {}, not one row of scores an image", model.name, to_string(type));
  return results[0];
}

bool is_softmax(const std::optional<Graph::Node>& node) {
  return node && node->is<ops::Softmax, ops::LogSoftmax, ops::QuantizedSoftmax>();
}

// The operator that computed `value`, seen through operators that only change its form.
std::optional<Graph::Node> origin(const Graph& graph, Ref value) {
  const std::vector<Graph::Node> nodes = graph.nodes();
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (std::find(node->results.begin(), node->results.end(), value) == node->results.end()) continue;
    if (!node->is<ops::Reshape, ops::Quantize, ops::Dequantize>()) return *node;
    value = node->operands[0];
  }
  return std::nullopt;
}

}  // namespace

ImageModelForm image_model_form(const InferenceModel& model) {
  const Argument& input = only_input(model);
  const Graph::Result& output = only_output(model, input.type.shape[0]);
  return {.input_name = input.name,
          .output_name = output.name,
          .input = input.type,
          .output = output.type,
          .classes = output.type.shape.back(),
          .ends_in_softmax = is_softmax(origin(model.graph, output.value))};
}

float least_probability(const TensorType& output) {
  return output.quantization ? static_cast<float>(output.quantization->scales[0] / 2) : 1e-30F;
}

int64_t resized_side(int64_t resize, int64_t height, int64_t width) {
  const int64_t shorter = std::min(height, width);
  return resize == 0 && shorter < photograph_size ? shorter : resize;
}

}  // namespace fovea
