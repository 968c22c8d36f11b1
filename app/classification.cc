// SPDX-License-Identifier: Apache-2.0
#include "app/classification.h"

namespace fovea {

void warn_of_preprocessing(const ImageClassifier& classifier, const std::string& path, const ImageInputOptions& options) {
  if (classifier.takes_bytes() || classifier.says_preprocessing() || !options.mean.empty() || !options.deviation.empty())
    return;
  fmt::print(
      stderr,
      "fovea: {} does not say how pictures become its numbers; it gets pixel / 255 (--mean and --deviation say otherwise, "
      "e.g. pixels from 0 to 255: --deviation 0.00392157 for each channel)\n",
      path);
}

void add_preprocessing_options(CLI::App& app, ImageInputOptions& options) {
  app.add_option("--resize", options.resize, "pixels of the shorter side before the middle is cut out (the model's)")
      ->check(between(1, 1 << 16));
  app.add_option("--interpolation", options.interpolation, "bilinear or bicubic (the model's)")
      ->check(CLI::IsMember({"bilinear", "bicubic"}));
  add_orientation_option(app, options.orientation, "the model's");
  app.add_option("--mean", options.mean, "of each channel, subtracted from pixel / 255 (the model's)")->delimiter(',');
  app.add_option("--deviation", options.deviation, "of each channel, the divisor after that (the model's)")->delimiter(',');
}

void add_picture_options(CLI::App& app, ImageInputOptions& options) {
  add_preprocessing_options(app, options);
  app.add_flag("--stretch", options.stretch, "the whole picture, without keeping its aspect");
  app.add_flag("--invert", options.invert, "the picture is dark on light, the network was trained on light on dark");
}

}  // namespace fovea
