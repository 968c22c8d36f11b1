// What docs/operators.md is made from: every operator of the dialect.
#ifndef FOVEA_DIALECT_ALL_OPS
#define FOVEA_DIALECT_ALL_OPS

include "fovea/dialect/Ops.td"
include "fovea/dialect/QuantizedOps.td"
include "fovea/dialect/FakeQuantizeOps.td"

#endif
