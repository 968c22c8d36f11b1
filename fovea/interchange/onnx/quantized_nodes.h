// SPDX-License-Identifier: Apache-2.0
// Replaces operators that contain the scales of their operands and results by operators without them.
#pragma once

#include "fovea/interchange/onnx/onnx_file.h"

namespace fovea {

// QLinearConv, QLinearMatMul, ONNX Runtime's QLinearAdd and the like become DequantizeLinear, the operator on real numbers, and
// QuantizeLinear. That is how they are defined, and what the importer makes integer operators from. MatMulIntegerToFloat and
// DynamicQuantizeMatMul become MatMulInteger and the products that follow it.
void spell_out_quantized(OnnxFile& file);

// Merges two QuantizeLinear and DequantizeLinear pairs in sequence that differ into one pair, with the range that both have in
// common in 256 steps. ONNX Runtime reads them like that, and the accuracy of such files was measured with it; by ONNX's
// specification they would round twice.
void merge_quantized_pairs(OnnxFile& file);

}  // namespace fovea
