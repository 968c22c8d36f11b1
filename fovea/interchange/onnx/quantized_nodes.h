// SPDX-License-Identifier: Apache-2.0
// Operators that carry the scales of what they read and make, in the form of those that do not.
#pragma once

#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// QLinearConv, QLinearMatMul and ONNX Runtime's QLinearAdd and its like become DequantizeLinear, the operator on real numbers,
// QuantizeLinear: what they are by definition, and what the importer makes integer operators of. MatMulIntegerToFloat and
// DynamicQuantizeMatMul become MatMulInteger and the products behind it.
void spell_out_quantized(OnnxFile& file);

// QuantizeLinear, DequantizeLinear, QuantizeLinear, DequantizeLinear one behind the other, which differ: one pair, of the range
// that both hold, in 256 steps. So ONNX Runtime reads them, on whose answers such files were measured; ONNX's text would round
// twice.
void merge_quantized_pairs(OnnxFile& file);

}  // namespace fovea
