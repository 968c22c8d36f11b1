// SPDX-License-Identifier: Apache-2.0
// The passes from kernels to LLVM's dialect (docs/codegen-passes.md, generated from Passes.td).
#pragma once

#include <memory>
#include <string>

#include "fovea/codegen/target/target.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

namespace fovea {

/// Without a target: the one that the pass's options name.
//
/// Over the kernels of an inference program. `when`: a winograd_named.
std::unique_ptr<mlir::Pass> create_transform_filters_pass(const Target* target = nullptr, const std::string& when = "auto");
std::unique_ptr<mlir::Pass> create_prepack_weights_pass(const Target* target = nullptr);
/// Over a kernel.
std::unique_ptr<mlir::Pass> create_choose_tiling_pass(const Target* target = nullptr);
std::unique_ptr<mlir::Pass> create_emit_tiles_pass(const Target* target = nullptr);
std::unique_ptr<mlir::Pass> create_vectorize_tiles_pass();
std::unique_ptr<mlir::Pass> create_bufferize_tiles_pass();
std::unique_ptr<mlir::Pass> create_lower_vectors_pass(const Target* target = nullptr);
std::unique_ptr<mlir::Pass> create_expand_math_pass();
std::unique_ptr<mlir::Pass> create_carry_bf16_as_bits_pass();

/// The rest of the way, by MLIR's own passes. Without `converts_bf16` the conversions to and from bf16 are arithmetic on bits.
/// Registered as the pipeline `fovea-lower-to-llvm`.
void add_lower_to_llvm_passes(mlir::OpPassManager& passes, bool converts_bf16);

/// registerFoveaCodegenPasses() and the pipeline, for fovea-opt.
void register_codegen_passes();

}  // namespace fovea
