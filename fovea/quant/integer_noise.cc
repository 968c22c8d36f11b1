// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/integer_noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/data/augment/pipeline.h"
#include "fovea/graph/image_model.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/inference/predictor.h"
#include "fovea/passes/network/dequantize.h"

namespace fovea {
namespace {

constexpr std::string_view prefix = "quantized_";

std::string value_name(Ref value) { return fmt::format("value.{}", value.index); }

// The layers whose results are 8-bit integers.
std::vector<Graph::Node> integer_layers(const Graph& graph) {
  std::vector<Graph::Node> layers = live_nodes(graph);
  std::erase_if(layers, [&](const Graph::Node& node) {
    const TensorType type = graph.type(node.results[0]);
    return !node.op.starts_with(prefix) || !type.quantization || type.quantization->per_channel() ||
           (type.dtype != DType::i8 && type.dtype != DType::u8);
  });
  return layers;
}

// The graph of `model` with the results of `layers` as further results.
Graph observed(const InferenceModel& model, const std::vector<Graph::Node>& layers) {
  Graph graph(model.name);
  GraphCopy copy(model.graph, graph);
  for (const Graph::Node& node : live_nodes(model.graph)) copy.copy(node);
  std::vector<std::pair<std::string, Ref>> more;
  for (const Graph::Node& node : layers) {
    // One value cannot be two results of a graph, so each gets a value of its own.
    const Ref value = copy(node.results[0]);
    more.emplace_back(value_name(node.results[0]),
                      graph.add(ops::Reshape{.input = value, .shape = graph.type(value).shape}, ""));
  }
  copy.finish(more);
  return graph;
}

struct Sums {
  double signal = 0, noise = 0;

  template <typename T>
  void add(const Tensor& integers, const Quantization& quantization, const Tensor& real) {
    const double scale = quantization.scales[0];
    const int64_t zero = quantization.zeros[0];
    for (int64_t i = 0; i < real.size(); ++i) {
      const double exact = real.data<float>()[i], held = scale * static_cast<double>(integers.data<T>()[i] - zero);
      signal += exact * exact;
      noise += (held - exact) * (held - exact);
    }
  }
  double decibels() const { return noise > 0 ? 10 * std::log10(signal / noise) : INFINITY; }
};

// Writes an image into the input of one of the two networks.
void fill(Tensor& input, const std::vector<uint8_t>& pixels, const Augmenter& augmenter) {
  if (input.dtype() == DType::f32) {
    augmenter.apply(pixels, input.values<float>(), 0, 0, 0);
  } else if (input.dtype() == DType::u8) {
    std::ranges::copy(pixels, input.data<uint8_t>());
  } else {
    std::ranges::transform(pixels, input.data<int8_t>(), [](uint8_t pixel) { return static_cast<int8_t>(pixel - 128); });
  }
}

}  // namespace

bool holds_integers(const InferenceModel& model) { return !integer_layers(model.graph).empty(); }

std::vector<IntegerLayerNoise> integer_noise(const InferenceModel& model, std::shared_ptr<const Dataset> dataset, int64_t count,
                                             ThreadPool& threads) {
  const ImageModelForm form = image_model_form(model);
  const Shape& shape = form.input.shape;
  if (shape[0] != 1) refuse("the noise of integers is measured image by image; {} reads {} at a time", model.name, shape[0]);
  const std::vector<Graph::Node> layers = integer_layers(model.graph);
  std::vector<Ref> values;
  for (const Graph::Node& node : layers) values.push_back(node.results[0]);
  const InferenceModel real = dequantized(model, values);
  Session integers(observed(model, layers), model.tensors, {.inference = true});
  Session reals(real.graph, real.tensors, {.inference = true});
  const ImageShape image{shape[1], shape[2], shape[3]};
  const Augmentation cut = evaluation_of(model.preprocessing);
  const Augmenter own(image, cut), exact(image, evaluation_of(real.preprocessing));
  const Pipeline pipeline(dataset, image, cut, 0);
  Pipeline::Workspace workspace;
  std::vector<Sums> sums(layers.size());
  count = std::min(count, dataset->count());
  for (int64_t number = 0; number < count; ++number) {
    try {
      pipeline.make_pixels(number * dataset->count() / count, 0, workspace);
    } catch (const Error&) {
      continue;  // the evaluation has reported it
    }
    fill(integers.argument(form.input_name), workspace.image.pixels, own);
    fill(reals.argument(form.input_name), workspace.image.pixels, exact);
    integers.run(threads);
    reals.run(threads);
    for (size_t i = 0; i < layers.size(); ++i) {
      const TensorType type = model.graph.type(values[i]);
      const Tensor &held = integers.result(value_name(values[i])), &wanted = reals.result(value_name(values[i]));
      type.dtype == DType::u8 ? sums[i].add<uint8_t>(held, *type.quantization, wanted)
                              : sums[i].add<int8_t>(held, *type.quantization, wanted);
    }
  }
  std::vector<IntegerLayerNoise> result;
  for (size_t i = 0; i < layers.size(); ++i)
    result.push_back({layers[i].layer, layers[i].op.substr(prefix.size()), sums[i].decibels()});
  return result;
}

}  // namespace fovea
