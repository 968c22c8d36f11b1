// SPDX-License-Identifier: Apache-2.0
// The part of the lowering from tile programs to registers that the transform dialect can express: the sequences of
// schedule.mlir, which is embedded. The passes fovea-vectorize-tiles, fovea-bufferize-tiles and fovea-lower-vectors apply them.
#pragma once

#include <mlir/IR/BuiltinOps.h>
#include <mlir/IR/DialectRegistry.h>
#include <mlir/IR/MLIRContext.h>
#include <mlir/IR/OwningOpRef.h>

#include <memory>

namespace fovea {

/// Registers every dialect and interface that the passes from kernels to LLVM's dialect need.
void register_codegen_dialects(mlir::DialectRegistry& registry);

/// The sequences of schedule.mlir, parsed in one MLIR context.
class Schedule {
 public:
  Schedule() = default;
  Schedule(const Schedule&) {}  ///< cloned passes parse the schedule again in initialize()

  /// Parses the schedule in `context`.
  mlir::LogicalResult read(mlir::MLIRContext& context);
  mlir::LogicalResult apply(const char* sequence, mlir::ModuleOp payload);  ///< applies the named sequence

 private:
  mlir::OwningOpRef<mlir::ModuleOp> library_;
};

}  // namespace fovea
