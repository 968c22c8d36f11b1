// SPDX-License-Identifier: Apache-2.0
// The C library's memset, memcpy and memmove as functions of the module itself: an object for a device needs no library.
#pragma once

#include <llvm/IR/Module.h>

namespace fovea {

// Replaces the intrinsics that LLVM would turn into calls. What is a few bytes of known size stays: LLVM writes it out.
void define_memory_functions(llvm::Module& module);

}  // namespace fovea
