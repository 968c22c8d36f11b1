// Numbers of a row that multiply whole vectors, read where they are used.
//
// Floating point multiplies by what lies in memory. The instructions of groups (groups.h) want one factor in a register, and
// LLVM takes all numbers of a tile from the vectors that are read at its beginning: more registers than there are, so most of
// them would wait in the stack.
#pragma once

#include <llvm/IR/Module.h>

namespace fovea {

// After LLVM's own passes: factors of x86's products of integer groups that repeat one number of a vector in memory read that
// number just before the first product of it.
void read_broadcasts_late(llvm::Module& module);

}  // namespace fovea
