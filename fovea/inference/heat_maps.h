// SPDX-License-Identifier: Apache-2.0
// Where in a picture a network sees a class: Grad-CAM (Selvaraju et al. 2017, section 3), by the gradient of the class's logit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "fovea/data/augment/augment.h"
#include "fovea/graph/inference_model.h"
#include "fovea/inference/session.h"

namespace fovea {

class HeatMaps {
 public:
  /// Of `model`, at its batch; of an integer network as the real numbers it stands for. Compiles. Refuses a model that is none
  /// of images and classes, one without a layer of more than one pixel, and one with an operator that has no gradient.
  explicit HeatMaps(const InferenceModel& model);

  int64_t batch() const { return batch_; }
  ImageShape image_shape() const { return shape_; }
  /// From pixels to what compute() takes.
  const Augmentation& evaluation() const { return evaluation_; }

  /// images [batch(), height, width, channels] f32 and a class each -> [batch(), y, x] f32 of the last layer that has places: 0
  /// where nothing speaks for the class, 1 where most does. Valid until the next call.
  const Tensor& compute(const Tensor& images, std::span<const int32_t> classes, ThreadPool& threads);

 private:
  std::unique_ptr<Session> session_;
  std::string input_name_;
  Augmentation evaluation_;
  ImageShape shape_;
  int64_t batch_ = 0;
  Tensor maps_;
};

}  // namespace fovea
