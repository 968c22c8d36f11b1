// SPDX-License-Identifier: Apache-2.0
// What docs/operators.md is made from: every operator of the dialect.
#ifndef FOVEA_DIALECT_ALL_OPS
#define FOVEA_DIALECT_ALL_OPS

include "fovea/dialect/ops/Ops.td"
include "fovea/dialect/quantized/QuantizedOps.td"
include "fovea/dialect/ops/FakeQuantizeOps.td"

#endif
