// SPDX-License-Identifier: Apache-2.0
// What the compilers of kernels share, for processors and for devices: kernels as text, and compiling on several threads.
#pragma once

#include <llvm/ADT/ArrayRef.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/IR/Diagnostics.h>
#include <mlir/IR/OwningOpRef.h>
#include <mlir/Parser/Parser.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "fovea/codegen/driver/fault_guard.h"
#include "fovea/core/error.h"
#include "fovea/core/internal_error.h"
#include "fovea/core/parallel_for.h"

namespace fovea {

/// The text of each kernel under a fixed name, so that equal kernels of different layers are one kernel in the cache.
std::vector<std::string> texts_of(llvm::ArrayRef<mlir::func::FuncOp> kernels);
/// For each text, the index of the first one equal to it: equal kernels are compiled once.
std::vector<size_t> first_equals(llvm::ArrayRef<std::string> texts);
/// The name of each kernel's layer, for messages.
std::vector<std::string> layers_of(llvm::ArrayRef<mlir::func::FuncOp> kernels);
/// A kernel read from such a text. Fails when it does not parse.
mlir::OwningOpRef<mlir::ModuleOp> parse_kernel(const std::string& text, mlir::MLIRContext* context);

/// Runs `work`, and turns any failure into one exception with MLIR's diagnostics. A kernel that does not compile is always an
/// internal error.
template <typename Work>
auto told(mlir::MLIRContext* context, const std::string& text, const std::string& layer, Work work) -> decltype(work()) {
  const Compiling compiling(layer, text);
  std::string reasons;
  mlir::ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic& diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) reasons += "; " + diagnostic.str();
    return mlir::success();
  });
  try {
    return work();
  } catch (const InternalError&) {
    throw;
  } catch (const std::exception& error) {
    report_fault(layer, text, error.what() + reasons);
  }
}

/// Runs work(pipeline, i) for `count` kernels on several threads, where `pipeline` is a std::unique_ptr<Pipeline> of the
/// thread, null at first. Throws the first failure.
template <typename Pipeline, typename Work>
void share_out(int threads, size_t count, const Work& work) {
  parallel_for(count, threads, [&work, guard = current_guard()] {
    return [&work, under = std::make_unique<UnderGuard>(guard), pipeline = std::unique_ptr<Pipeline>()](size_t i) mutable {
      work(pipeline, i);
    };
  });
}

}  // namespace fovea
