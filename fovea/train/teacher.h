// SPDX-License-Identifier: Apache-2.0
/// \file
/// A trained network whose answers another network learns (knowledge distillation, Hinton et al. 2015).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/inference/image_classifier.h"
#include "fovea/nn/trace.h"

namespace fovea {

/// A compiled teacher. One thread at a time, which shares its work through a ThreadPool.
class Teacher {
 public:
  /// Opens and compiles `model`, a run's folder, an .onnx or a .tflite file, as the teacher of `student`, which learns
  /// `classes`. Classes are found by name among those of the teacher. If it has none of the names but as many classes, their
  /// order is taken to be the same. Refuses a teacher of other classes or of another number of channels, and what is no such
  /// model.
  Teacher(const std::string& model, const Network& student, const std::vector<std::string>& classes);

  /// The teacher's answers to images [n, height, width, channels] f32 as the student reads them: logits [n, classes] f32, which
  /// are logarithms of its probabilities (at least 1e-6 each). The images are converted back to pixels, resized to the
  /// teacher's input, and preprocessed as it requires. Valid until the next call.
  const Tensor& logits(const Tensor& images, ThreadPool& threads);

 private:
  void place(const float* image, float* target) const;

  std::unique_ptr<ImageClassifier> classifier_;
  ImageShape student_shape_, shape_;
  Preprocessing student_;
  std::optional<Augmenter> augmenter_;  // from pixels to the teacher's input
  std::vector<int64_t> places_;         // the number of each of the student's classes among the teacher's
  Tensor input_, logits_;
};

}  // namespace fovea
