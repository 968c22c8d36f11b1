// SPDX-License-Identifier: Apache-2.0
// What files of quantized operators share. Internal to fovea/interchange/onnx.
#pragma once

#include "fovea/interchange/onnx/importer.h"

namespace fovea {

// Integers that stand for themselves: scale 1, zero point 0.
extern const Quantization plain_integers;

// The same integers as those of a scale and zero point.
Ref reinterpreted(Importer& importer, const OnnxNode& node, Ref integers, const Quantization& quantization);

// What a QuantizeLinear without zero points makes, where no attribute of ONNX's says it: uint8, or the type of the value that
// `spell_out_quantized` names.
DType dtype_without_zero_point(Importer& importer, const OnnxNode& node);

// Weights as an integer contraction takes them, of the same numbers: int8 with zero points 0, or uint8 with one zero point.
// None where no type of eight bits has them so.
struct IntegerWeight {
  Tensor integers;
  Quantization quantization;
};
std::optional<IntegerWeight> integer_weight(const Tensor& integers, const Quantization& quantization);

void add_integer_product_imports(ImportTable& table);  // ConvInteger, MatMulInteger

}  // namespace fovea
