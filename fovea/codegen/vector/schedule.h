// SPDX-License-Identifier: Apache-2.0
// The part of the lowering from tile programs to registers that the transform dialect can express: the sequences of
// schedule.mlir (embedded), which the passes fovea-vectorize-tiles, fovea-bufferize-tiles and fovea-lower-vectors apply.
#pragma once

#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/DialectRegistry.h>
#include <mlir/IR/MLIRContext.h>
#include <mlir/IR/OwningOpRef.h>

#include <memory>

namespace fovea {

/// Registers every dialect and interface between kernels and LLVM.
void register_codegen_dialects(mlir::DialectRegistry& registry);

class Schedule {
 public:
  Schedule() = default;
  Schedule(const Schedule&) {}  ///< a pass that is cloned reads the schedule again

  mlir::LogicalResult read(mlir::MLIRContext& context);
  mlir::LogicalResult apply(const char* sequence, mlir::ModuleOp payload);  ///< a sequence of schedule.mlir

 private:
  mlir::OwningOpRef<mlir::ModuleOp> library_;
};

}  // namespace fovea
