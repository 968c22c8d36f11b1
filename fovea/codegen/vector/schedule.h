// SPDX-License-Identifier: Apache-2.0
// The one schedule: tile programs to vectors held in registers, in place, and on to LLVM's dialect.
//
// vectorize() makes vectors of linalg on tiles, hoists accumulators out of every loop, folds slices into the reads and writes
// of vectors and bufferizes in place; then vectors of several dimensions are broken into registers. What the transform dialect
// can say is in schedule.mlir (embedded).
#pragma once

#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/DialectRegistry.h>
#include <mlir/IR/MLIRContext.h>
#include <mlir/IR/OwningOpRef.h>

#include "fovea/codegen/target/target.h"

namespace fovea {

// Every dialect and interface that the road from tile programs to LLVM uses.
void register_codegen_dialects(mlir::DialectRegistry& registry);

class Schedule {
 public:
  explicit Schedule(mlir::MLIRContext& context);

  void tidy(mlir::ModuleOp tiles);                             // folds and shares index arithmetic
  void vectorize(mlir::ModuleOp tiles, const Target& target);  // in place; `vectors` stage
  // In place; LLVM's dialect. Without `converts_bf16` the conversions to and from bf16 are arithmetic on bits.
  void lower_to_llvm(mlir::ModuleOp vectors, bool converts_bf16);

 private:
  void apply(const char* sequence, mlir::ModuleOp payload);
  mlir::OwningOpRef<mlir::ModuleOp> library_;
};

}  // namespace fovea
