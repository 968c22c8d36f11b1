// SPDX-License-Identifier: Apache-2.0
// fovea quantize MODEL --calibrate SPEC: converts a float network to an integer one.
#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "app/evaluation.h"
#include "app/model_options.h"
#include "app/quantization_steps.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/report/chart.h"
#include "fovea/train/run.h"
#include "fovea/workflows/quantize_model.h"
#include "fovea/workflows/write_model.h"

namespace fovea {
namespace {

struct QuantizeOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, calibrate, evaluate, split = "test", method = "minmax", input = "uint8", out, chart, lose;
  std::vector<std::string> float_layers, wide_layers;
  int64_t images = 500, noise_images = 100;
  int bits = 8;
  bool per_tensor = false, dense_per_channel = false, equalize = false, keep_biases = false, anew = false, or_best = false;
  CLI::Option *method_option = nullptr, *images_option = nullptr;
};

DType input_type(const std::string& name) {
  if (name == "uint8") return DType::u8;
  if (name == "int8") return DType::i8;
  if (name == "float") return DType::f32;
  refuse_unknown("input", name, std::vector<std::string>{"uint8", "int8", "float"});
}

// The layers by their noise, the worst first.
std::string noise_text(std::vector<QuantizedLayer> layers) {
  std::ranges::sort(layers, {}, &QuantizedLayer::alone);
  size_t width = 5;
  for (const QuantizedLayer& layer : layers) width = std::max(width, layer.name.size());
  std::string text = fmt::format("signal to noise, dB\n{:<{}}  {:>12}  {:>7}  {:>8}  {}\n", "layer", width, "operator", "alone",
                                 "together", "range");
  for (const QuantizedLayer& layer : layers)
    text += fmt::format("{:<{}}  {:>12}  {:>7.1f}  {:>8.1f}  {:.4g} to {:.4g}\n", layer.name, width, layer.op, layer.alone,
                        layer.together, layer.range.minimum, layer.range.maximum);
  return text;
}

std::string noise_chart(const QuantizedModel& network) {
  BarChart chart{.title = network.model.name + ": signal to noise of its layers as integers",
                 .label = "dB",
                 .series = {"this layer alone", "all layers up to here"}};
  for (const QuantizedLayer& layer : network.layers)
    chart.rows.push_back({layer.name, {std::max(layer.alone, 0.0), std::max(layer.together, 0.0)}});
  return bar_chart(chart);
}

// Checks options before anything is computed.
void check_requests(const QuantizeOptions& options) {
  if (options.split != "test" && options.split != "train") {
    refuse_unknown("split", options.split, std::vector<std::string>{"test", "train"});
  }
  range_method_named(options.method);
  input_type(options.input);
  if (options.bits != 8 && options.bits != 4) refuse("--weight-bits is 8 or 4, not {}", options.bits);
  if (options.bits == 8 && !options.wide_layers.empty())
    refuse("--eight-bit-layers leaves layers out of --weight-bits 4; all weights have 8 bits already");
  if (options.lose.empty() && options.or_best) refuse("--or-best writes the best of what --lose tries; give --lose 0.5%");
  if (!options.lose.empty()) {
    allowed_loss(options.lose);
    for (const auto& [name, given] :
         {std::pair("--method", options.method_option->count() > 0), std::pair("--equalize", options.equalize),
          std::pair("--keep-biases", options.keep_biases)})
      if (given) refuse("{} is one of the steps that --lose tries by itself; leave one of the two out", name);
  }
  if (options.out.empty()) return;
  if (!is_model_file(options.out)) refuse("-o {}: the ending must be .tflite or .onnx", options.out);
  const std::filesystem::path folder = std::filesystem::path(options.out).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    fail(ErrorCode::not_found, "-o {}: there is no folder {}", options.out, folder.string());
}

// Without --calibrate, the data are the run's own, with the same parts as in training, and the file is written into the run's
// folder.
bool by_its_own_data(const QuantizeOptions& options) { return options.calibrate.empty(); }

void name_own_data(QuantizeOptions& options) {
  if (!std::filesystem::exists(std::filesystem::path(options.model) / "recipe.toml"))
    refuse(
        "there are no images to calibrate on; give --calibrate SPEC, e.g. a folder of class folders: only a run knows what it "
        "was trained on");
  if (options.out.empty()) options.out = (std::filesystem::path(options.model) / "model.tflite").string();
}

std::shared_ptr<const Dataset> data_of(const QuantizeOptions& options, const std::string& spec, Split split) {
  if (!std::filesystem::exists(std::filesystem::path(options.model) / "recipe.toml"))
    return open_dataset(spec, split, {.seed = static_cast<uint64_t>(options.common.seed)});
  const Recipe recipe = read_recipe(std::filesystem::path(options.model) / "recipe.toml");
  if (spec.empty() && recipe.data.empty())
    refuse("the training images of {} are not known; give --calibrate SPEC", options.model);
  return open_run_data(options.model, recipe, split, spec);
}

QuantizeModelOptions request_of(const QuantizeOptions& options) {
  // Statements, not one initializer: where a later member throws, GCC 12 destroys a nested aggregate of strings twice.
  QuantizeModelOptions request;
  request.open.weights = options.weights;
  request.open.seed = options.common.seed;
  request.open.form = options.form;
  request.calibration = data_of(options, options.calibrate, Split::train);
  request.noise_images = options.noise_images;
  request.seed = static_cast<uint64_t>(options.common.seed);
  request.method = range_method_named(options.method);
  request.scales.conv_per_channel = !options.per_tensor;
  request.scales.dense_per_channel = options.dense_per_channel && !options.per_tensor;
  request.equalize = options.equalize;
  request.correct_biases = !options.keep_biases;
  request.float_layers = options.float_layers;
  request.wide_layers = options.wide_layers;
  request.scales.bits = options.bits;
  request.anew = options.anew;
  request.input = input_type(options.input);
  request.threads = options.common.thread_count();
  request.images = std::min(options.images, request.calibration->count());
  if (!options.evaluate.empty() || by_its_own_data(options))
    request.evaluation = data_of(options, options.evaluate, options.split == "train" ? Split::train : Split::test);
  // --lose compares answers on what is left: at least half of a small data set.
  if (!options.lose.empty() && !request.evaluation && options.images_option->count() == 0)
    request.images = std::max<int64_t>(1, std::min(request.images, request.calibration->count() / 2));
  return request;
}

nlohmann::ordered_json json_of(const QuantizedModel& network) {
  nlohmann::ordered_json json;
  for (const QuantizedLayer& layer : network.layers)
    json["layers"].push_back({{"name", layer.name}, {"alone", layer.alone}, {"together", layer.together}});
  json["float_layers"] = network.float_layers;
  if (network.before) json.update({{"before", evaluation_json(*network.before)}, {"after", evaluation_json(*network.after)}});
  return json;
}

// The layers' noise, what stayed real, and the accuracy.
std::string network_text(const QuantizedModel& network) {
  std::string text = noise_text(network.layers);
  if (!network.float_layers.empty())
    text += fmt::format("in f32: {} of {} layers, the first {}\n", network.float_layers.size(), network.layer_count,
                        network.float_layers.front());
  if (network.before)
    text +=
        fmt::format("real numbers  {}\nintegers      {}\n", evaluation_text(*network.before), evaluation_text(*network.after));
  return text;
}

// Writes the file and the chart; returns what to say about it.
std::string write_network(const QuantizeOptions& options, const QuantizedModel& network) {
  std::string text, chart = options.chart;
  if (!options.out.empty()) {
    write_model_file(options.out, network.model);
    text =
        fmt::format("wrote {}, {}\n", options.out, bytes_text(static_cast<int64_t>(std::filesystem::file_size(options.out))));
    if (chart.empty()) chart = std::filesystem::path(options.out).replace_extension(".svg").string();
  }
  if (!chart.empty()) write_text(chart, noise_chart(network));
  return text;
}

// Tries until no more is lost than --lose allows. Otherwise nothing is written, unless --or-best asks for it.
void run_search(const QuantizeOptions& options, const QuantizeModelOptions& request, Progress& progress) {
  LadderOptions search;
  search.quantize = request;
  search.lose = allowed_loss(options.lose);
  const LadderResult result = quantize_within(options.model, search, progress);
  const bool wanted = result.reached || options.or_best;
  std::string text = network_text(result.network) + steps_text(result, search.lose);
  if (wanted) text += write_network(options, result.network);
  print_text(options.common, text);
  if (options.common.json) {
    nlohmann::ordered_json json = json_of(result.network);
    json.update({{"lose", search.lose},
                 {"reached", result.reached},
                 {"best", result.best},
                 {"images", result.images},
                 {"steps", steps_json(result)}});
    print_json(json);
  }
  if (!wanted) fail("{}; nothing was written (--or-best writes it)", shortfall_text(result, search.lose));
}

void run_quantization(QuantizeOptions options) {
  if (by_its_own_data(options)) name_own_data(options);
  check_requests(options);
  Progress progress(false);
  const QuantizeModelOptions request = request_of(options);
  if (!options.lose.empty()) return run_search(options, request, progress);
  const QuantizedModel network = quantize_model(options.model, request, progress);
  progress.finish(fmt::format("{} calibrated on {} images of {}", options.model, request.images,
                              options.calibrate.empty() ? "its training" : options.calibrate));
  print_text(options.common, network_text(network) + write_network(options, network));
  if (options.common.json) print_json(json_of(network));
}

}  // namespace

Command quantize_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("quantize", "quantize a trained network to 8-bit integers");
  auto options = std::make_shared<QuantizeOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name")->required();
  app->add_option(
      "--calibrate", options->calibrate,
      "the data set whose training images calibrate (a run's own; the result is then measured on its test images, too)");
  options->images_option = app->add_option("--images", options->images, "how many of them (500)")->check(between(1, 1 << 20));
  options->method_option = app->add_option("--method", options->method, "ranges: minmax, percentile, mse or entropy (minmax)");
  app->add_flag("--per-tensor", options->per_tensor, "one scale for all weights of a layer, not one a channel");
  app->add_flag("--dense-per-channel", options->dense_per_channel,
                "a scale for each unit of dense layers, too; older runtimes cannot");
  app->add_flag("--equalize", options->equalize, "scale channels of neighboring layers against each other first");
  app->add_flag("--keep-biases", options->keep_biases, "do not correct biases by what rounding moves the means");
  app->add_option("--float-layers", options->float_layers, "layers that stay in f32: a pattern of their names, e.g. 'conv1'")
      ->allow_extra_args(false);
  app->add_option("--weight-bits", options->bits, "of the weights of convolutions and dense layers: 8 or 4 (8)");
  app->add_option("--eight-bit-layers", options->wide_layers,
                  "with --weight-bits 4, layers of 8 bits: a pattern of their names")
      ->allow_extra_args(false);
  app->add_option("--lose", options->lose,
                  "how much accuracy may be lost, e.g. 0.5%: tries ranges, equalization, bias correction, learned rounding and "
                  "layers in f32 "
                  "until no more is (without --evaluate, how many answers may change on images that do not calibrate)");
  app->add_flag("--or-best", options->or_best, "with --lose, writes the best network if none loses so little");
  app->add_flag("--anew", options->anew, "of a network of integers, quantize the real numbers that they stand for");
  app->add_option("--input", options->input, "what the file reads: uint8, int8 or float (uint8)");
  app->add_option("--evaluate", options->evaluate, "kind:path: measure the accuracy before and after on its test images");
  app->add_option("--split", options->split, "of --evaluate: test or train (test)");
  app->add_option("--weights", options->weights, "a .safetensors file, for a network of fovea models");
  app->add_option("-o,--out", options->out,
                  "the .tflite or .onnx file to write; without it the network is only measured (for a run on its own data: "
                  "RUN/model.tflite)");
  app->add_option("--chart", options->chart, "an SVG of the layers' noise (beside the file)");
  add_model_options(*app, options->form, false);
  add_common_options(*app, options->common);
  return {app, [options] { run_quantization(*options); }};
}

}  // namespace fovea
