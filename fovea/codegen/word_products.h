// Sums of products of 16-bit integers, two products at a time.
#pragma once

#include <llvm/IR/Module.h>

namespace fovea {

// WebAssembly's dot multiplies neighbouring words of two registers and adds each pair. A sum `a * b + c * d + ...` of vectors
// of i32 whose factors fit 16 bits (depthwise work, where nothing lies in pairs) becomes dots of interleaved factors: a with c,
// b with d. The integers are the same.
void pair_word_products(llvm::Module& module);

}  // namespace fovea
