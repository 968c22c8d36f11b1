// SPDX-License-Identifier: Apache-2.0
// Classifies an image with a .tflite or .onnx file (or a run's folder): example_read_and_run MODEL IMAGE
#include <fmt/format.h>

#include <algorithm>

#include "fovea/fovea.h"
#include "fovea/workflows/classify.h"
#include "fovea/workflows/open_model.h"

using namespace fovea;

int main(int count, char** words) try {
  if (count != 3) refuse("a model and a picture");
  ImageClassifier classifier(open_inference_model(words[1], {}));
  const Tensor input = ImageInput(classifier, {}).read(words[2]);
  ThreadPool threads(ThreadPool::available());
  const auto scores = classifier.probabilities(input, threads).values<float>();
  const auto best = std::max_element(scores.begin(), scores.begin() + classifier.classes()) - scores.begin();
  const auto& labels = classifier.labels();
  fmt::print("{} {:.1f}%\n", labels.empty() ? std::to_string(best) : labels[static_cast<size_t>(best)],
             100 * scores[static_cast<size_t>(best)]);
  return 0;
} catch (const Error& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
