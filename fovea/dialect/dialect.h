// SPDX-License-Identifier: Apache-2.0
// The fovea dialect's C++ classes, generated from Ops.td and Interfaces.td.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// The generated files need all of the above.
// clang-format off
#include "fovea/dialect/Dialect.h.inc"
#include "fovea/dialect/Interfaces.h.inc"
// clang-format on
#define GET_OP_CLASSES
#include "fovea/dialect/Ops.h.inc"

namespace fovea {

/// Registers the dialects that a network and its linalg operations are written in: fovea, func, linalg, tensor, arith, math,
/// and quant for types.
void register_dialects(mlir::DialectRegistry& registry);

}  // namespace fovea
