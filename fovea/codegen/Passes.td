// SPDX-License-Identifier: Apache-2.0
// The passes from kernels to LLVM's dialect; docs/codegen-passes.md is generated from this file. The passes over whole networks
// are in fovea/passes/Passes.td.
#ifndef FOVEA_CODEGEN_PASSES
#define FOVEA_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

class KernelPass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  // A caller in C++ gives a Target; text names one as LLVM does.
  list<Option> target_options = [
    Option<"triple_", "triple", "std::string", /*default=*/"", "LLVM's triple; this machine's when empty">,
    Option<"cpu_", "cpu", "std::string", /*default=*/"", "the processor by LLVM's name; this one when both are empty">
  ];
}

def TransformFiltersPass : KernelPass<"fovea-transform-filters"> {
  let summary = "transform filters of 3x3 convolutions for Winograd's algorithm before the run";
  let description = [{
    Runs over the kernels of an inference program. A convolution whose filter is known before the run, and which an estimate finds faster by
    Winograd's algorithm, reads a filter that the initializer transforms. Its kernel gets the attribute `fovea.winograd`, the side of a result
    tile in pixels.
  }];
  let constructor = "::fovea::create_transform_filters_pass()";
  let options = target_options # [
    Option<"when_", "winograd", "std::string", /*default=*/"\"auto\"", "auto: where it is faster; never; 2 or 4: with result tiles of that side wherever possible">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def PrepackWeightsPass : KernelPass<"fovea-prepack-weights"> {
  let summary = "pack weights before the run, in the order in which tiles read them";
  let description = [{
    Runs over the kernels of an inference program. An operand that a kernel's tiling would pack as a panel in every run, and that is known before
    the run, is packed by the initializer. In the kernel, a `builtin.unrealized_conversion_cast` stands between the packed argument and the
    operation that reads it.
  }];
  let constructor = "::fovea::create_prepack_weights_pass()";
  let options = target_options;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def ChooseTilingPass : KernelPass<"fovea-choose-tiling"> {
  let summary = "choose each kernel's tiling and write it as an attribute";
  let description = [{
    Gives every kernel (attribute `fovea.kernel`) its tiling as the attribute `fovea.tiling`: for each dimension of the root operation's
    domain, the block that one grid tile covers and the tile that is held in registers; the dimension of vectors; how each input is packed; the
    kind of tiling; and that kind's own fields, which fovea/codegen/tiling/tiling.h describes. Fields with their default value are left out.
    A kernel that has the attribute already keeps it. A tiling that does not fit its kernel is an error, which names the field. The choice
    depends on shapes and the target alone.
  }];
  let constructor = "::fovea::create_choose_tiling_pass()";
  let options = target_options;
}

def EmitTilesPass : KernelPass<"fovea-emit-tiles"> {
  let summary = "lower kernels to tile programs";
  let description = [{
    Replaces every kernel by its tile program `tiles_NAME`: loops over tiles, slices that read tiles, linalg operations on tiles of static size,
    and slices that write. The tiling is that of `fovea.tiling`, or is chosen here. The arguments are the kernel's operands, the scratch
    buffers, and the range of grid tiles to compute; the attribute `fovea.tile_program` describes them to a caller. Functions that are not
    kernels are erased.
  }];
  let constructor = "::fovea::create_emit_tiles_pass()";
  let options = target_options;
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::bufferization::BufferizationDialect", "::mlir::LLVM::LLVMDialect"];
}

def VectorizeTilesPass : KernelPass<"fovea-vectorize-tiles"> {
  let summary = "vectorize linalg operations on tiles, and keep accumulators in registers";
  let description = [{
    Drops unit dimensions, vectorizes linalg operations, hoists the reads and writes of accumulators out of loops, which then carry vectors, and
    folds slices into vector reads and writes.
  }];
  let constructor = "::fovea::create_vectorize_tiles_pass()";
  let dependentDialects = ["::mlir::vector::VectorDialect"];
}

def BufferizeTilesPass : KernelPass<"fovea-bufferize-tiles"> {
  let summary = "bufferize tile programs in place";
  let description = [{
    One-shot bufferization across function boundaries. A kernel writes to its arguments and returns nothing. Copies become vector loads and
    stores, and the buffers that are left are put on the stack (at most 64 KiB).
  }];
  let constructor = "::fovea::create_bufferize_tiles_pass()";
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"];
}

def LowerVectorsPass : KernelPass<"fovea-lower-vectors"> {
  let summary = "lower vectors of several dimensions to registers";
  let description = [{
    Contractions become outer products and multiply-adds, transfers become single loads and stores, and marked dot products become the target's
    instructions. Stores of whole cache lines into arguments marked `fovea.non_temporal` become non-temporal.
  }];
  let constructor = "::fovea::create_lower_vectors_pass()";
  let options = target_options;
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

def ExpandMathPass : Pass<"fovea-expand-math", "::mlir::ModuleOp"> {
  let summary = "expand math functions to polynomials, and extensions of bf16 to shifts";
  let description = [{
    Applies MLIR's polynomial approximations (exp, log, tanh, erf and others), so that a kernel calls no library, and extends bf16 by a shift of
    its bits, for which there are vector instructions.
  }];
  let constructor = "::fovea::create_expand_math_pass()";
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::arith::ArithDialect"];
}

def CarryBf16AsBitsPass : Pass<"fovea-carry-bf16-as-bits", "::mlir::ModuleOp"> {
  let summary = "replace bf16 by 16-bit integers in LLVM's dialect";
  let description = [{
    On a processor without instructions for bf16, LLVM keeps scalars of it as f32 and calls the C library to convert them. As integers they are
    loaded and stored like any others. Conversions have been lowered to arithmetic before.
  }];
  let constructor = "::fovea::create_carry_bf16_as_bits_pass()";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def EmitGpuPass : Pass<"fovea-emit-gpu", "::mlir::ModuleOp"> {
  let summary = "lower kernels to the gpu dialect, for a grid of workgroups";
  let description = [{
    Replaces every kernel by a `gpu.module` with one function. Each operand is a buffer of one dimension. For Vulkan, the last argument is a
    table with the place of each operand in its buffer, in elements; for NVIDIA's and AMD's chips, operands are pointers. A contraction with enough rows and columns is computed in tiles, with its operands in
    workgroup memory and the results in registers. A long reduction with few results is shared by the invocations of a workgroup, which combine
    their partial results pairwise. In all other kernels, an invocation computes one result. The attribute `fovea.dispatch` has the
    number of workgroups along both dimensions, the invocations of one, and the bytes that these share. Functions that are not kernels are
    erased.
  }];
  let constructor = "::fovea::create_emit_gpu_pass()";
  let options = [
    Option<"target_name_", "target", "std::string", /*default=*/"\"vulkan\"", "the kind of device: vulkan, or LLVM's name of a chip such as sm_80 or gfx90a">
  ];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::NVVM::NVVMDialect", "::mlir::ROCDL::ROCDLDialect", "::mlir::spirv::SPIRVDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def Bf16BitsPass : Pass<"fovea-bf16-bits", "::mlir::ModuleOp"> {
  let summary = "compute in f32 what kernels of devices compute in bf16, and store bf16 as 16-bit integers";
  let description = [{
    Vulkan's devices have no bf16, and NVIDIA's oldest chips convert none. Runs on kernels in the gpu dialect: an operation on bf16 is one
    on f32 whose result is rounded, extensions are shifts, roundings are arithmetic on bits (to nearest, ties to even), and a bf16 number in
    memory or in a register is an integer of 16 bits.
  }];
  let constructor = "::fovea::create_bf16_bits_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif
