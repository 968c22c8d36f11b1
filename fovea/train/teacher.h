// SPDX-License-Identifier: Apache-2.0
// A trained network whose answers another learns from.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/inference/image_classifier.h"
#include "fovea/nn/trace.h"

namespace fovea {

class Teacher {
 public:
  /// Opens `model`, a run's folder, an .onnx or a .tflite file, to teach `student` about `classes`. Refuses a teacher that
  /// tells other classes apart; where it knows names, they are found by name.
  Teacher(const std::string& model, const Network& student, const std::vector<std::string>& classes);

  /// images [n, input...] as the student reads them -> logits [n, classes] f32, valid until the next call. Pictures are brought
  /// to the teacher's size and numbers.
  const Tensor& logits(const Tensor& images, ThreadPool& threads);

 private:
  void place(const float* image, float* target) const;

  std::unique_ptr<ImageClassifier> classifier_;
  ImageShape student_shape_, shape_;
  Preprocessing student_;
  std::optional<Augmenter> augmenter_;  // from pixels to the teacher's numbers
  std::vector<int64_t> places_;         // of the student's classes among the teacher's
  Tensor input_, logits_;
};

}  // namespace fovea
