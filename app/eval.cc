// SPDX-License-Identifier: Apache-2.0
// fovea eval MODEL: top-1, top-5, loss, each class and confusion on a data set, and how far the probabilities can be
// believed.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "app/calibration.h"
#include "app/classification.h"
#include "app/command.h"
#include "app/evaluation.h"
#include "app/model_options.h"
#include "app/suspects.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/graph/model_metadata.h"
#include "fovea/inference/image_classifier.h"
#include "fovea/inference/predictor.h"
#include "fovea/interchange/labels.h"
#include "fovea/report/chart.h"
#include "fovea/train/run.h"
#include "fovea/workflows/evaluation_report.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

struct EvalOptions {
  CommonOptions common;
  bool dynamic = false;
  ModelOptions form;
  ImageInputOptions picture;
  std::string model, weights, labels, data, split = "test", confusion, views, dtype = "f32", winograd = "auto", device;
  std::string report;
  CalibrateOptions calibration;
  bool suspects = false;
  int folds = 5;
  int64_t batch = 0;
};

constexpr int64_t file_batch = 8;

// The pairs of classes that are confused most often, and the share of right answers of every class.
std::string confusion_text(const Metrics& metrics, const std::vector<std::string>& names) {
  struct Mistake {
    int64_t count, truth, answer;
  };
  std::vector<Mistake> mistakes;
  std::string text;
  const int64_t classes = metrics.classes();
  for (int64_t truth = 0; truth < classes; ++truth) {
    const int64_t* row = metrics.confusion().data() + truth * classes;
    for (int64_t answer = 0; answer < classes; ++answer) {
      if (answer != truth && row[answer] > 0) mistakes.push_back({row[answer], truth, answer});
    }
  }
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) { return a.count > b.count; });
  if (mistakes.size() > 5) mistakes.resize(5);
  for (const Mistake& mistake : mistakes) {
    text += fmt::format("  {:>6} x {} taken for {}\n", mistake.count, names[static_cast<size_t>(mistake.truth)],
                        names[static_cast<size_t>(mistake.answer)]);
  }
  return text.empty() ? text : "most frequent mistakes:\n" + text;
}

nlohmann::ordered_json confusion_json(const Metrics& metrics) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (auto row = metrics.confusion().begin(); row != metrics.confusion().end(); row += metrics.classes()) {
    rows.push_back(std::vector<int64_t>(row, row + metrics.classes()));
  }
  return rows;
}

// The answers of a network without a temperature, and the confidence that was saved with it before.
struct Evaluation {
  Metrics metrics;
  Predictions predictions;
  std::string network;
  std::vector<std::string> classes;
  Confidence confidence;
  std::shared_ptr<const Dataset> dataset;
  std::vector<int64_t> places = {};  // for each class of the data set, its number in the network; empty: in the same order
};

Split split_of(const EvalOptions& options) { return options.split == "test" ? Split::test : Split::train; }

// The data of the options, else those of the recipe. `recipe` is that of a run, whose own split is used; null for other models.
std::shared_ptr<const Dataset> dataset_of(const EvalOptions& options, const Recipe* recipe) {
  if (options.data.empty() && (recipe == nullptr || recipe->data.empty()))
    refuse("there is no data set to evaluate on; give --data SPEC, e.g. mnist:DIR");
  auto dataset = recipe != nullptr
                     ? open_run_data(options.model, *recipe, split_of(options), options.data)
                     : open_dataset(options.data, split_of(options), {.seed = static_cast<uint64_t>(options.common.seed)});
  if (!dataset->remark().empty()) fmt::print(stderr, "{}\n", dataset->remark());
  return dataset;
}

// The data for a model file. If it is in the folder of a run, they are those of the run.
std::shared_ptr<const Dataset> dataset_of_file(const EvalOptions& options) {
  const std::filesystem::path folder = std::filesystem::path(options.model).parent_path();
  if (!options.data.empty() || !std::filesystem::exists(folder / "recipe.toml")) return dataset_of(options, nullptr);
  EvalOptions run = options;
  run.model = folder.string();
  const Recipe recipe = read_recipe(folder / "recipe.toml");
  return dataset_of(run, &recipe);
}

// Evaluates a .tflite or .onnx file, or a network with a background class beside the data set's classes, which is never an
// answer.
Evaluation evaluate_model(const EvalOptions& options, std::shared_ptr<const Dataset> dataset, ThreadPool& threads,
                          Progress& progress) {
  if (!options.views.empty() && options.views != "one")
    refuse("--views is not for {}, which evaluates each image once", options.model);
  InferenceModel model = open_inference_model(options.model, {.weights = options.weights,
                                                              .seed = options.common.seed,
                                                              .form = options.form,
                                                              .batch = options.batch > 0 ? options.batch : file_batch,
                                                              .dynamic = options.dynamic});
  const Confidence confidence = std::exchange(model.confidence, {});
  ImageClassifier classifier(std::move(model), dtype_named(options.dtype), winograd_named(options.winograd), options.device);
  const Augmentation pictures = augmentation_of(classifier, options.picture);
  if (is_model_file(options.model)) warn_of_preprocessing(classifier, options.model, options.picture);
  const std::vector<std::string> classes = dataset->class_names();
  std::vector<int64_t> places;
  const std::vector<std::string> labels = options.labels.empty() ? classifier.labels() : read_labels(options.labels);
  const std::string& from = options.labels.empty() ? options.model : options.labels;
  if (!labels.empty())
    places = class_places(classes, class_labels(labels, classifier.classes(), classifier.name(), from), from);
  Predictions predictions(std::ssize(classes));
  Metrics metrics =
      evaluate(classifier, dataset, threads, progress, {.pictures = pictures, .places = places, .predictions = &predictions});
  return {std::move(metrics), std::move(predictions), classifier.name(), classes, confidence, std::move(dataset), places};
}

// Evaluates a run or a built-in network.
Evaluation evaluate_run(const EvalOptions& options, ThreadPool& threads, Progress& progress) {
  if (options.dynamic) refuse("--dynamic is for .tflite files; {} is not one", options.model);
  if (!options.labels.empty() || options.picture != ImageInputOptions{.orientation = options.picture.orientation})
    refuse(
        "{} determines how pictures become its input, and its data set determines its classes: --mean, --deviation, --resize, "
        "--interpolation and --labels are for a .tflite or .onnx file",
        options.model);
  TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  auto dataset = dataset_of(options, &model.recipe);
  if (!model.labels.empty() && model.labels != dataset->class_names()) {  // classes are matched by name, if the run has names
    const std::vector<int64_t> places = class_places(dataset->class_names(), model.labels, options.model);
    if (!places.empty()) dataset = renumbered(std::move(dataset), model.labels, places);
  }
  if (model.network.classes == std::ssize(dataset->class_names()) + 1)
    return evaluate_model(options, dataset, threads, progress);
  check_fits(model.network, *dataset);
  if (!options.picture.orientation.empty()) model.network.preprocessing.upright = options.picture.orientation == "exif";
  Predictor predictor(model.network, std::move(model.tensors), Output::logits, dtype_named(options.dtype),
                      winograd_named(options.winograd), options.device);
  const int64_t batch = options.batch > 0 ? options.batch : model.recipe.batch / model.recipe.accumulate;
  const Views views = views_of(options.views.empty() ? model.recipe.evaluate_views : options.views);
  Predictions predictions(model.network.classes);
  Metrics metrics = evaluate(predictor, dataset, batch, threads, progress, views, nullptr, &predictions);
  return {std::move(metrics), std::move(predictions), model.network.name, dataset->class_names(), model.confidence, dataset};
}

// Writes the page of --report and returns its path.
std::string write_page(const EvalOptions& options, const Evaluation& done, ThreadPool& threads, Progress& progress) {
  InferenceModel model = open_inference_model(options.model, {.weights = options.weights,
                                                              .seed = options.common.seed,
                                                              .form = options.form,
                                                              .dynamic = options.dynamic,
                                                              .output = Output::logits});
  const ImageInputOptions& picture = options.picture;
  Preprocessing& preprocessing = model.preprocessing;
  if (picture.resize > 0) preprocessing.resize = picture.resize;
  if (!picture.interpolation.empty()) preprocessing.bicubic = picture.interpolation == "bicubic";
  if (!picture.orientation.empty()) preprocessing.upright = picture.orientation == "exif";
  if (!picture.mean.empty()) preprocessing.mean = picture.mean;
  if (!picture.deviation.empty()) preprocessing.deviation = picture.deviation;
  const EvaluatedModel evaluated{
      .title = options.data.empty() ? options.model : fmt::format("{} on {}", options.model, options.data),
      .run = std::filesystem::is_directory(options.model) ? options.model : std::string(),
      .model = &model,
      .dataset = done.dataset,
      .classes = done.classes,
      .places = done.places,
      .predictions = &done.predictions,
      .confidence = done.confidence};
  return write_evaluation_report(options.report, evaluated, {}, threads, progress).string();
}

void run_evaluation(const EvalOptions& options) {
  if (options.suspects) return list_suspects(options.common, options.model, options.folds);
  const std::optional<double> wanted_error = checked_error(options.calibration, options.model, options.split);
  if (options.split != "test" && options.split != "train")
    refuse_unknown("split", options.split, std::vector<std::string>{"test", "train"});
  if (is_model_file(options.model) && dtype_named(options.dtype) != DType::f32)
    refuse("--dtype is for runs and networks of fovea models; {} determines its own types", options.model);
  ThreadPool threads(options.common.thread_count());
  Progress progress(false);
  Evaluation done = is_model_file(options.model) ? evaluate_model(options, dataset_of_file(options), threads, progress)
                                                 : evaluate_run(options, threads, progress);
  warn_if_untrained(options.model, options.weights);
  progress.finish(options.data.empty() ? options.model : fmt::format("{} on {}", options.model, options.data));
  std::string calibrated;
  nlohmann::ordered_json fitted;
  const bool calibrate = options.calibration.wanted();
  if (calibrate) {
    const ConfidenceFit fit = fit_confidence(done.predictions, wanted_error);
    keep_confidence(options.calibration, options.model, options.dynamic, fit.confidence);
    calibrated = fit_text(fit, options.calibration.output.empty() ? options.model : options.calibration.output);
    fitted = fit_json(fit);
    done.confidence = fit.confidence;
  }
  if (done.confidence.temperature != 1) done.metrics = metrics_of(done.predictions, done.confidence.temperature);
  if (!options.confusion.empty())
    write_text(options.confusion, confusion_chart(done.metrics.confusion(), done.classes, done.network));
  const std::vector<ClassReport> report = classification_report(done.metrics.confusion(), done.metrics.classes());
  const Reliability trust = reliability(done.predictions, done.confidence.temperature);
  std::string text = evaluation_text(done.metrics) + "\n" + class_table_text(report, done.classes) +
                     confusion_text(done.metrics, done.classes) + reliability_text(trust, done.confidence.temperature);
  if (done.confidence.unknown_below > 0 && !calibrate) {
    text += fmt::format("unknown below {:.2f}%: {}\n", 100 * done.confidence.unknown_below,
                        rejection_text(rejection(done.predictions, done.confidence)));
  }
  text += calibrated;
  if (!options.report.empty()) text += fmt::format("report: {}\n", write_page(options, done, threads, progress));
  print_text(options.common, text);
  if (!options.common.json) return;
  nlohmann::ordered_json json = evaluation_json(done.metrics);
  json["classes"] = class_table_json(report, done.classes);
  json["macro_f1"] = macro_f1(report);
  json["reliability"] = reliability_json(trust);
  json["confidence"] = confidence_json(done.confidence);
  if (done.confidence.unknown_below > 0) json["rejection"] = rejection_json(rejection(done.predictions, done.confidence));
  if (calibrate) json["calibration"] = fitted;
  json["confusion"] = confusion_json(done.metrics);
  print_json(json);
}

}  // namespace

Command eval_command(CLI::App& program) {
  CLI::App* app =
      program.add_subcommand("eval", "accuracy of a trained network for each class, and calibration of its probabilities");
  auto options = std::make_shared<EvalOptions>();
  app->add_option("RUN", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name with --weights")
      ->required();
  app->add_option("--data", options->data, "kind:path (what the run was trained on)");
  app->add_option("--split", options->split, "test or train (test)");
  app->add_option("--weights", options->weights, "a .safetensors file, for a network of fovea models");
  app->add_option("--batch", options->batch, "images at a time (the recipe's; 8 for a file)")->check(between(1, 1 << 20));
  app->add_option(
      "--labels", options->labels,
      "a file with the name of class i of a .tflite or .onnx file on line i, where they are not in the data set's order");
  add_preprocessing_options(*app, options->picture);
  app->add_option("--views", options->views, "views of an image whose answers are averaged: one, mirror or six (the recipe's)");
  app->add_option("--dtype", options->dtype,
                  "of activations and products: f32 (the default, whatever it was trained in) or bf16");
  app->add_option("--confusion", options->confusion, "write the confusion matrix as an SVG to this file");
  add_calibrate_options(*app, options->calibration);
  app->add_flag("--suspects", options->suspects,
                "list the training images of a run whose label is likely wrong, by networks trained without them");
  app->add_option("--folds", options->folds, "with --suspects: how many networks are trained (5)")->check(between(2, 1000));
  app->add_option("--report", options->report,
                  "a folder for a page with everything: curves, classes, confusion, reliability, mistakes with heat maps");
  add_device_option(*app, options->device);
  add_winograd_option(*app, options->winograd);
  add_dynamic_option(*app, options->dynamic);
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { run_evaluation(*options); }};
}

}  // namespace fovea
