// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/open_model.h"

#include <fmt/format.h>

#include <cstdio>

#include "fovea/core/error.h"
#include "fovea/interchange/onnx/read.h"
#include "fovea/interchange/onnx/summary.h"
#include "fovea/interchange/tflite/read.h"
#include "fovea/interchange/tflite/summary.h"
#include "fovea/train/run.h"

namespace fovea {
namespace {

InferenceModel inference_model(TrainedModel trained, const OpenOptions& options) {
  Traced traced = trace_inference(trained.network, options.batch, options.output);
  InferenceModel model{.name = trained.network.name,
                       .graph = std::move(traced.graph),
                       .tensors = {},
                       .preprocessing = trained.network.preprocessing,
                       .says_preprocessing = true,
                       .labels = std::move(trained.labels),
                       .confidence = trained.confidence};
  for (const ParameterSpec& parameter : traced.parameters) {
    const auto value = trained.tensors.find(parameter.name);
    if (value == trained.tensors.end())
      fail(ErrorCode::not_found, "the weights of {} lack tensor \"{}\"", model.name, parameter.name);
    model.tensors[parameter.name] = value->second;
  }
  return model;
}

InferenceModel read_model_file(const std::filesystem::path& path, int64_t batch, bool dynamic) {
  if (path.extension() == ".tflite") return read_tflite(path, {.batch = batch, .dynamic = dynamic});
  if (dynamic) refuse("--dynamic is for .tflite files; {} is not one", path.string());
  return read_onnx(path, {.batch = batch});
}

}  // namespace

bool is_model_file(const std::filesystem::path& model) {
  return model.extension() == ".tflite" || model.extension() == ".onnx";
}

InferenceModel open_inference_model(const std::string& model, const OpenOptions& options) {
  if (is_model_file(model)) {
    if (!options.weights.empty()) refuse("{} contains its weights; --weights is for networks of fovea models", model);
    if (options.form != ModelOptions{})
      refuse("{} determines its network; options of the network are only for networks of fovea models", model);
    if (options.batch == 0 || options.exact_batch) return read_model_file(model, options.batch, options.dynamic);
    try {
      return read_model_file(model, options.batch, options.dynamic);
    } catch (const Error&) {
      return read_model_file(model, 0, options.dynamic);  // so that the error of the file itself is thrown again
    }
  }
  if (options.dynamic) refuse("--dynamic is for .tflite files; {} is not one", model);
  return inference_model(open_model(model, options.weights, options.seed, options.form), options);
}

FileSummary summarize_model_file(const std::filesystem::path& model) {
  return model.extension() == ".tflite" ? summarize_tflite(model) : summarize_onnx(model);
}

}  // namespace fovea
