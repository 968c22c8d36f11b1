// SPDX-License-Identifier: Apache-2.0
// Every operator of the dialect; docs/operators.md is generated from this file.
#ifndef FOVEA_DIALECT_ALL_OPS
#define FOVEA_DIALECT_ALL_OPS

include "fovea/dialect/ops/Ops.td"
include "fovea/dialect/quantized/QuantizedOps.td"
include "fovea/dialect/ops/FakeQuantizeOps.td"

#endif
