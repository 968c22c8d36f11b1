// SPDX-License-Identifier: Apache-2.0
/// \file
/// Shows where in an image a network sees a class: Grad-CAM (Selvaraju et al. 2017, section 3), from the gradient of the
/// class's logit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "fovea/data/augment/augment.h"
#include "fovea/graph/inference_model.h"
#include "fovea/inference/session.h"

namespace fovea {

/// Computes heat maps with a compiled network. One thread at a time, which shares its work through a ThreadPool.
class HeatMaps {
 public:
  /// Compiles `model` with its own batch size. An integer network is replaced by the float network that it stands for. Refuses
  /// a model that does not classify images (image_model_form()), one without a layer of more than one pixel, and one with an
  /// operator that has no gradient.
  explicit HeatMaps(const InferenceModel& model);

  /// The number of images of one call of compute().
  int64_t batch() const { return batch_; }
  /// The size and channels of the images that the network reads.
  ImageShape image_shape() const { return shape_; }
  /// How pixels become the input of compute(). Valid as long as this object.
  const Augmentation& evaluation() const { return evaluation_; }

  /// From images [batch(), height, width, channels] f32, and a class for each, to heat maps [batch(), y, x] f32. The maps have
  /// the size of the last layer of more than one pixel. A map is 0 where nothing supports the class and 1 where the support is
  /// largest; it is 0 everywhere when nothing supports the class. `images` must stay valid during the call; the result is valid
  /// until the next call.
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
