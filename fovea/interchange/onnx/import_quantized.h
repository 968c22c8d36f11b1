// SPDX-License-Identifier: Apache-2.0
// What the readers of quantized operators share. Internal to fovea/interchange/onnx.
#pragma once

#include "fovea/interchange/onnx/importer.h"

namespace fovea {

// Integers that stand for themselves: scale 1 and zero point 0.
extern const Quantization plain_integers;

// The same integers with another scale and zero point.
Ref reinterpreted(Importer& importer, const OnnxNode& node, Ref integers, const Quantization& quantization);

// The type that a QuantizeLinear without zero points produces when no attribute of ONNX says it: uint8, or the type of the
// value that `spell_out_quantized` names.
DType dtype_without_zero_point(Importer& importer, const OnnxNode& node);

// Weights of the same real numbers in a form that integer contractions accept: int8 with zero points 0, or uint8 with one zero
// point. Nothing when no 8-bit type has such a form.
struct IntegerWeight {
  Tensor integers;
  Quantization quantization;
};
std::optional<IntegerWeight> integer_weight(const Tensor& integers, const Quantization& quantization);

void add_integer_product_imports(ImportTable& table);  // ConvInteger, MatMulInteger

}  // namespace fovea
