// SPDX-License-Identifier: Apache-2.0
// fovea classify MODEL IMAGE...: classifies images, folders of them, and frames of video.
#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "app/answers.h"
#include "app/classification.h"
#include "app/classify_frames.h"
#include "app/model_options.h"
#include "fovea/core/error.h"
#include "fovea/core/progress.h"
#include "fovea/data/frames/frame_source.h"
#include "fovea/data/frames/video_device.h"
#include "fovea/data/image/image_files.h"
#include "fovea/interchange/labels.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/picture_reader.h"

namespace fovea {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct ClassifyOptions {
  CommonOptions common;
  bool dynamic = false;
  ModelOptions form;
  ImageInputOptions picture;
  AnswerOptions answers;
  FrameOptions frames;
  std::string model, weights, labels, winograd = "auto", device;
  std::vector<std::string> images;
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

// Whether the images are frames of one source.
bool are_frames(const ClassifyOptions& options) {
  const bool device = std::ranges::any_of(options.images, is_device);
  if (options.images.size() > 1 && (device || options.frames.asked()))
    refuse("frames come from one source: - or a camera such as /dev/video0, not {} of them", options.images.size());
  if (!device && options.frames.asked() && options.images.front() != "-")
    refuse("--frames and --every are for video on standard input (-) or from a camera, not for {}", options.images.front());
  if (!device && options.frames.format.empty() && options.frames.every > 1)
    refuse("frames of what kind? --frames mjpeg, or such as --frames rgb24:640x480");
  if (!options.frames.format.empty())
    frame_format_named(options.frames.format);  // refuses what is none before anything is done
  return device || !options.frames.format.empty();
}

// How far it is: a bar on a terminal, elsewhere a line now and then.
class FolderProgress {
 public:
  FolderProgress(int64_t total, bool bar) : progress_(total == 1), total_(total), bar_(bar) {
    progress_.start("classifying", total, 0, {.name = "pictures"});
  }
  void update(int64_t done) {
    constexpr double between_lines = 30;  // seconds
    if (progress_.terminal()) {
      if (bar_) progress_.update(done, "");
      return;
    }
    const double seconds = elapsed();
    if (seconds < next_line_ || done == 0) return;
    next_line_ = seconds + between_lines;
    const double rate = static_cast<double>(done) / seconds;
    progress_.say(fmt::format("{} of {} pictures, {:.1f}/s, {} left", done, total_, rate,
                              duration_text(static_cast<double>(total_ - done) / rate)));
  }
  void say(const std::string& line) { progress_.say(line); }
  void finish() {
    progress_.finish(fmt::format("{} pictures in {}, {:.1f}/s", total_, duration_text(elapsed()),
                                 static_cast<double>(total_) / std::max(1e-9, elapsed())));
  }

 private:
  double elapsed() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  Progress progress_;
  int64_t total_;
  bool bar_;
  Clock::time_point start_ = Clock::now();
  double next_line_ = 30;
};

void classify_pictures(const ClassifyOptions& options, ImageClassifier& classifier, const ImageInput& input,
                       const std::vector<std::string>& labels, ThreadPool& threads) {
  const std::vector<std::string> paths = pictures_of(options.images);
  const auto total = std::ssize(paths);
  Answers answers(options.common, options.answers, classifier.confidence(), Answers::Of::pictures);
  FolderProgress progress(total, !answers.fill_terminal());
  constexpr int64_t ahead_per_thread = 4;
  PictureReader pictures(input, paths, threads.size(), ahead_per_thread * threads.size());
  int64_t done = 0, unreadable = 0;
  for (; std::optional<PictureInput> picture = pictures.next(); ++done) {
    if (picture->problem) {
      if (total == 1) throw *picture->problem;
      progress.say(picture->problem->what());
      ++unreadable;
      continue;
    }
    // An unmeasured first run brings the weights into the cache.
    if (done == unreadable) classifier.probabilities(picture->image, threads);
    answers.write(picture->path,
                  classify(classifier, picture->image, labels, answers.top(), options.answers.threshold, threads));
    progress.update(done + 1);
  }
  if (done > unreadable) warn_if_untrained(options.model, options.weights);
  answers.finish();
  if (total > 1) progress.finish();
  if (unreadable > 0) fail("{} of {} pictures could not be read", unreadable, total);
}

void classify_all(const ClassifyOptions& options) {
  const bool frames = are_frames(options);
  if (!frames) pictures_of(options.images);  // a folder without pictures is told before the network is compiled
  ImageClassifier classifier(
      open_inference_model(
          options.model,
          {.weights = options.weights, .seed = options.common.seed, .form = options.form, .dynamic = options.dynamic}),
      DType::f32, winograd_named(options.winograd), options.device);
  const std::vector<std::string> labels =
      class_labels(options.labels.empty() ? classifier.labels() : read_labels(options.labels), classifier.classes(),
                   classifier.name(), options.labels.empty() ? options.model : options.labels);
  const ImageInput input(classifier, options.picture);
  if (is_model_file(options.model)) warn_of_preprocessing(classifier, options.model, options.picture);
  ThreadPool threads(options.common.thread_count());
  if (!frames) return classify_pictures(options, classifier, input, labels, threads);
  warn_if_untrained(options.model, options.weights);
  Answers answers(options.common, options.answers, classifier.confidence(), Answers::Of::frames);
  classify_frames(options.images.front(), options.frames, classifier, input, labels, options.answers.threshold, answers,
                  threads);
}

}  // namespace

Command classify_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("classify", "what is in a picture");
  auto options = std::make_shared<ClassifyOptions>();
  app->add_option("MODEL", options->model, "the folder of a run, a .tflite or .onnx file, or a network's name with --weights")
      ->required();
  app->add_option("IMAGE", options->images,
                  "JPEG, PNG, WebP, GIF, BMP, HEIC or AVIF files, folders of them, - for standard input, or a camera such as "
                  "/dev/video0")
      ->required();
  app->add_option("--labels", options->labels, "a file with the name of class i on line i, or \"i name\" (the model's own)");
  add_answer_options(*app, options->answers);
  add_frame_options(*app, options->frames);
  app->add_option("--weights", options->weights, "a .safetensors file");
  add_device_option(*app, options->device);
  add_winograd_option(*app, options->winograd);
  add_dynamic_option(*app, options->dynamic);
  add_picture_options(*app, options->picture);
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { classify_all(*options); }};
}

}  // namespace fovea
