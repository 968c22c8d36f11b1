// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/heat_maps.h"

#include <algorithm>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/graph/image_model.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/inference/predictor.h"
#include "fovea/passes/network/dequantize.h"

namespace fovea {
namespace {

// The values of a float graph that the method needs.
struct Places {
  Ref features = {};  // [batch, y, x, channels]: the last value of more than one pixel
  Ref logits = {};    // before the softmax if there is one
};

Places places_in(const InferenceModel& model, const std::vector<Graph::Node>& nodes) {
  Places places{.logits = model.graph.results()[0].value};
  for (const Graph::Node& node : nodes) {
    const Shape& shape = model.graph.type(node.results[0]).shape;
    if (shape.size() == 4 && shape[1] * shape[2] > 1) places.features = node.results[0];
  }
  if (places.features.index < 0) refuse("{} has no layer of more than one pixel, so it has no heat map", model.name);
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (node->results[0] != places.logits) continue;
    if (node->is<ops::Softmax>()) {
      places.logits = node->operands[0];
      break;
    }
    if (!node->is<ops::Reshape>()) break;
    places.logits = node->operands[0];
  }
  return places;
}

// The graph of `model` with two results: the features, and the gradient of the chosen logits with respect to them.
Graph gradient_graph(const InferenceModel& model, const ImageModelForm& form) {
  Graph graph(model.name);
  GraphCopy copy(model.graph, graph);
  const std::vector<Graph::Node> nodes = live_nodes(model.graph);
  const Places places = places_in(model, nodes);
  for (const Graph::Node& node : nodes) copy.copy(node);
  const int64_t batch = form.input.shape[0];
  const Ref label = graph.argument("class", {{batch}, DType::i32}, Role::input);
  const auto add = [&](const auto& op) { return graph.add(op, "heat"); };
  const Ref chosen = add(ops::OneHot{.labels = label, .classes = form.classes, .dtype = DType::f32, .on = 1.0, .off = 0.0});
  const Ref logits = add(ops::Reshape{.input = copy(places.logits), .shape = {batch, form.classes}});
  const Ref score = add(ops::ReduceSum{.input = add(ops::Mul{logits, chosen}), .dims = {0, 1}});
  const Ref features = copy(places.features);
  const Ref gradient = add(ops::Gradients{.loss = score, .wrt = {features}})[0];
  graph.finish({{"features", features}, {"gradient", gradient}});
  return graph;
}

}  // namespace

HeatMaps::HeatMaps(const InferenceModel& given) {
  const InferenceModel model = dequantized(given);
  const ImageModelForm form = image_model_form(model);
  input_name_ = form.input_name;
  batch_ = form.input.shape[0];
  shape_ = {form.input.shape[1], form.input.shape[2], form.input.shape[3]};
  evaluation_ = evaluation_of(model.preprocessing);
  session_ = std::make_unique<Session>(gradient_graph(model, form), model.tensors, CompileOptions{.inference = true});
  const Shape& features = session_->result("features").shape();
  maps_ = Tensor({batch_, features[1], features[2]}, DType::f32);
}

const Tensor& HeatMaps::compute(const Tensor& images, std::span<const int32_t> classes, ThreadPool& threads) {
  session_->bind(input_name_, images);
  std::ranges::copy(classes, session_->argument("class").data<int32_t>());
  session_->run(threads);
  const Tensor &features = session_->result("features"), &gradient = session_->result("gradient");
  const int64_t pixels = features.shape()[1] * features.shape()[2], channels = features.shape()[3];
  for (int64_t image = 0; image < batch_; ++image) {
    const float* value = features.data<float>() + image * pixels * channels;
    const float* slope = gradient.data<float>() + image * pixels * channels;
    std::vector<double> weight(static_cast<size_t>(channels));
    for (int64_t i = 0; i < pixels * channels; ++i) weight[static_cast<size_t>(i % channels)] += static_cast<double>(slope[i]);
    float* map = maps_.data<float>() + image * pixels;
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c)
        sum += weight[static_cast<size_t>(c)] * static_cast<double>(value[pixel * channels + c]);
      map[pixel] = static_cast<float>(std::max(0.0, sum));
    }
    const float most = *std::max_element(map, map + pixels);
    if (most > 0) std::transform(map, map + pixels, map, [&](float heat) { return heat / most; });
  }
  return maps_;
}

}  // namespace fovea
