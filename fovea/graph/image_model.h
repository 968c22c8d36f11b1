// SPDX-License-Identifier: Apache-2.0
// A model that tells what is in a picture: one image in, one row of scores out.
#pragma once

#include <string>

#include "fovea/graph/inference_model.h"

namespace fovea {

struct ImageModelForm {
  std::string input_name, output_name;
  TensorType input;   // [batch, height, width, channels]: f32, or u8 or i8, which are pixels (less 128)
  TensorType output;  // [batch, classes], dimensions of 1 between them allowed: f32, or quantized as a whole
  int64_t classes = 0;
  bool ends_in_softmax = false;  // the scores are probabilities

  bool takes_bytes() const { return input.dtype != DType::f32; }
};

// Refuses a model that is of another form, and says how.
ImageModelForm image_model_form(const InferenceModel& model);

// What a probability of 0 in such an output may have been before it was rounded: of integers half a step.
float least_probability(const TensorType& output);

// What the shorter side of a picture is brought to before the middle is cut out (0: 8/7 of the input's), for an input of height
// x width where the model says `resize`: small pictures such as digits have no border to lose.
int64_t resized_side(int64_t resize, int64_t height, int64_t width);

}  // namespace fovea
