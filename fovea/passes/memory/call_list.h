// SPDX-License-Identifier: Apache-2.0
// A fused function as numbers: its calls in order, the tensors that each reads and writes, and their lifetimes. Memory planning
// and rematerialization work on it without the function.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fovea/passes/memory/plan_memory.h"

namespace fovea {

/// A tensor, and the kind of memory that it is in.
struct CallTensor {
  enum class Home : uint8_t { arena, argument, result, constant };
  int64_t bytes = 0;
  Home home = Home::arena;
  int64_t index = 0;  ///< of the argument, result or constant
};

/// What a call's kernel does with its operands, and what running it costs.
struct CallTraits {
  std::vector<int> in_place;                    ///< for each result, the operand that it overwrites, or -1
  std::vector<std::pair<int, int>> overwrites;  ///< pairs (result, operand): the result may take over the operand's memory
  double multiply_adds = 0;
  double bytes = 0;  ///< read and written
};

/// One call in the order of execution.
struct CallStep {
  int call = 0;               ///< in the function, from 0; a repetition has the number of the repeated call
  std::vector<int> operands;  ///< indices of tensors
  std::vector<int> results;
};

struct CallList {
  std::vector<CallTensor> tensors;
  std::vector<CallStep> steps;
  std::vector<CallTraits> traits;  ///< by CallStep::call
};

/// Which tensors share memory, and for how long.
struct Lifetimes {
  std::vector<CallTensor> storage;  ///< for each tensor, the memory that it shares
  std::vector<int> block;           ///< for each tensor, its entry of `blocks`; -1 outside of the arena
  std::vector<MemoryBlock> blocks;  ///< first and last are positions in CallList::steps
};

/// Determines which tensors share memory: a result written in place has its operand's memory, and one that may take over memory
/// takes that of an operand without later users.
Lifetimes lifetimes_of(const CallList& list);

}  // namespace fovea
