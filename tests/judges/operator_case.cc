// SPDX-License-Identifier: Apache-2.0
#include "tests/judges/operator_case.h"

namespace fovea::judges {

Case::Case(OperatorJobs& jobs, std::string name, Shape shape, DType dtype)
    : jobs_(jobs), name_(std::string(fovea::name(dtype)) + "_file_" + std::move(name)), dtype_(dtype) {
  const bool real = dtype == DType::f32 || dtype == DType::i16;
  port_ = {std::move(shape), real ? DType::f32 : DType::u8, {}};
  if (!real) port_.quantization = coding(scale, zero() + (dtype == DType::i8 ? 128 : 0));
  input_ = model.tensor(port_.shape, port_.dtype, port_.quantization);
  x = input_;
  if (dtype != DType::i8 && dtype != DType::i16) return;
  x = model.tensor(port_.shape, dtype, type());
  model.add(BuiltinOperator::QUANTIZE, 1, {input_}, {x}, file::QuantizeOptionsT{});
}

int Case::result(const Shape& shape, const std::optional<Quantization>& quantization) {
  shape_ = shape;
  quantization_ = quantization;
  return y_ = model.tensor(shape, dtype_, quantization);
}

void Case::finish(double within) {
  int output = y_;
  if (dtype_ == DType::i8) {
    Quantization other = *quantization_;
    other.zeros[0] += 128;
    output = model.tensor(shape_, DType::u8, other);
    model.add(BuiltinOperator::QUANTIZE, 1, {y_}, {output}, file::QuantizeOptionsT{});
  }
  if (dtype_ == DType::i16) {
    output = model.tensor(shape_, DType::f32);
    model.add(BuiltinOperator::DEQUANTIZE, 1, {y_}, {output}, file::DequantizeOptionsT{});
  }
  jobs_.add(name_, model.bytes(input_, output), port_, within);
}

}  // namespace fovea::judges
