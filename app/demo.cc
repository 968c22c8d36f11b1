// SPDX-License-Identifier: Apache-2.0
// fovea demo: trains a small convolutional network on digits, measures it, and names the digit in an image.
#include <fmt/format.h>

#include "app/classification.h"
#include "app/command.h"
#include "app/environment.h"
#include "app/evaluation.h"
#include "app/interrupt.h"
#include "fovea/core/file.h"
#include "fovea/report/chart.h"
#include "fovea/train/run.h"
#include "fovea/train/trainer.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

struct DemoOptions {
  CommonOptions common;
  std::string out = "runs/demo";
};

constexpr int64_t pictures_shown = 40;

// Real digits if they are there, otherwise those that the program draws.
std::string digits_spec(const DemoOptions& options) {
  const std::filesystem::path mnist = test_data() / "mnist";
  if (!test_data().empty() && std::filesystem::is_directory(mnist)) {
    print_text(options.common, fmt::format("training mnist-cnn on MNIST, from {}\n", mnist.string()));
    return "mnist:" + mnist.string();
  }
  print_text(options.common,
             "training mnist-cnn on digits drawn by the program itself; with FOVEA_DATA set it takes the real MNIST\n");
  return "digits:30000";
}

Image image_at(const Dataset& dataset, int64_t index) {
  Image image(dataset.image_shape());
  dataset.read_image(index, image.pixels);
  return image;
}

void write_sheet(const Dataset& dataset, ImageClassifier& classifier, ThreadPool& threads, const std::filesystem::path& path) {
  const ImageInput reader(classifier, {});
  std::vector<Prediction> predictions;
  for (int64_t index = 0; index < std::min(pictures_shown, dataset.count()); ++index) {
    const Image image = image_at(dataset, index);
    const Classification result = classify(classifier, reader.tensor(image), dataset.class_names(), 1, 0, threads);
    const Guess& guess = result.guesses.front();
    predictions.push_back(
        {image, guess.label, guess.probability, dataset.class_names()[static_cast<size_t>(dataset.label(index))]});
  }
  write_text(path, prediction_sheet(predictions, "what the network says about pictures it has never seen"));
}

void show(const DemoOptions& options) {
  Recipe recipe = default_recipe("mnist-cnn");
  recipe.data = digits_spec(options);
  recipe.epochs = 1;
  recipe.seed = options.common.seed;
  const std::filesystem::path folder = options.out;
  const InterruptGuard guard;
  const TrainResult result = train(
      recipe,
      {.folder = folder, .threads = options.common.threads, .overwrite = true, .stop = [&guard] { return guard.signal(); }});
  print_text(options.common, evaluation_text(result.evaluation) + "\n");

  ImageClassifier classifier(open_inference_model(options.out, {}));
  ThreadPool threads(options.common.thread_count());
  const auto dataset = open_dataset(recipe.data, Split::test, {.seed = static_cast<uint64_t>(recipe.seed)});
  write_sheet(*dataset, classifier, threads, folder / "predictions.svg");

  const std::filesystem::path picture = folder / "digit.png";
  write_png(picture, image_at(*dataset, 0));
  const Classification answer =
      classify(classifier, ImageInput(classifier, {}).read(picture.string()), classifier.labels(), 3, 0, threads);
  const Guess& guess = answer.guesses.front();
  print_text(options.common, fmt::format("{} is a {} ({:.1f}% sure, {:.2f} ms)\n", picture.string(), guess.label,
                                         100 * guess.probability, answer.milliseconds) +
                                 fmt::format("model {}, pictures {}, {} and {}\ntry: fovea classify {} {}\n",
                                             (folder / "model.safetensors").string(), (folder / "predictions.svg").string(),
                                             "curves.svg", "confusion.svg", options.out, picture.string()));
  if (!options.common.json) return;
  nlohmann::ordered_json json = evaluation_json(result.evaluation);
  json["seconds"] = result.seconds;
  json["images_per_second"] = result.images_per_second;
  json["run"] = options.out;
  json["picture"] = picture.string();
  json["label"] = guess.label;
  json["probability"] = guess.probability;
  print_json(json);
}

}  // namespace

Command demo_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("demo", "train on digits, measure, classify a picture: under a minute");
  auto options = std::make_shared<DemoOptions>();
  app->add_option("--out", options->out, "the run's folder (runs/demo); a run in it is replaced");
  add_common_options(*app, options->common);
  return {app, [options] { show(*options); }};
}

}  // namespace fovea
