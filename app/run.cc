// fovea run MODEL --input x.npy --output y.npy: raw tensors in and out, for checking against anything.
#include "fovea/train/run.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "app/inference_model.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/formats/npy.h"
#include "fovea/train/predictor.h"

namespace fovea {
namespace {

struct RunOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, winograd = "auto";
  std::vector<std::string> inputs, outputs;
  bool probabilities = false;
};

// What a file is for: FILE where there is one of its kind, else NAME=FILE.
std::map<std::string, std::string> files_by_name(const std::vector<std::string>& given, const std::vector<std::string>& names,
                                                 const char* option) {
  std::map<std::string, std::string> files;
  for (const std::string& word : given) {
    const size_t equals = word.find('=');
    if (names.size() == 1 && equals == std::string::npos) {
      files[names.front()] = word;
      continue;
    }
    if (equals == std::string::npos) refuse("{} {}: which of {}? {} NAME=FILE", option, word, fmt::join(names, ", "), option);
    const std::string name = word.substr(0, equals);
    if (std::find(names.begin(), names.end(), name) == names.end()) refuse_unknown(option, name, names);
    files[name] = word.substr(equals + 1);
  }
  return files;
}

// [n, shape...] f32; one example may come without its batch dimension.
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

// The file's examples for one input of a model file, whose batch is whatever they are.
Tensor port_examples(const InferenceModel& model, const Graph::Argument& port, const std::string& path) {
  Tensor examples = read_npy(path);
  const TensorType& type = port.type;
  if (examples.dtype() != type.dtype)
    fail("{} holds {}; {} reads {}", path, name(examples.dtype()), model.name, name(type.dtype));
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

// What a command did with files, by the names of inputs and results: only where there are several.
void print_files(const RunOptions& options, const nlohmann::ordered_json& read, const nlohmann::ordered_json& written,
                 const nlohmann::ordered_json& files, bool one_result) {
  const auto plain = [](const nlohmann::ordered_json& by_name, bool one) { return one ? by_name.front() : by_name; };
  const nlohmann::ordered_json json{
      {"input", plain(read, read.size() == 1)}, {"output", plain(written, one_result)}, {"file", plain(files, one_result)}};
  if (options.common.json) print_json(json);
}

// A .tflite or .onnx file: integers stay integers.
void run_file(const RunOptions& options) {
  if (options.probabilities) refuse("{} ends as it ends; --probabilities is for a run or a network by its name", options.model);
  OpenOptions open{.weights = options.weights, .seed = options.common.seed, .form = options.form};
  InferenceModel model = open_inference_model(options.model, open);
  std::vector<std::string> inputs, outputs;
  for (const Graph::Argument& argument : model.graph.arguments())
    if (argument.role == Role::input) inputs.push_back(argument.name);
  for (const Graph::Result& result : model.graph.results()) outputs.push_back(result.name);
  const std::map<std::string, std::string> given = files_by_name(options.inputs, inputs, "--input");
  TensorMap tensors;
  for (const Graph::Argument& argument : model.graph.arguments()) {
    if (argument.role != Role::input) continue;
    if (!given.contains(argument.name))
      refuse("{} reads {}: --input {}=FILE", model.name, fmt::join(inputs, ", "), argument.name);
    const Tensor examples = tensors[argument.name] = port_examples(model, argument, given.at(argument.name));
    const int64_t count = examples.shape()[0], first = tensors.begin()->second.shape()[0];
    if (count != first) fail("{} holds {} examples, another input {}", given.at(argument.name), count, first);
    open.batch = count;
  }
  if (open.batch != 1) model = open_inference_model(options.model, open);
  Session session(model.graph, model.tensors, {.inference = true, .winograd = winograd_named(options.winograd)});
  nlohmann::ordered_json read, written, files;
  for (const auto& [name, tensor] : tensors) {
    std::memcpy(session.argument(name).raw(), tensor.raw(), tensor.bytes());
    read[name] = tensor.shape();
  }
  ThreadPool threads(options.common.thread_count());
  session.run(threads);
  const auto paths = files_by_name(options.outputs, outputs, "--output");
  for (const Graph::Result& result : model.graph.results()) {
    if (!paths.contains(result.name)) continue;
    Tensor answer(result.type.shape, result.type.dtype);
    std::memcpy(answer.raw(), session.result(result.name).raw(), answer.bytes());
    write_npy(paths.at(result.name), answer);
    print_text(options.common, fmt::format("{} {} {}\n", paths.at(result.name), result.name, to_string(answer.shape())));
    written[result.name] = answer.shape();
    files[result.name] = paths.at(result.name);
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
  TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  const TensorMap inputs = read_inputs(model.network, options.inputs);
  Predictor predictor(model.network, std::move(model.tensors), options.probabilities ? Output::probabilities : Output::logits,
                      DType::f32, winograd_named(options.winograd));
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
  add_winograd_option(*app, options->winograd);
  add_model_options(*app, options->form, false);
  add_common_options(*app, options->common);
  return {app, [options] { run_network(*options); }};
}

}  // namespace fovea
