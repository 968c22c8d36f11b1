// fovea run MODEL --input x.npy --output y.npy: raw tensors in and out, for checking against anything.
#include "fovea/train/run.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/formats/npy.h"
#include "fovea/train/predictor.h"

namespace fovea {
namespace {

struct RunOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights;
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
  TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  const TensorMap inputs = read_inputs(model.network, options.inputs);
  Predictor predictor(model.network, std::move(model.tensors), options.probabilities ? Output::probabilities : Output::logits);
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
  // Names only where they are needed.
  const auto plain = [](const nlohmann::ordered_json& by_name, size_t count) { return count == 1 ? by_name.front() : by_name; };
  const nlohmann::ordered_json json{
      {"input", plain(read, inputs.size())}, {"output", plain(written, names.size())}, {"file", plain(files, names.size())}};
  if (options.common.json) print_json(json);
}

}  // namespace

Command run_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("run", "raw tensors in and out: .npy to .npy");
  auto options = std::make_shared<RunOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, or a network's name with --weights (without: initial values)")
      ->required();
  app->add_option("--input", options->inputs,
                  "f32 images [n, height, width, channels], preprocessed; NAME=FILE for each input of a network with several")
      ->required()
      ->allow_extra_args(false);
  app->add_option("--output", options->outputs, "logits [n, classes]; NAME=FILE for each result of a network with several")
      ->required()
      ->allow_extra_args(false);
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_flag("--probabilities", options->probabilities, "softmax of the logits");
  add_model_options(*app, options->form, false);
  add_common_options(*app, options->common);
  return {app, [options] { run_network(*options); }};
}

}  // namespace fovea
