// SPDX-License-Identifier: Apache-2.0
// What TableGen generates for the integer operators.
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/quantized/quantized.h"
#include "mlir/Dialect/Quant/QuantTypes.h"

#define GET_OP_CLASSES
#include "fovea/dialect/QuantizedOps.cc.inc"
