// SPDX-License-Identifier: Apache-2.0
// The target of passes over kernels.
#pragma once

#include <mlir/IR/BuiltinOps.h>

#include <exception>
#include <optional>
#include <string>

#include "fovea/codegen/target/target.h"

namespace fovea {

class PassTarget {
 public:
  PassTarget() = default;
  explicit PassTarget(const Target* target) {
    if (target != nullptr) target_ = *target;
  }

  /// The caller's target, or the one that options name. Refuses names that LLVM does not know.
  const Target& of(const std::string& triple, const std::string& cpu) {
    if (!target_) target_ = triple.empty() ? Target::host(cpu) : Target::named(triple, cpu);
    return *target_;
  }

 private:
  std::optional<Target> target_;
};

/// Runs `work`, and converts an exception to an error of the module. MLIR is compiled without exceptions, so none may leave a
/// pass.
template <typename Work>
mlir::LogicalResult without_exceptions(mlir::ModuleOp module, Work work) {
  try {
    work();
    return mlir::success();
  } catch (const std::exception& error) {
    return module.emitError(error.what());
  }
}

}  // namespace fovea
