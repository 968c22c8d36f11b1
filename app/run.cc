// fovea run MODEL --input x.npy --output y.npy: raw tensors in and out, for checking against anything.
#include "fovea/train/run.h"

#include <fmt/format.h>

#include "app/command.h"
#include "fovea/core/error.h"
#include "fovea/formats/npy.h"
#include "fovea/train/predictor.h"

namespace fovea {
namespace {

struct RunOptions {
  CommonOptions common;
  std::string model, weights, input, output;
  bool probabilities = false;
};

// [n, input...] f32; one image may come without its batch dimension.
Tensor images_of(const Network& network, const std::string& path) {
  Tensor images = read_npy(path);
  if (images.dtype() != DType::f32) fail("{} holds {}; {} reads f32", path, name(images.dtype()), network.name);
  if (images.shape() == network.input) {
    Shape one = {1};
    one.insert(one.end(), network.input.begin(), network.input.end());
    images = images.reshaped(one);
  }
  const Shape& shape = images.shape();
  if (shape.size() != network.input.size() + 1 || shape[0] < 1 ||
      !std::equal(shape.begin() + 1, shape.end(), network.input.begin())) {
    fail("{} is {}; {} reads a batch of {}", path, to_string(shape), network.name, to_string(network.input));
  }
  return images;
}

void run_network(const RunOptions& options) {
  TrainedModel model = open_model(options.model, options.weights, options.common.seed);
  const Tensor images = images_of(model.network, options.input);
  Predictor predictor(model.network, std::move(model.tensors), options.probabilities ? Output::probabilities : Output::logits);
  ThreadPool threads(options.common.thread_count());
  const Tensor& answer = predictor.predict(images, threads);
  write_npy(options.output, answer);
  print_text(options.common, fmt::format("{} {} -> {} {}\n", options.input, to_string(images.shape()), options.output,
                                         to_string(answer.shape())));
  if (options.common.json) {
    print_json({{"input", images.shape()}, {"output", answer.shape()}, {"file", options.output}});
  }
}

}  // namespace

Command run_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("run", "raw tensors in and out: .npy to .npy");
  auto options = std::make_shared<RunOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, or a network's name with --weights (without: initial values)")
      ->required();
  app->add_option("--input", options->input, "f32 images [n, height, width, channels], preprocessed")->required();
  app->add_option("--output", options->output, "logits [n, classes]")->required();
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_flag("--probabilities", options->probabilities, "softmax of the logits");
  add_common_options(*app, options->common);
  return {app, [options] { run_network(*options); }};
}

}  // namespace fovea
