// SPDX-License-Identifier: Apache-2.0
#include "app/calibration.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/evaluation.h"
#include "fovea/core/error.h"
#include "fovea/core/text.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/write_model.h"

namespace fovea {
namespace {

double rejected_share(const std::string& text) {
  const std::optional<double> share = share_in(text);
  if (!share || !(*share > 0 && *share < 1))
    refuse("--reject is the share of answers that may be wrong, e.g. 2% or 0.02, not \"{}\"", text);
  return *share;
}

}  // namespace

void add_calibrate_options(CLI::App& app, CalibrateOptions& options) {
  app.add_flag("--calibrate", options.calibrate,
               "fit on these images the temperature that calibrates probabilities, and store it in the run");
  app.add_option("--reject", options.reject,
                 "the share of answers that may be wrong, e.g. 2%: calibrates, and also fits and stores the probability below "
                 "which the answer is \"unknown\"");
  app.add_option("-o,--output", options.output, "with --calibrate and a .tflite or .onnx file: the file to write");
}

std::optional<double> checked_error(const CalibrateOptions& options, const std::string& model, const std::string& split) {
  if (!options.wanted()) {
    if (!options.output.empty()) refuse("-o is where --calibrate writes a file with its temperature; give both or neither");
    return std::nullopt;
  }
  if (split == "train")
    refuse("--calibrate needs images that the network was not trained on; --split train has those that it was trained on");
  const bool file = is_model_file(model);
  if (!file && !std::filesystem::is_directory(model))
    refuse("--calibrate writes its result into a run or a file; {} is a network of fovea models", model);
  if (file && options.output.empty())
    refuse("--calibrate writes its result into another file: give it with -o, with the ending of {}", model);
  if (file && !is_model_file(options.output)) refuse("-o {}: the ending must be .tflite or .onnx", options.output);
  if (!file && !options.output.empty())
    refuse("-o is for a .tflite or .onnx file; for a run, --calibrate writes its result into {} itself", model);
  return options.reject.empty() ? std::nullopt : std::optional(rejected_share(options.reject));
}

void keep_confidence(const CalibrateOptions& options, const std::string& model, bool dynamic, const Confidence& confidence) {
  if (!is_model_file(model)) return write_confidence(model, confidence);
  InferenceModel file = open_inference_model(model, {.batch = 0, .dynamic = dynamic});
  file.confidence = confidence;
  write_model_file(options.output, file);
}

std::string fit_text(const ConfidenceFit& fit, const std::string& place) {
  std::string text = fmt::format("temperature {:.3f}: ECE {:.2f}% without it, {:.2f}% with it on images it was not chosen by\n",
                                 fit.confidence.temperature, 100 * fit.ece, 100 * fit.held_out_ece);
  if (fit.chosen.answered > 0) {
    text += fmt::format("unknown below {:.2f}%: {}\n", 100 * fit.confidence.unknown_below, rejection_text(fit.chosen));
    text += fmt::format("  on images it was not chosen by: {}\n", rejection_text(fit.held_out));
  }
  return text + fmt::format("kept in {}\n", place);
}

nlohmann::ordered_json fit_json(const ConfidenceFit& fit) {
  nlohmann::ordered_json json = {{"ece", fit.ece}, {"held_out_ece", fit.held_out_ece}};
  if (fit.chosen.answered > 0) {
    json["chosen"] = rejection_json(fit.chosen);
    json["held_out"] = rejection_json(fit.held_out);
  }
  return json;
}

}  // namespace fovea
