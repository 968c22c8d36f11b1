// SPDX-License-Identifier: Apache-2.0
// Instructions that LLVM does not choose by itself.
#pragma once

#include <llvm/IR/Module.h>

#include "fovea/codegen/target/target.h"

namespace fovea {

// What is rounded to even and then converted becomes one instruction of x86, elsewhere an addition and the bits of the sum.
void convert_rounded_numbers(llvm::Module& module, const Target& target);

// After LLVM's own passes, which bring rounding and conversion together and would undo some of this.
void select_peepholes(llvm::Module& module, const Target& target);

// What is read at a constant distance after a place that is read itself lies in the same tensor: LLVM may put the distance into
// WebAssembly's load, which adds without wrapping around.
void add_distances_in_loads(llvm::Module& module);

}  // namespace fovea
