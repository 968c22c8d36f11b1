// SPDX-License-Identifier: Apache-2.0
// fovea quantize MODEL --calibrate SPEC: a network of integers from one of real numbers.
#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "app/evaluation.h"
#include "app/inference_model.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/graph/rewrite/folding.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/interchange/onnx/write.h"
#include "fovea/interchange/tflite/write.h"
#include "fovea/quant/calibration.h"
#include "fovea/quant/equalization.h"
#include "fovea/quant/parameters.h"
#include "fovea/quant/quantization_aware.h"
#include "fovea/quant/quantizer.h"
#include "fovea/quant/scale_limits.h"
#include "fovea/report/chart.h"

namespace fovea {
namespace {

struct QuantizeOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, calibrate, evaluate, split = "test", method = "minmax", input = "uint8", out, chart;
  std::vector<std::string> float_layers;
  int64_t images = 500, noise_images = 100;
  bool per_tensor = false, dense_per_channel = false, equalize = false, keep_biases = false;
};

DType input_type(const std::string& name) {
  if (name == "uint8") return DType::u8;
  if (name == "int8") return DType::i8;
  if (name == "float") return DType::f32;
  refuse_unknown("input", name, std::vector<std::string>{"uint8", "int8", "float"});
}

// A batch that divides the images and leaves room for all tensors at once.
int64_t batch_for(int64_t images, const std::string& model, const QuantizeOptions& options) {
  const Graph graph =
      open_inference_model(model, {.weights = options.weights, .form = options.form, .output = Output::logits}).graph;
  const bool large = !graph.arguments().empty() && element_count(graph.arguments()[0].type.shape) > 64 * 64 * 3;
  int64_t batch = std::min<int64_t>(images, large ? 5 : 50);
  while (images % batch != 0) --batch;
  return batch;
}

// The network in real numbers, without norms, and its layers.
struct Prepared {
  InferenceModel model;
  QuantizationPlan plan;
  RangeMap learned;  // of a run that was trained for integers

  Prepared(const QuantizeOptions& options, int64_t batch) : Prepared(opened(options, batch), options) {}

 private:
  static std::pair<InferenceModel, std::map<int32_t, Range>> opened(const QuantizeOptions& options, int64_t batch) {
    InferenceModel model = open_inference_model(options.model, {.weights = options.weights,
                                                                .seed = options.common.seed,
                                                                .form = options.form,
                                                                .batch = batch,
                                                                .output = Output::logits});
    for (const Graph::Argument& argument : model.graph.arguments()) {
      if (argument.type.quantization) refuse("{} holds integers already", options.model);
    }
    if (auto aware = learned_ranges(model)) return std::pair(std::move(aware->model), std::move(aware->ranges));
    return std::pair(folded(model, {.norms_as_convolutions = true}), std::map<int32_t, Range>());
  }

  Prepared(std::pair<InferenceModel, std::map<int32_t, Range>> opened, const QuantizeOptions& options)
      : model(std::move(opened.first)),
        plan(model, {.float_layers = options.float_layers}),
        learned(ranges_by_group(plan, opened.second)) {}
};

WeightScales scales_of(const QuantizeOptions& options) {
  return {.conv_per_channel = !options.per_tensor, .dense_per_channel = options.dense_per_channel && !options.per_tensor};
}

// The layers by their noise, the worst first.
std::string noise_text(const Prepared& network, const RangeMap& ranges, std::vector<LayerNoise> noise) {
  std::ranges::sort(noise, {}, &LayerNoise::alone);
  size_t width = 5;
  for (const LayerNoise& entry : noise) width = std::max(width, network.plan.layers()[entry.layer].name.size());
  std::string text = fmt::format("signal to noise, dB\n{:<{}}  {:>12}  {:>7}  {:>8}  {}\n", "layer", width, "operator", "alone",
                                 "together", "range");
  for (const LayerNoise& entry : noise) {
    const QuantizationPlan::Layer& layer = network.plan.layers()[entry.layer];
    const Range range = range_of(type_of(network.plan, ranges, layer.output));
    text += fmt::format("{:<{}}  {:>12}  {:>7.1f}  {:>8.1f}  {:.4g} to {:.4g}\n", layer.name, width, layer.node.op, entry.alone,
                        entry.together, range.minimum, range.maximum);
  }
  return text;
}

std::string noise_chart(const Prepared& network, const std::vector<LayerNoise>& noise) {
  BarChart chart{.title = network.model.name + ": signal to noise of its layers as integers",
                 .label = "dB",
                 .series = {"this layer alone", "all layers up to here"}};
  for (const LayerNoise& entry : noise) {
    chart.rows.push_back(
        {network.plan.layers()[entry.layer].name, {std::max(entry.alone, 0.0), std::max(entry.together, 0.0)}});
  }
  return bar_chart(chart);
}

Metrics accuracy(InferenceModel model, const QuantizeOptions& options, ThreadPool& threads, Progress& progress) {
  ImageClassifier classifier(std::move(model));
  const auto dataset = open_dataset(options.evaluate, options.split == "train" ? Split::train : Split::test);
  return evaluate(classifier, dataset, threads, progress);
}

InferenceModel copy_of(const InferenceModel& model) {
  return {.name = model.name,
          .graph = Graph::parse(model.graph.text(), model.name),
          .tensors = model.tensors,
          .preprocessing = model.preprocessing,
          .labels = model.labels};
}

void write_model(const std::string& path, const InferenceModel& model) {
  if (std::filesystem::path(path).extension() == ".onnx") {
    write_onnx(path, model);
  } else {
    write_tflite(path, model);
  }
}

std::vector<std::string> layers_in_float(const QuantizationPlan& plan) {
  std::vector<std::string> names;
  for (const QuantizationPlan::Layer& layer : plan.layers()) {
    if (!layer.integer) names.push_back(layer.name);
  }
  return names;
}

// From images to ranges; equalizes before, corrects biases after, as the options say.
std::vector<LayerNoise> calibrate_network(Prepared& network, RangeMap& ranges, const QuantizeOptions& options,
                                          ThreadPool& threads, Progress& progress) {
  const SampleImages images{.dataset = open_dataset(options.calibrate, Split::train),
                            .count = options.images,
                            .seed = static_cast<uint64_t>(options.common.seed)};
  if (options.equalize) progress.say(fmt::format("{} pairs of layers equalized", equalize(network.model, network.plan)));
  ranges = network.learned.empty()
               ? ranges_by_group(network.plan, calibrate(network.model, network.plan, range_method_named(options.method),
                                                         images, threads, progress))
               : network.learned;
  ranges = widened_ranges(network.model, network.plan, std::move(ranges));
  const SampleImages few{images.dataset, std::min(options.noise_images, options.images), images.seed};
  const auto measure = [&](const SampleImages& sample) {
    return measure_noise(network.model, network.plan, ranges, scales_of(options), sample, threads, progress);
  };
  if (!options.keep_biases && network.learned.empty()) {
    correct_biases(network.model, network.plan, measure(images));
  }
  return measure(few);
}

// Before anything is computed.
void check_requests(const QuantizeOptions& options) {
  if (options.split != "test" && options.split != "train") {
    refuse_unknown("split", options.split, std::vector<std::string>{"test", "train"});
  }
  range_method_named(options.method);
  input_type(options.input);
  if (options.out.empty()) return;
  if (!is_model_file(options.out)) refuse("-o {}: the ending must be .tflite or .onnx", options.out);
  const std::filesystem::path folder = std::filesystem::path(options.out).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    fail("-o {}: there is no folder {}", options.out, folder.string());
}

void run_quantization(const QuantizeOptions& options) {
  check_requests(options);
  ThreadPool threads(options.common.thread_count());
  Progress progress(false);
  Prepared network(options, batch_for(options.images, options.model, options));
  const std::vector<std::string> in_float = layers_in_float(network.plan);
  std::optional<Metrics> before, after;
  if (!options.evaluate.empty()) before = accuracy(copy_of(network.model), options, threads, progress);
  RangeMap ranges;
  const std::vector<LayerNoise> noise = calibrate_network(network, ranges, options, threads, progress);
  const QuantizerOptions form{.scales = scales_of(options), .input = input_type(options.input)};
  if (!options.evaluate.empty())
    after = accuracy(quantized(network.model, network.plan, ranges, form), options, threads, progress);
  progress.finish(fmt::format("{} calibrated on {} images of {}", options.model, options.images, options.calibrate));

  std::string text = noise_text(network, ranges, noise);
  if (!in_float.empty()) {
    text +=
        fmt::format("in f32: {} of {} layers, the first {}\n", in_float.size(), network.plan.layers().size(), in_float.front());
  }
  if (before) text += fmt::format("real numbers  {}\nintegers      {}\n", evaluation_text(*before), evaluation_text(*after));
  std::string chart = options.chart;
  if (!options.out.empty()) {
    Prepared single(options, 1);
    single.model.tensors = network.model.tensors;
    write_model(options.out, quantized(single.model, single.plan, ranges, form));
    text +=
        fmt::format("wrote {}, {}\n", options.out, bytes_text(static_cast<int64_t>(std::filesystem::file_size(options.out))));
    if (chart.empty()) chart = std::filesystem::path(options.out).replace_extension(".svg").string();
  }
  if (!chart.empty()) write_text(chart, noise_chart(network, noise));
  print_text(options.common, text);
  if (!options.common.json) return;
  nlohmann::ordered_json json;
  for (const LayerNoise& entry : noise) {
    json["layers"].push_back(
        {{"name", network.plan.layers()[entry.layer].name}, {"alone", entry.alone}, {"together", entry.together}});
  }
  json["float_layers"] = in_float;
  if (before) json.update({{"before", evaluation_json(*before)}, {"after", evaluation_json(*after)}});
  print_json(json);
}

}  // namespace

Command quantize_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("quantize", "a network of 8-bit integers from a trained one");
  auto options = std::make_shared<QuantizeOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name")->required();
  app->add_option("--calibrate", options->calibrate, "kind:path: the data set whose training images show the ranges")
      ->required();
  app->add_option("--images", options->images, "how many of them (500)")->check(between(1, 1 << 20));
  app->add_option("--method", options->method, "ranges: minmax, percentile, mse or entropy (minmax)");
  app->add_flag("--per-tensor", options->per_tensor, "one scale for all weights of a layer, not one a channel");
  app->add_flag("--dense-per-channel", options->dense_per_channel,
                "a scale for each unit of dense layers, too; older runtimes cannot");
  app->add_flag("--equalize", options->equalize, "scale channels of neighboring layers against each other first");
  app->add_flag("--keep-biases", options->keep_biases, "do not correct biases by what rounding moves the means");
  app->add_option("--float-layers", options->float_layers, "layers that stay in f32: a pattern of their names, e.g. 'conv1'")
      ->allow_extra_args(false);
  app->add_option("--input", options->input, "what the file reads: uint8, int8 or float (uint8)");
  app->add_option("--evaluate", options->evaluate, "kind:path: tell the accuracy before and after on its test images");
  app->add_option("--split", options->split, "of --evaluate: test or train (test)");
  app->add_option("--weights", options->weights, "a .safetensors file, for a network named by its name");
  app->add_option("-o,--out", options->out, "the .tflite or .onnx file; without it the network is only measured");
  app->add_option("--chart", options->chart, "an SVG of the layers' noise (beside the file)");
  add_model_options(*app, options->form, false);
  add_common_options(*app, options->common);
  return {app, [options] { run_quantization(*options); }};
}

}  // namespace fovea
