// Every operator of the dialect, a file per family.
#ifndef FOVEA_DIALECT_OPS
#define FOVEA_DIALECT_OPS

include "fovea/dialect/ConvolutionOps.td"
include "fovea/dialect/PoolingOps.td"
include "fovea/dialect/ElementwiseOps.td"
include "fovea/dialect/ReductionOps.td"
include "fovea/dialect/ShapeOps.td"
include "fovea/dialect/LossOps.td"
include "fovea/dialect/NormalizationOps.td"
include "fovea/dialect/RandomOps.td"

#endif
