// SPDX-License-Identifier: Apache-2.0
// Dot-product packing: narrow numbers that one instruction multiplies several at a time.
//
// One instruction adds the products of two neighboring bf16 numbers (x86 vpdpbf16ps), of four bytes (x86 vpdpbusd, Arm sdot and
// udot) or of two 16-bit integers (x86 vpmaddwd, WebAssembly's dot) to each 32-bit lane. Neighbors along a reduced dimension
// form one number of 32 bits, a group. A contraction of groups has the loops, tiles and packing of one in f32 with half or a
// quarter of the steps; only its multiply-add is another instruction. Groups have the type f32 until they are lowered, whatever
// they contain, so that the schedule sees only one kind of multiply-add.
//
// For bf16, memory already contains pairs if the reduced dimension is contiguous (such as the channels of a forward
// convolution's image). Otherwise (such as the channels of a filter, or two images in a gradient by a filter) packing forms
// them. For integers, the pass fovea-dot-products arranges both operands so that a group is their last dimension.
#pragma once

#include <mlir/IR/BuiltinOps.h>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/target/target.h"

namespace fovea {

/// Makes the root a contraction of groups if the target has the instruction for its operands; otherwise it is unchanged.
void pack_dot_products(KernelDescription& kernel, const Target& target);

/// A kernel as tilings are chosen and tile programs emitted for it: with bodies folded (in place), read, and packed.
KernelDescription read_packed_kernel(mlir::func::FuncOp kernel, const Target& target);

/// The marks in tile programs that lower_dot_products() turns into instructions: an attribute of the function says which
/// instruction (a DotProduct), each product and sum is marked, and so is the argument with unsigned bytes if that matters.
inline constexpr const char* dot_product_mark = "fovea.dot_product";
inline constexpr const char* unsigned_bytes = "fovea.unsigned_bytes";
void lower_dot_products(mlir::ModuleOp vectors, const Target& target);

}  // namespace fovea
