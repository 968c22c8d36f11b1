// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/write_model.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/interchange/onnx/write.h"
#include "fovea/interchange/tflite/write.h"

namespace fovea {

bool simulates_integers(const InferenceModel& model) {
  return std::ranges::any_of(model.graph.nodes(), [](const Graph::Node& node) { return node.is<ops::FakeQuantize>(); });
}

void write_model_file(const std::filesystem::path& path, const InferenceModel& model) {
  if (simulates_integers(model))
    refuse("{}: {} was trained for integers and is not quantized yet; run fovea quantize first", path.string(), model.name);
  if (path.extension() == ".onnx") {
    write_onnx(path, model);
  } else if (path.extension() == ".tflite") {
    write_tflite(path, model);
  } else {
    refuse("{}: the name of a network's file must end in .tflite or .onnx", path.string());
  }
}

}  // namespace fovea
