// SPDX-License-Identifier: Apache-2.0
// Products of narrow numbers several at a time.
//
// One instruction adds the products of two bf16 neighbors (x86 vpdpbf16ps), of four bytes (x86 vpdpbusd, Arm sdot and udot) or
// of two 16-bit integers (x86 vpmaddwd, WebAssembly's dot) to each 32-bit lane. Neighbors along a reduced dimension are one
// number of 32 bits, a group. A contraction of groups has the loops, tiles and packing of one in f32 with a half or a quarter
// of the steps; only its multiply-add is another instruction. Groups are typed f32 on the way, whatever they hold, so that the
// schedule sees one kind of multiply-add.
//
// bf16: where the reduced dimension is contiguous (channels, in a forward convolution's image) memory holds pairs as it is.
// Elsewhere (channels in a filter, two images in a gradient by a filter) packing puts them together.
// Integers: the pass fovea-dot-products lays both operands out so that a group is their last dimension.
#pragma once

#include <mlir/IR/BuiltinOps.h>

#include "fovea/codegen/kernel/kernel.h"
#include "fovea/codegen/target/target.h"

namespace fovea {

/// Makes the root a contraction of groups where the target has the instruction for its operands; leaves it as it is otherwise.
void pack_dot_products(KernelDescription& kernel, const Target& target);

/// A kernel as tiles are chosen and written for it: bodies folded (in place), read, and packed.
KernelDescription read_packed_kernel(mlir::func::FuncOp kernel, const Target& target);

/// How tile programs tell what lower_dot_products() turns into instructions: the function's attribute says which (a
/// DotProduct), each product and sum is marked, and so is the argument whose bytes are unsigned where it matters.
inline constexpr const char* dot_product_mark = "fovea.dot_product";
inline constexpr const char* unsigned_bytes = "fovea.unsigned_bytes";
void lower_dot_products(mlir::ModuleOp vectors, const Target& target);

}  // namespace fovea
