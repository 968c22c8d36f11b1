// SPDX-License-Identifier: Apache-2.0
// C++ classes of the integer operators, generated from QuantizedOps.td.
#pragma once

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/quantized_types.h"
#define GET_OP_CLASSES
#include "fovea/dialect/QuantizedOps.h.inc"
