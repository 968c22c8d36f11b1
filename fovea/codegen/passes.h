// SPDX-License-Identifier: Apache-2.0
// The passes from kernels to LLVM's dialect (docs/codegen-passes.md, generated from Passes.td).
#pragma once

#include <memory>
#include <string>

#include "fovea/codegen/target/gpu_target.h"
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

/// The constructors of the passes; docs/codegen-passes.md describes what they do. `target` must outlive the pass; without it
/// the pass compiles for the target that its options name. `when` is the name of a Winograd setting (options.h).
std::unique_ptr<mlir::Pass> create_transform_filters_pass(const Target* target = nullptr, const std::string& when = "auto");
std::unique_ptr<mlir::Pass> create_prepack_weights_pass(const Target* target = nullptr);
std::unique_ptr<mlir::Pass> create_choose_tiling_pass(const Target* target = nullptr);
std::unique_ptr<mlir::Pass> create_emit_tiles_pass(const Target* target = nullptr);
std::unique_ptr<mlir::Pass> create_vectorize_tiles_pass();
std::unique_ptr<mlir::Pass> create_bufferize_tiles_pass();
std::unique_ptr<mlir::Pass> create_lower_vectors_pass(const Target* target = nullptr);
std::unique_ptr<mlir::Pass> create_expand_math_pass();
std::unique_ptr<mlir::Pass> create_carry_bf16_as_bits_pass();
std::unique_ptr<mlir::Pass> create_emit_gpu_pass(const GpuTarget* target = nullptr);
std::unique_ptr<mlir::Pass> create_bf16_bits_pass();

/// Adds the passes from vectors to LLVM's dialect, most of them MLIR's own; registered as the pipeline `fovea-lower-to-llvm`.
/// `converts_bf16`: the processor has instructions that convert bf16; otherwise conversions are arithmetic on bits.
void add_lower_to_llvm_passes(mlir::OpPassManager& passes, bool converts_bf16);

/// Adds the passes from a kernel in the gpu dialect to SPIR-V, most of them MLIR's own; registered as the pipeline
/// `fovea-lower-to-spirv`.
void add_lower_to_spirv_passes(mlir::OpPassManager& passes);

/// Adds the passes from a kernel in the gpu dialect to LLVM's dialect in the same gpu.module, with NVVM for NVIDIA's chips and
/// ROCDL for AMD's; registered as the pipelines `fovea-lower-to-nvvm` and `fovea-lower-to-rocdl` (of gfx90a).
void add_lower_to_gpu_llvm_passes(mlir::OpPassManager& passes, const GpuTarget& target);

/// Registers these passes and the pipelines, for fovea-opt.
void register_codegen_passes();

}  // namespace fovea
