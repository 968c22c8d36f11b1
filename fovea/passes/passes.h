// SPDX-License-Identifier: Apache-2.0
// The passes over a recorded network (docs/passes.md, generated from Passes.td).
#pragma once

#include <memory>

#include "fovea/dialect/dialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace fovea {

/// Whether MLIR's verifier runs after every pass. It does where assertions are on (Debug, the sanitizers); the text tests
/// always verify.
#ifdef NDEBUG
inline constexpr bool verify_after_passes = false;
#else
inline constexpr bool verify_after_passes = true;
#endif

/// The constructors of the passes; docs/passes.md describes what they do.
std::unique_ptr<mlir::Pass> create_differentiate_pass();
std::unique_ptr<mlir::Pass> create_convert_to_linalg_pass();
std::unique_ptr<mlir::Pass> create_mixed_precision_pass();
/// `products` and `words` are the options of fovea-dot-products.
std::unique_ptr<mlir::Pass> create_dot_products_pass(const std::string& products = "none", bool words = false);
std::unique_ptr<mlir::Pass> create_split_pass();
std::unique_ptr<mlir::Pass> create_hoist_constants_pass();
std::unique_ptr<mlir::Pass> create_fuse_pass();
std::unique_ptr<mlir::Pass> create_rematerialize_pass();
std::unique_ptr<mlir::Pass> create_fold_pass();
/// The options of fovea-fold-batch-norm.
struct BatchNormFolding {
  bool by_value = false, norms_as_convolutions = false;
};
std::unique_ptr<mlir::Pass> create_fold_batch_norm_pass(const BatchNormFolding& folding = {});
std::unique_ptr<mlir::Pass> create_group_layers_pass();
std::unique_ptr<mlir::Pass> create_dequantize_pass();
std::unique_ptr<mlir::Pass> create_quantize_pass();

/// registerFoveaPasses() registers all of them, for fovea-opt.
#define GEN_PASS_REGISTRATION
#include "fovea/passes/Passes.h.inc"

}  // namespace fovea
