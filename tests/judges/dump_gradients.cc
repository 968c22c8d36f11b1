// SPDX-License-Identifier: Apache-2.0
// Runs a network and one training step of it, and writes everything that another framework needs to repeat that, as one
// safetensors file in PyTorch's layout: parameter.NAME, image, label, logits; then loss, gradient.NAME, and after.NAME for the
// state of norms. compare_with_torch.py and compare_with_torchvision.py are the other side.
//
//     dump_gradients list                lists the networks and layers
//     dump_gradients NAME BATCH OUT [--weights FILE] [--size PIXELS] [--seed N] [--inference]
//
// NAME is a model of the registry or a layer of the table below. --weights takes a published file instead of initial values;
// --size sets the size of images, which --seed draws; --inference skips the training step. Nothing is dropped at random.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "fovea/core/random.h"
#include "fovea/fovea.h"
#include "fovea/interchange/safetensors.h"
#include "fovea/train/run.h"

namespace {

using namespace fovea;

struct LayerCase {
  Shape input;
  ConvOptions options;
  nlohmann::json description;  // what the other side must know about the options
};

// Each layer occurs twice in its network, once before itself, so that its gradient by the input is checked, too.
const std::map<std::string, LayerCase>& layer_cases() {
  static const std::map<std::string, LayerCase> cases{
      {"conv", {{11, 9, 8}, {.filters = 8, .kernel = 3}, {}}},
      {"conv-same", {{11, 9, 8}, {.filters = 8, .kernel = {3, 5}, .padding = same}, {{"padding", "same"}}}},
      {"conv-stride",
       {{12, 9, 8}, {.filters = 8, .kernel = 3, .stride = 2, .padding = same}, {{"padding", "same"}, {"stride", 2}}}},
      {"conv-padded", {{11, 9, 8}, {.filters = 8, .kernel = 3, .stride = 2, .padding = 1}, {{"padding", 1}, {"stride", 2}}}},
      {"conv-dilated", {{13, 15, 8}, {.filters = 8, .kernel = 3, .dilation = 2}, {{"dilation", 2}}}},
      {"conv-groups", {{7, 7, 12}, {.filters = 12, .kernel = 3, .groups = 3}, {{"groups", 3}}}},
      {"conv-depthwise",
       {{9, 9, 17}, {.filters = 17, .kernel = 3, .groups = 17, .padding = 1}, {{"groups", 17}, {"padding", 1}}}},
      {"conv-1d", {{31, 6}, {.filters = 6, .kernel = 5, .padding = 2}, {{"padding", 2}}}},
      {"conv-3d", {{6, 7, 8, 5}, {.filters = 5, .kernel = 3, .padding = 1}, {{"padding", 1}}}},
  };
  return cases;
}

struct Request {
  std::string name, out, weights;
  int64_t batch = 0, size = 0, seed = 3;
  bool inference = false;
};

Request parse(int count, char** words) {
  if (count < 4)
    refuse("dump_gradients NAME BATCH OUT [--weights FILE] [--size PIXELS] [--seed N] [--inference], or dump_gradients list");
  Request request{.name = words[1], .out = words[3], .batch = std::stoll(words[2])};
  for (int i = 4; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--inference") {
      request.inference = true;
    } else if (word == "--weights" && i + 1 < count) {
      request.weights = words[++i];
    } else if (word == "--size" && i + 1 < count) {
      request.size = std::stoll(words[++i]);
    } else if (word == "--seed" && i + 1 < count) {
      request.seed = std::stoll(words[++i]);
    } else {
      refuse("dump_gradients: unknown word {}", word);
    }
  }
  return request;
}

const ModelEntry* entry_of(const std::string& name) {
  const auto found = std::ranges::find(models(), name, &ModelEntry::name);
  return found == models().end() ? nullptr : &*found;
}

Network network_of(const Request& request, nlohmann::json& description) {
  const auto found = layer_cases().find(request.name);
  if (found != layer_cases().end()) {
    const LayerCase& layer = found->second;
    description = layer.description;
    return {.name = request.name,
            .function = [&layer](Value x) { return x | conv(layer.options) | swish | conv(layer.options) | global_avg_pool(); },
            .input = layer.input,
            .classes = layer.options.filters};
  }
  ModelOptions options;
  if (request.size > 0) options.input = {request.size, request.size, 3};
  if (const ModelEntry* entry = entry_of(request.name)) {
    if (entry->features.dropout) options.dropout = 0;
    if (entry->features.drop_connect) options.drop_connect = 0;
  }
  return make_model(request.name, options);
}

// Biases start at zero; these get other values, so that errors in them show.
TensorMap start_values(const Network& network) {
  TensorMap tensors = initial_tensors(trace_inference(network, 1), 1);
  for (auto& [name, tensor] : tensors) {
    Random random(2, hash_of("parameter." + name));
    if (name.ends_with(".bias")) std::generate_n(tensor.data<float>(), tensor.size(), [&] { return 0.1f * random.normal(); });
  }
  return tensors;
}

Tensor random_images(const Network& network, int64_t batch, int64_t seed) {
  Shape shape{batch};
  shape.insert(shape.end(), network.input.begin(), network.input.end());
  Tensor image(shape, DType::f32);
  Random random(static_cast<uint64_t>(seed), hash_of("image"));
  std::generate_n(image.data<float>(), image.size(), [&] { return random.normal(); });
  return image;
}

Tensor random_labels(const Network& network, int64_t batch) {
  Tensor label({batch}, DType::i32);
  Random random(3, hash_of("label"));
  std::generate_n(label.data<int32_t>(), batch, [&] { return static_cast<int32_t>(random.below(network.classes)); });
  return label;
}

void run(const Request& request) {
  nlohmann::json description;
  const Network network = network_of(request, description);
  const TensorMap start = request.weights.empty() ? start_values(network) : read_weights(network, request.weights).tensors;
  const Tensor image = random_images(network, request.batch, request.seed), label = random_labels(network, request.batch);
  ThreadPool threads(ThreadPool::available());

  Safetensors contents;
  contents.metadata = {{"network", request.name}, {"layer", description.dump()}};
  contents.tensors = {{"image", image}, {"label", label}};
  for (const auto& [name, tensor] : published_weights(network, start)) contents.tensors["parameter." + name] = tensor.clone();
  Predictor predictor(network, start);
  contents.tensors["logits"] = predictor.predict(image, threads).clone();
  if (!request.inference) {
    const Traced training =
        trace_training(network, request.batch, {.optimizer = sgd({.momentum = 0}), .return_gradients = true});
    Session session(training.graph, start);
    session.bind("image", image);
    session.bind("label", label);
    session.run(threads);  // with learning rate 0 the parameters do not change, but the state of norms does
    contents.tensors["loss"] = session.result("loss");
    for (const ParameterSpec& spec : training.parameters) {
      if (spec.trained) {
        contents.tensors["gradient." + spec.name] = to_torch_layout(spec, session.result("gradient." + spec.name));
      } else {
        contents.tensors["after." + spec.name] = start.at(spec.name);
      }
    }
  }
  write_safetensors(request.out, contents);
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 2 && std::string(words[1]) == "list") {
      for (const auto& [name, layer] : layer_cases()) fmt::print("{}\n", name);
      for (const ModelEntry& entry : models()) fmt::print("{}\n", entry.name);
      return 0;
    }
    run(parse(count, words));
    return 0;
  } catch (const fovea::Error& error) {
    fmt::print(stderr, "dump_gradients: {}\n", error.what());
    return 1;
  }
}
