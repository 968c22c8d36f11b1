// SPDX-License-Identifier: Apache-2.0
/// \file
/// A model that classifies images: one batch of images in, one row of scores for each image out.
#pragma once

#include <string>

#include "fovea/graph/inference_model.h"

namespace fovea {

/// The input and output of such a model.
struct ImageModelForm {
  std::string input_name;   ///< of the graph's input
  std::string output_name;  ///< of the graph's result
  TensorType input;         ///< [batch, height, width, channels]: f32, or u8 or i8, which are pixels (less 128 for i8)
  TensorType output;        ///< [batch, classes], with dimensions of 1 allowed in between: f32, or quantized with one scale
  int64_t classes = 0;      ///< of the output
  bool ends_in_softmax = false;  ///< whether the scores are probabilities

  /// Whether the input is bytes.
  bool takes_bytes() const { return input.dtype != DType::f32; }
};

/// The form of a model; refuses a model of another form and says what differs.
ImageModelForm image_model_form(const InferenceModel& model);

/// The probability that stands for a 0 in such an output, so that it has a logarithm: half a quantization step for an integer
/// output, because a 0 there was rounded, and 1e-30 for a float output.
float least_probability(const TensorType& output);

/// What the shorter side of an image is resized to before the center crop (0: 8/7 of the input's), for an input of height x
/// width when the model says `resize`. Small images such as digits have no border to lose.
int64_t resized_side(int64_t resize, int64_t height, int64_t width);

}  // namespace fovea
