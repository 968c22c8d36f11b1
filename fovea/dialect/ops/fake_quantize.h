// SPDX-License-Identifier: Apache-2.0
// The C++ class of fake_quantize, generated from FakeQuantizeOps.td.
#pragma once

#include "fovea/dialect/dialect.h"
#define GET_OP_CLASSES
#include "fovea/dialect/FakeQuantizeOps.h.inc"
