// Products of bf16 numbers two at a time.
//
// x86's vdpbf16ps adds two products of neighbours to each f32 lane: twice the multiply-adds of f32. Two bf16 numbers that
// follow each other along a reduced dimension are one number of 32 bits, a pair. A contraction of pairs has the loops, tiles
// and packing of one in f32 with half the steps; only its multiply-add is another instruction. Where the reduced dimension is
// contiguous (channels, in a forward convolution's image) memory holds pairs as it is. Elsewhere (channels in a filter, two
// images in a gradient by a filter) packing puts them together.
#pragma once

#include <mlir/IR/BuiltinOps.h>

#include "fovea/codegen/kernel_formula.h"
#include "fovea/codegen/target.h"

namespace fovea {

// Makes the anchor a contraction of pairs where the target has the instruction, both inputs are bf16 and a reduced dimension
// is even and indexes each input by itself; leaves it as it is otherwise.
void pair_products(KernelFormula& kernel, const Target& target);

// The multiply-adds that tile programs mark (`pair_product` on the product and the sum) and every vector.fma beside them
// become the instruction.
inline constexpr const char* pair_product = "fovea.pair_product";
void lower_pair_products(mlir::ModuleOp vectors);

}  // namespace fovea
