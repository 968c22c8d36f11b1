// SPDX-License-Identifier: Apache-2.0
#include "app/model_options.h"

#include <fmt/format.h>

#include <cstdio>
#include <sstream>

#include "fovea/core/error.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

// Parses a shape such as "32x32x3".
Shape shape_of(const std::string& text) {
  Shape shape;
  std::istringstream words(text);
  std::string word;
  while (std::getline(words, word, 'x')) {
    int64_t extent = 0;
    if (!CLI::detail::lexical_cast(word, extent) || extent < 1) refuse("--input {}: extents such as 224x224x3", text);
    shape.push_back(extent);
  }
  return shape;
}

}  // namespace

void add_model_options(CLI::App& app, ModelOptions& options, bool with_input) {
  app.add_option("--classes", options.classes, "number of classes (the network's own)")->check(between(1, 1 << 20));
  if (with_input) {
    app.add_option_function<std::string>(
        "--input", [&options](const std::string& text) { options.input = shape_of(text); },
        "size of the input, e.g. 128x128x3 (the network's own)");
  }
  app.add_option("--width", options.width, "a factor on the channels, where the paper has one");
  app.add_option_function<std::string>(
      "--convention", [&options](const std::string& text) { options.convention = convention_named(text); },
      "torch or tensorflow: padding, constants of batch norm, initial values (the family's own)");
  app.add_option("--dropout", options.dropout, "rate before the classifier");
  app.add_option("--drop-connect", options.drop_connect, "rate at which the last residual branch is dropped in training");
  app.add_flag("--zero-last-scale", options.zero_last_scale, "residual branches start as zero");
}

void add_dynamic_option(CLI::App& app, bool& dynamic) {
  app.add_flag("--dynamic", dynamic,
               "for a .tflite file with 8-bit weights and floating-point activations: round the activations of each image to 8 "
               "bits, too, "
               "as LiteRT does");
}

void warn_if_untrained(const std::string& model, const std::filesystem::path& weights) {
  if (is_model_file(model) || !weights.empty() || std::filesystem::is_directory(model)) return;
  fmt::print(stderr, "fovea: {} is not trained: its weights have their initial values; --weights FILE loads others\n", model);
}

}  // namespace fovea
