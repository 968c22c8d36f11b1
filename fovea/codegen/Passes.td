// SPDX-License-Identifier: Apache-2.0
// The passes from kernels to LLVM's dialect; documentation is generated from here. Those before it, over whole networks, are in
// fovea/passes/Passes.td.
#ifndef FOVEA_CODEGEN_PASSES
#define FOVEA_CODEGEN_PASSES

include "mlir/Pass/PassBase.td"

class KernelPass<string argument> : Pass<argument, "::mlir::ModuleOp"> {
  // What the program compiles for is given by the caller; in text, by LLVM's names.
  list<Option> target_options = [
    Option<"triple_", "triple", "std::string", /*default=*/"", "LLVM's triple; this machine's when empty">,
    Option<"cpu_", "cpu", "std::string", /*default=*/"", "the processor by LLVM's name; this one when both are empty">
  ];
}

def TransformFiltersPass : KernelPass<"fovea-transform-filters"> {
  let summary = "filters of 3x3 convolutions in the transformed domain of Winograd's algorithm";
  let description = [{
    Over the kernels of an inference program. A convolution whose filter is known before the run, and which is faster that way, reads its filter
    as the initializer transforms it, and has the attribute `fovea.winograd` with the pixels a side of a tile.
  }];
  let constructor = "::fovea::create_transform_filters_pass()";
  let options = target_options # [
    Option<"when_", "winograd", "std::string", /*default=*/"\"auto\"", "auto, where it is faster; never; 2 or 4, with such tiles wherever it can be">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def PrepackWeightsPass : KernelPass<"fovea-prepack-weights"> {
  let summary = "weights in the order the tiles read them, before the run";
  let description = [{
    Over the kernels of an inference program. An operand that a kernel's tiling would pack as a panel in every run, and which is known before it,
    is packed by the initializer; in the kernel a `builtin.unrealized_conversion_cast` stands between it and the operation that reads it.
  }];
  let constructor = "::fovea::create_prepack_weights_pass()";
  let options = target_options;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def ChooseTilingPass : KernelPass<"fovea-choose-tiling"> {
  let summary = "choose tiles and blocks, as an attribute";
  let description = [{
    Gives every kernel (attribute `fovea.kernel`) its tiling as the attribute `fovea.tiling`: for each dimension of the root operation's
    domain the block that one grid tile covers and the tile held in registers, which dimension lies along vectors, how each input is packed,
    the kind of tiling and that kind's own fields, which fovea/codegen/tiling/tiling.h describes; fields that are as by default are left out.
    A kernel that has the attribute already keeps it. The verifier refuses, by the field's name, what would not compute the kernel. The
    choice follows from shapes and the target alone.
  }];
  let constructor = "::fovea::create_choose_tiling_pass()";
  let options = target_options;
}

def EmitTilesPass : KernelPass<"fovea-emit-tiles"> {
  let summary = "kernels become tile programs";
  let description = [{
    Replaces every kernel by its tile program `tiles_NAME`: loops over tiles, slices that read them, linalg operations on tiles of one static
    size, slices that write. The tiling is that of `fovea.tiling`, or chosen here. Scratch buffers are further arguments, begin and end of the
    grid tiles to compute the last two; what a caller has to know of them is the attribute `fovea.tile_program`. Functions that are no
    kernels go.
  }];
  let constructor = "::fovea::create_emit_tiles_pass()";
  let options = target_options;
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::bufferization::BufferizationDialect", "::mlir::LLVM::LLVMDialect"];
}

def VectorizeTilesPass : KernelPass<"fovea-vectorize-tiles"> {
  let summary = "linalg operations on tiles become vectors, accumulators stay in registers";
  let description = [{
    Drops dimensions of one element, turns linalg operations into operations on vectors, hoists what loops carry (accumulators) out of them,
    and folds slices into the reads and writes of vectors.
  }];
  let constructor = "::fovea::create_vectorize_tiles_pass()";
  let dependentDialects = ["::mlir::vector::VectorDialect"];
}

def BufferizeTilesPass : KernelPass<"fovea-bufferize-tiles"> {
  let summary = "tensors become memory, in place";
  let description = [{
    One-shot bufferization over the functions' boundaries: what a kernel writes is where its caller put it, so nothing is returned. Copies are
    written as vectors, buffers that are left have their place in the frame (at most 64 KiB).
  }];
  let constructor = "::fovea::create_bufferize_tiles_pass()";
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect", "::mlir::vector::VectorDialect"];
}

def LowerVectorsPass : KernelPass<"fovea-lower-vectors"> {
  let summary = "vectors of several dimensions become registers";
  let description = [{
    Contractions become outer products and multiply-adds, reads and writes single loads and stores, marked dot products the target's
    instructions; stores of whole lines into arguments marked `fovea.non_temporal` are non-temporal.
  }];
  let constructor = "::fovea::create_lower_vectors_pass()";
  let options = target_options;
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

def ExpandMathPass : Pass<"fovea-expand-math", "::mlir::ModuleOp"> {
  let summary = "functions of real numbers as polynomials, bf16 extended by a shift";
  let description = [{
    MLIR's polynomial approximations (exp, log, tanh, erf and the like), so that a kernel calls no library; the extension of bf16 as a shift
    of its bits, which vectors have instructions for.
  }];
  let constructor = "::fovea::create_expand_math_pass()";
  let dependentDialects = ["::mlir::vector::VectorDialect", "::mlir::arith::ArithDialect"];
}

def CarryBf16AsBitsPass : Pass<"fovea-carry-bf16-as-bits", "::mlir::ModuleOp"> {
  let summary = "bf16 in LLVM's dialect as 16-bit integers";
  let description = [{
    Without instructions for bf16 LLVM keeps single numbers of it as f32 and calls the C library to convert them. As integers they are moved
    like any others; conversions are arithmetic by then.
  }];
  let constructor = "::fovea::create_carry_bf16_as_bits_pass()";
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
