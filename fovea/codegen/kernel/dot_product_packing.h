// SPDX-License-Identifier: Apache-2.0
// Dot-product packing: narrow numbers that one instruction multiplies several at a time.
//
// One instruction adds the products of two neighboring bf16 numbers (x86 vpdpbf16ps), of four bytes (x86 vpdpbusd, Arm sdot and
// udot) or of two 16-bit integers (x86 vpmaddwd, WebAssembly's dot) to each 32-bit lane. Neighbors along a reduced dimension
// form one number of 32 bits, a group. A contraction of groups has the loops, tiles and packing of a contraction in f32 with
// half or a quarter of the steps; only its multiply-add is another instruction. Whatever they contain, groups have the type f32
// until that instruction is emitted, so that the schedule sees only one kind of multiply-add.
//
// For bf16, memory already contains pairs if the reduced dimension is contiguous (such as the channels of a forward
// convolution's image). Otherwise (such as the channels of a filter, or two images in a gradient by a filter) packing forms
// them. For integers, the pass fovea-dot-products has given both operands the group as their last dimension.
#pragma once

#include <mlir/IR/BuiltinOps.h>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/target/target.h"

namespace fovea {

/// Makes the root op a contraction of groups if the target has an instruction for its operand types; otherwise leaves it
/// unchanged.
void pack_dot_products(KernelDescription& kernel, const Target& target);

/// Reads a kernel in the form from which tilings are chosen and tile programs emitted: folds its element-wise bodies (in
/// place), reads it, and packs dot products. Fails as read_kernel() does.
KernelDescription read_packed_kernel(mlir::func::FuncOp kernel, const Target& target);

/// Marks in tile programs that lower_dot_products() replaces by instructions. On the function, `dot_product_mark` says which
/// instruction (a DotProduct); each product and each sum has it as a unit attribute. `unsigned_bytes` marks the argument with
/// unsigned bytes where the instruction distinguishes the two operands.
inline constexpr const char* dot_product_mark = "fovea.dot_product";
inline constexpr const char* unsigned_bytes = "fovea.unsigned_bytes";
/// Replaces the marked multiply-adds of a module at the stage `vectors` by the target's instructions.
void lower_dot_products(mlir::ModuleOp vectors, const Target& target);

}  // namespace fovea
