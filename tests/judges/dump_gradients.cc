// Runs one training step of a network and writes everything another framework needs to repeat it: parameters, inputs, logits,
// loss and gradients, as one safetensors file. compare_with_torch.py is that other framework's side.
//
//     dump_gradients list                      the networks and layers there are
//     dump_gradients NAME BATCH OUT            NAME: a model of the registry, or a layer of the table below
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "fovea/core/random.h"
#include "fovea/formats/safetensors.h"
#include "fovea/fovea.h"

namespace {

using namespace fovea;

struct LayerCase {
  Shape input;
  ConvOptions options;
  nlohmann::json description;  // what the other side must know of the options
};

// Each layer stands twice in its network (once before itself), so that the gradient by its input is checked too.
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

Network network_named(const std::string& name, nlohmann::json& description) {
  const auto found = layer_cases().find(name);
  if (found == layer_cases().end()) return make_model(name);
  const LayerCase& layer = found->second;
  description = layer.description;
  return {.name = name,
          .function = [&layer](Value x) { return x | conv(layer.options) | swish | conv(layer.options) | global_avg_pool(); },
          .input = layer.input,
          .classes = layer.options.filters};
}

void run(const std::string& name, int64_t batch, const std::string& path) {
  nlohmann::json description;
  const Network network = network_named(name, description);
  const Traced training = trace_training(network, batch, {.optimizer = sgd({.momentum = 0}), .return_gradients = true});
  const Traced inference = trace_inference(network, batch);

  Safetensors contents;
  contents.metadata["network"] = name;
  contents.metadata["layer"] = description.dump();
  const std::vector<Tensor> parameters = initial_values(training, 1);
  for (size_t i = 0; i < parameters.size(); ++i)
    contents.tensors["parameter." + training.parameters[i].name] = parameters[i].clone();
  // Biases start at zero: other values, so that they are seen.
  for (auto& [key, tensor] : contents.tensors) {
    Random random(2, hash_of(key));
    if (key.ends_with(".bias")) std::generate_n(tensor.data<float>(), tensor.size(), [&] { return 0.1f * random.normal(); });
  }

  ThreadPool threads(ThreadPool::available());
  const auto tensor_for = [&](const Graph::Argument& argument) -> Tensor& {
    const std::string key = argument.role == Role::input ? argument.name : "parameter." + argument.name;
    if (contents.tensors.contains(key)) return contents.tensors.at(key);
    Tensor tensor(argument.type.shape, argument.type.dtype);
    Random random(3, hash_of(argument.name));
    if (argument.name == "image") std::generate_n(tensor.data<float>(), tensor.size(), [&] { return random.normal(); });
    if (argument.name == "label") {
      std::generate_n(tensor.data<int32_t>(), tensor.size(),
                      [&] { return static_cast<int32_t>(random.below(network.classes)); });
    }
    return contents.tensors[key] = tensor;  // rate and step stay 0: the parameters do not move
  };
  for (const Traced* traced : {&training, &inference}) {
    Program program = compile(traced->graph);
    std::vector<Tensor*> arguments, results;
    for (const Graph::Argument& argument : traced->graph.arguments()) arguments.push_back(&tensor_for(argument));
    for (size_t i = 0; i < program.plan().results.size(); ++i) {
      const ProgramPort& port = program.plan().results[i];
      if (program.plan().result_replaces[i] >= 0) continue;
      results.push_back(&(contents.tensors[port.name] = Tensor(port.shape, port.dtype)));
    }
    program.run(arguments, results, threads);
  }
  write_safetensors(path, contents);
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 2 && std::string(words[1]) == "list") {
      for (const auto& [name, layer] : layer_cases()) fmt::print("{}\n", name);
      for (const ModelEntry& entry : models()) fmt::print("{}\n", entry.name);
      return 0;
    }
    if (count != 4) fovea::refuse("dump_gradients NAME BATCH OUT.safetensors, or dump_gradients list");
    run(words[1], std::stoll(words[2]), words[3]);
    return 0;
  } catch (const fovea::Error& error) {
    fmt::print(stderr, "dump_gradients: {}\n", error.what());
    return error.exit_status();
  }
}
