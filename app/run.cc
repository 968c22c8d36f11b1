// SPDX-License-Identifier: Apache-2.0
// fovea run MODEL --input x.npy --output y.npy: raw tensors in and out, for comparison with anything.
#include "fovea/train/run.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/inference/predictor.h"
#include "fovea/interchange/npy.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

struct RunOptions {
  CommonOptions common;
  bool dynamic = false;
  ModelOptions form;
  std::string model, weights, winograd = "auto", device;
  std::vector<std::string> inputs, outputs;
  bool probabilities = false;
};

// The file for each input or result: FILE when there is only one, else NAME=FILE. `aliases` are other names of the same ones.
std::map<std::string, std::string> files_by_name(const std::vector<std::string>& given, const std::vector<std::string>& names,
                                                 const char* option, const std::map<std::string, std::string>& aliases = {}) {
  std::map<std::string, std::string> files;
  for (const std::string& word : given) {
    const size_t equals = word.find('=');
    if (names.size() == 1 && equals == std::string::npos) {
      files[names.front()] = word;
      continue;
    }
    if (equals == std::string::npos) refuse("{} {}: which of {}? {} NAME=FILE", option, word, fmt::join(names, ", "), option);
    std::string name = word.substr(0, equals);
    const bool own = std::find(names.begin(), names.end(), name) != names.end();
    if (const auto alias = aliases.find(name); !own && alias != aliases.end()) name = alias->second;
    if (std::find(names.begin(), names.end(), name) == names.end()) refuse_unknown(option, name, names);
    files[name] = word.substr(equals + 1);
  }
  return files;
}

// Examples [n, shape...] f32 from a file; one example may lack the batch dimension.
Tensor examples_of(const Network& network, const NetworkForm::Port& port, const std::string& path) {
  Tensor examples = read_npy(path);
  if (examples.dtype() != DType::f32) fail("{} holds {}; {} reads f32", path, name(examples.dtype()), network.name);
  if (examples.shape() == port.shape) {
    Shape one = {1};
    one.insert(one.end(), port.shape.begin(), port.shape.end());
    examples = examples.reshaped(one);
  }
  const Shape& shape = examples.shape();
  if (shape.size() != port.shape.size() + 1 || shape[0] < 1 ||
      !std::equal(shape.begin() + 1, shape.end(), port.shape.begin())) {
    fail("{} is {}; {} reads a batch of {}", path, to_string(shape), network.name, to_string(port.shape));
  }
  return examples;
}

// The content of a file for one input of a model file: any number of examples, or the one tensor that the input takes.
Tensor port_examples(const InferenceModel& model, const Graph::Argument& port, const std::string& path) {
  Tensor examples = read_npy(path);
  const TensorType& type = port.type;
  if (examples.dtype() != type.dtype)
    fail("{} holds {}; {} reads {}", path, name(examples.dtype()), model.name, name(type.dtype));
  if (examples.shape() == type.shape) return examples;
  if (type.shape.empty()) {
    if (examples.size() == 1) return examples.reshaped({});
    fail("{} is {}; {} reads one number", path, to_string(examples.shape()), model.name);
  }
  const Shape one(type.shape.begin() + 1, type.shape.end());
  if (examples.shape() == one) {
    Shape batched = {1};
    batched.insert(batched.end(), one.begin(), one.end());
    examples = examples.reshaped(batched);
  }
  const Shape& shape = examples.shape();
  if (shape.size() != type.shape.size() || shape[0] < 1 || !std::equal(shape.begin() + 1, shape.end(), one.begin()))
    fail("{} is {}; {} reads a batch of {}", path, to_string(shape), model.name, to_string(one));
  return examples;
}

const Graph::Argument& argument_of(const InferenceModel& model, const std::string& name) {
  return *std::ranges::find(model.graph.arguments(), name, &Graph::Argument::name);
}

// The model opened for as many examples as there are, if possible: an input with another number of examples than its own has to
// accept theirs.
std::optional<InferenceModel> opened_for(int64_t count, const RunOptions& options, const TensorMap& tensors) {
  try {
    InferenceModel model = open_inference_model(options.model, {.weights = options.weights,
                                                                .seed = options.common.seed,
                                                                .form = options.form,
                                                                .batch = count,
                                                                .exact_batch = true,
                                                                .dynamic = options.dynamic});
    for (const auto& [name, tensor] : tensors)
      if (argument_of(model, name).type.shape != tensor.shape()) return std::nullopt;
    return model;
  } catch (const Error&) {
    return std::nullopt;
  }
}

// Prints the files that were read and written, by the names of inputs and results, when there are several.
void print_files(const RunOptions& options, const nlohmann::ordered_json& read, const nlohmann::ordered_json& written,
                 const nlohmann::ordered_json& files, bool one_result) {
  const auto plain = [](const nlohmann::ordered_json& by_name, bool one) { return one ? by_name.front() : by_name; };
  const nlohmann::ordered_json json{
      {"input", plain(read, read.size() == 1)}, {"output", plain(written, one_result)}, {"file", plain(files, one_result)}};
  if (options.common.json) print_json(json);
}

// The given examples for every input of a model file.
TensorMap file_inputs(const RunOptions& options, const InferenceModel& model) {
  std::vector<std::string> inputs;
  for (const Graph::Argument& argument : model.graph.arguments())
    if (argument.role == Role::input) inputs.push_back(argument.name);
  const std::map<std::string, std::string> given = files_by_name(options.inputs, inputs, "--input", model.input_aliases);
  TensorMap tensors;
  for (const std::string& input : inputs) {
    if (!given.contains(input)) refuse("{} reads {}: --input {}=FILE", model.name, fmt::join(inputs, ", "), input);
    tensors[input] = port_examples(model, argument_of(model, input), given.at(input));
  }
  return tensors;
}

// The number of examples if it is not the model's own batch, else 0.
int64_t other_batch(const InferenceModel& model, const TensorMap& tensors) {
  int64_t other = 0;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.shape() == argument_of(model, name).type.shape) continue;
    const int64_t count = tensor.shape()[0];
    if (other != 0 && count != other) fail("one input holds {} examples, another {}", other, count);
    other = count;
  }
  return other;
}

// Copies examples [first, first + count) of [n, ...]; the last one is repeated beyond the end.
void copy_examples(const Tensor& from, int64_t first, Tensor& to) {
  const size_t bytes = to.bytes() / static_cast<size_t>(to.shape()[0]);
  for (int64_t i = 0; i < to.shape()[0]; ++i)
    std::memcpy(to.raw() + static_cast<size_t>(i) * bytes,
                from.raw() + static_cast<size_t>(std::min(first + i, from.shape()[0] - 1)) * bytes, bytes);
}

// The wanted results for `count` examples, from a model compiled for `batch` examples, one batch at a time.
TensorMap results_of(const InferenceModel& model, const std::map<std::string, std::string>& wanted, Session& session,
                     const TensorMap& tensors, int64_t batch, int64_t count, ThreadPool& threads) {
  TensorMap results;
  for (int64_t first = 0; first < count; first += batch) {
    for (const auto& [name, tensor] : tensors) {
      Tensor& argument = session.argument(name);
      if (tensor.shape() == argument.shape())
        std::memcpy(argument.raw(), tensor.raw(), tensor.bytes());
      else
        copy_examples(tensor, first, argument);
    }
    session.run(threads);
    for (const Graph::Result& result : model.graph.results()) {
      if (!wanted.contains(result.name)) continue;
      const auto [found, fresh] = results.try_emplace(result.name);
      Tensor& whole = found->second;
      Shape shape = result.type.shape;
      if (count != batch && (shape.empty() || shape[0] % batch != 0))
        fail("{} is for a batch of {}; its result \"{}\" is {}, not one for each example", model.name, batch, result.name,
             to_string(shape));
      if (count != batch) shape[0] = shape[0] / batch * count;
      if (fresh) whole = Tensor(shape, result.type.dtype);
      const size_t each = whole.bytes() / static_cast<size_t>(count),
                   rest = static_cast<size_t>(std::min(batch, count - first));
      std::memcpy(whole.raw() + each * static_cast<size_t>(first), session.result(result.name).raw(), each * rest);
    }
  }
  return results;
}

// Runs a .tflite or .onnx file; integers stay integers. It is opened for the batch that it was written for. Other numbers of
// examples are one batch if it can be read for them, and otherwise run in its own batches.
void run_file(const RunOptions& options) {
  if (options.probabilities)
    refuse("{} determines its own results; --probabilities is for runs and networks of fovea models", options.model);
  InferenceModel model = open_inference_model(
      options.model,
      {.weights = options.weights, .seed = options.common.seed, .form = options.form, .batch = 0, .dynamic = options.dynamic});
  const TensorMap tensors = file_inputs(options, model);
  int64_t batch = 1, count = 1;
  if (const int64_t other = other_batch(model, tensors); other != 0) {
    if (std::optional<InferenceModel> fitting = opened_for(other, options, tensors)) {
      model = std::move(*fitting);
    } else {
      count = other;
      for (const auto& [name, tensor] : tensors) {
        const Shape& own = argument_of(model, name).type.shape;
        if (tensor.shape() != own) batch = own[0];
      }
    }
  }
  std::vector<std::string> outputs;
  for (const Graph::Result& result : model.graph.results()) outputs.push_back(result.name);
  const auto paths = files_by_name(options.outputs, outputs, "--output", model.output_aliases);
  Session session(model.graph, model.tensors,
                  {.device = options.device, .inference = true, .winograd = winograd_named(options.winograd)});
  ThreadPool threads(options.common.thread_count());
  const TensorMap results = results_of(model, paths, session, tensors, batch, count, threads);
  nlohmann::ordered_json read, written, files;
  for (const auto& [name, tensor] : tensors) read[name] = tensor.shape();
  for (const std::string& name : outputs) {
    if (!paths.contains(name)) continue;
    const Tensor& answer = results.at(name);
    write_npy(paths.at(name), answer);
    print_text(options.common, fmt::format("{} {} {}\n", paths.at(name), name, to_string(answer.shape())));
    written[name] = answer.shape();
    files[name] = paths.at(name);
  }
  print_files(options, read, written, files, outputs.size() == 1);
}

TensorMap read_inputs(const Network& network, const std::vector<std::string>& given) {
  std::vector<std::string> names;
  for (const NetworkForm::Port& port : network.inputs()) names.push_back(port.name);
  std::map<std::string, std::string> files = files_by_name(given, names, "--input");
  TensorMap inputs;
  for (const NetworkForm::Port& port : network.inputs()) {
    if (!files.contains(port.name)) refuse("{} reads {}: --input {}=FILE", network.name, fmt::join(names, ", "), port.name);
    inputs[port.name] = examples_of(network, port, files[port.name]);
    const int64_t count = inputs[port.name].shape()[0], first = inputs.begin()->second.shape()[0];
    if (count != first) fail("{} holds {} examples, another input {}", files[port.name], count, first);
  }
  return inputs;
}

void run_network(const RunOptions& options) {
  if (is_model_file(options.model)) return run_file(options);
  if (options.dynamic) refuse("--dynamic is for .tflite files; {} is not one", options.model);
  TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  const TensorMap inputs = read_inputs(model.network, options.inputs);
  Predictor predictor(model.network, std::move(model.tensors), options.probabilities ? Output::probabilities : Output::logits,
                      DType::f32, winograd_named(options.winograd), options.device);
  ThreadPool threads(options.common.thread_count());
  const Session& session = predictor.run(inputs, threads);
  std::vector<std::string> names;
  for (const ProgramPort& port : session.program().plan().results) names.push_back(port.name);
  nlohmann::ordered_json read, written, files;
  for (const auto& [name, tensor] : inputs) read[name] = tensor.shape();
  for (const auto& [name, file] : files_by_name(options.outputs, names, "--output")) {
    const Tensor& answer = session.result(name);
    write_npy(file, answer);
    print_text(options.common, fmt::format("{} {} {}\n", file, name, to_string(answer.shape())));
    written[name] = answer.shape();
    files[name] = file;
  }
  print_files(options, read, written, files, names.size() == 1);
}

}  // namespace

Command run_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("run", "raw tensors in and out: .npy to .npy");
  auto options = std::make_shared<RunOptions>();
  app->add_option("MODEL", options->model,
                  "the folder of a run, a .tflite file, or a network's name with --weights (without: initial values)")
      ->required();
  app->add_option(
         "--input", options->inputs,
         "images [n, height, width, channels]: f32, preprocessed, or what an integer file reads; NAME=FILE for each input "
         "of a network with several")
      ->required()
      ->allow_extra_args(false);
  app->add_option("--output", options->outputs, "logits [n, classes]; NAME=FILE for each result of a network with several")
      ->required()
      ->allow_extra_args(false);
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_flag("--probabilities", options->probabilities, "softmax of the logits");
  add_device_option(*app, options->device);
  add_winograd_option(*app, options->winograd);
  add_dynamic_option(*app, options->dynamic);
  add_model_options(*app, options->form, false);
  add_common_options(*app, options->common);
  return {app, [options] { run_network(*options); }};
}

}  // namespace fovea
