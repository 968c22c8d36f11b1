// fovea classify MODEL IMAGE...: what is in a picture.
#include <fmt/format.h>

#include "app/classification.h"
#include "app/command.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/formats/labels.h"
#include "fovea/train/run.h"

namespace fovea {
namespace {

struct ClassifyOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model, weights, labels;
  std::vector<std::string> images;
  int64_t top = 5;
  bool invert = false;
};

std::vector<std::string> labels_of(const ClassifyOptions& options, const TrainedModel& model) {
  if (options.labels.empty()) return model.labels;
  std::vector<std::string> labels = read_labels(options.labels);
  if (static_cast<int64_t>(labels.size()) != model.network.classes) {
    fail("{} names {} classes; {} tells {} apart", options.labels, labels.size(), model.network.name, model.network.classes);
  }
  return labels;
}

nlohmann::ordered_json json_of(const std::string& path, const Classification& result) {
  nlohmann::ordered_json predictions = nlohmann::ordered_json::array();
  for (const Guess& guess : result.guesses) {
    predictions.push_back({{"label", guess.label}, {"index", guess.index}, {"probability", guess.probability}});
  }
  return {{"image", path}, {"milliseconds", result.milliseconds}, {"predictions", predictions}};
}

void classify_pictures(const ClassifyOptions& options) {
  TrainedModel model = open_model(options.model, options.weights, options.common.seed, options.form);
  const std::vector<std::string> labels = labels_of(options, model);
  Predictor predictor(model.network, std::move(model.tensors), Output::probabilities);
  ThreadPool threads(options.common.thread_count());
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const std::string& path : options.images) {
    const Tensor image = picture_tensor(read_image(path, model.network.input[2]), model.network, options.invert);
    const Classification result = classify(predictor, image, labels, options.top, threads);
    std::string text = fmt::format("{} ({:.2f} ms)\n", path, result.milliseconds);
    for (const Guess& guess : result.guesses) text += fmt::format("  {:6.2f}%  {}\n", 100 * guess.probability, guess.label);
    print_text(options.common, text);
    list.push_back(json_of(path, result));
  }
  if (options.common.json) print_json(list);
}

}  // namespace

Command classify_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("classify", "what is in a picture");
  auto options = std::make_shared<ClassifyOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, or a network's name with --weights")->required();
  app->add_option("IMAGE", options->images, "PNG or JPEG files")->required();
  app->add_option("--labels", options->labels, "a file with the name of class i on line i (the run's own)");
  app->add_option("--top", options->top, "how many guesses to show (5)")->check(between(1, 1000000));
  app->add_option("--weights", options->weights, "a .safetensors file");
  app->add_flag("--invert", options->invert, "the picture is dark on light, the network was trained on light on dark");
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { classify_pictures(*options); }};
}

}  // namespace fovea
