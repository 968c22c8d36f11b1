// SPDX-License-Identifier: Apache-2.0
// What TableGen generates for the operators, and their registration. No other file compiles it, because it takes long.
#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"
#include "fovea/dialect/ops/fake_quantize.h"
#include "fovea/dialect/quantized/quantized.h"
#include "mlir/Dialect/Quant/QuantTypes.h"

#define GET_OP_CLASSES
#include "fovea/dialect/Ops.cc.inc"

namespace fovea::dialect {

void FoveaDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "fovea/dialect/Ops.cc.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "fovea/dialect/QuantizedOps.cc.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "fovea/dialect/FakeQuantizeOps.cc.inc"
      >();
}

}  // namespace fovea::dialect
