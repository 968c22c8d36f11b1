// SPDX-License-Identifier: Apache-2.0
// fovea classify MODEL IMAGE...: classifies images.
#include <fmt/format.h>

#include <filesystem>

#include "app/classification.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/data/image/image_files.h"
#include "fovea/interchange/labels.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;

struct ClassifyOptions {
  CommonOptions common;
  bool dynamic = false;
  ModelOptions form;
  ImageInputOptions picture;
  std::string model, weights, labels, winograd = "auto";
  std::vector<std::string> images;
  int64_t top = 5;
  double threshold = -1;
};

// Replaces a folder by the images in it and below it, sorted by name.
std::vector<std::string> pictures_of(const std::vector<std::string>& given) {
  std::vector<std::string> pictures;
  for (const std::string& path : given) {
    if (!fs::is_directory(path)) {
      pictures.push_back(path);
      continue;
    }
    const std::vector<fs::path> found = pictures_in(path);
    if (found.empty()) fail("{} holds no picture: .jpg, .png, .webp, .gif or .bmp", path);
    for (const fs::path& picture : found) pictures.push_back(picture.string());
  }
  return pictures;
}

nlohmann::ordered_json json_of(const std::string& path, const Classification& result, const Confidence& confidence) {
  nlohmann::ordered_json predictions = nlohmann::ordered_json::array();
  for (const Guess& guess : result.guesses) {
    predictions.push_back({{"label", guess.label}, {"index", guess.index}, {"probability", guess.probability}});
  }
  nlohmann::ordered_json json = {{"image", path}, {"milliseconds", result.milliseconds}};
  if (confidence.unknown_below > 0) json["unknown"] = result.unknown;
  json["predictions"] = predictions;
  return json;
}

std::string text_of(const std::string& path, const Classification& result, const Confidence& confidence) {
  std::string text = fmt::format("{} ({:.2f} ms)\n", path, result.milliseconds);
  if (result.unknown) text += fmt::format("  unknown: nothing reaches {:.2f}%\n", 100 * confidence.unknown_below);
  for (const Guess& guess : result.guesses) text += fmt::format("  {:6.2f}%  {}\n", 100 * guess.probability, guess.label);
  return text;
}

void classify_pictures(const ClassifyOptions& options) {
  const std::vector<std::string> pictures = pictures_of(options.images);
  ImageClassifier classifier(
      open_inference_model(
          options.model,
          {.weights = options.weights, .seed = options.common.seed, .form = options.form, .dynamic = options.dynamic}),
      DType::f32, winograd_named(options.winograd));
  const std::vector<std::string> labels =
      class_labels(options.labels.empty() ? classifier.labels() : read_labels(options.labels), classifier.classes(),
                   classifier.name(), options.labels.empty() ? options.model : options.labels);
  const ImageInput reader(classifier, options.picture);
  if (is_model_file(options.model)) warn_of_preprocessing(classifier, options.model, options.picture);
  ThreadPool threads(options.common.thread_count());
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  int64_t unreadable = 0;
  for (const std::string& path : pictures) {
    Tensor image;
    try {
      image = reader.read(path);
    } catch (const Error& error) {
      if (pictures.size() == 1) throw;
      fmt::print(stderr, "{}\n", error.what());
      ++unreadable;
      continue;
    }
    // An unmeasured first run brings the weights into the cache.
    if (list.empty()) classifier.probabilities(image, threads);
    const Classification result = classify(classifier, image, labels, options.top, options.threshold, threads);
    print_text(options.common, text_of(path, result, classifier.confidence()));
    list.push_back(json_of(path, result, classifier.confidence()));
  }
  if (!list.empty()) warn_if_untrained(options.model, options.weights);
  if (options.common.json) print_json(list);
  if (unreadable > 0) fail("{} of {} pictures could not be read", unreadable, pictures.size());
}

}  // namespace

Command classify_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("classify", "what is in a picture");
  auto options = std::make_shared<ClassifyOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name with --weights")
      ->required();
  app->add_option("IMAGE", options->images, "JPEG, PNG, WebP, GIF or BMP files, or folders of them")->required();
  app->add_option("--labels", options->labels, "a file with the name of class i on line i, or \"i name\" (the model's own)");
  app->add_option("--top", options->top, "how many guesses to show (5)")->check(between(1, 1000000));
  app->add_option("--threshold", options->threshold, "hide guesses that are not likelier than this, of 1")
      ->check(CLI::Range(0.0, 1.0).description("a probability, 0 to 1"));
  app->add_option("--weights", options->weights, "a .safetensors file");
  add_winograd_option(*app, options->winograd);
  add_dynamic_option(*app, options->dynamic);
  add_picture_options(*app, options->picture);
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { classify_pictures(*options); }};
}

}  // namespace fovea
