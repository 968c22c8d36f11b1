// SPDX-License-Identifier: Apache-2.0
// One operator between a network's input and its output, as a job for a judge.
#pragma once

#include "tests/judges/file_model.h"
#include "tests/judges/operator_jobs.h"

namespace fovea::judges {

// An operator on one image between an input and an output: on f32 or u8, or on i8 or i16 between two conversions, because
// LiteRT's page accepts neither.
class Case {
 public:
  Case(OperatorJobs& jobs, std::string name, Shape shape, DType dtype);

  static constexpr float scale = 0.0337F, word_scale = 0.000307F;
  int64_t zero() const { return dtype_ == DType::i16 ? 0 : dtype_ == DType::i8 ? -3 : 125; }
  std::optional<Quantization> type() const {  // of operators that only move numbers
    if (dtype_ == DType::f32) return std::nullopt;
    return coding(dtype_ == DType::i16 ? word_scale : scale, zero());
  }

  // The result of the operator, with the input's type or another scale.
  int result(const Shape& shape) { return result(shape, type()); }
  int result(const Shape& shape, const std::optional<Quantization>& quantization);

  void finish(double within = 0);

  FileModel model;
  int x = 0;

 private:
  OperatorJobs& jobs_;
  std::string name_;
  DType dtype_;
  TensorType port_;
  int input_ = 0, y_ = 0;
  Shape shape_;
  std::optional<Quantization> quantization_;
};

}  // namespace fovea::judges
