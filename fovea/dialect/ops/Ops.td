// SPDX-License-Identifier: Apache-2.0
// Every operator of the dialect, with a file for each family.
#ifndef FOVEA_DIALECT_OPS
#define FOVEA_DIALECT_OPS

include "fovea/dialect/ops/ConvolutionOps.td"
include "fovea/dialect/ops/PoolingOps.td"
include "fovea/dialect/ops/ElementwiseOps.td"
include "fovea/dialect/ops/ReductionOps.td"
include "fovea/dialect/ops/ShapeOps.td"
include "fovea/dialect/ops/LossOps.td"
include "fovea/dialect/ops/NormalizationOps.td"
include "fovea/dialect/ops/RandomOps.td"

#endif
