// SPDX-License-Identifier: Apache-2.0
// A fused function as numbers: its calls in order, which tensors each reads and writes, and how long those live. What memory is
// planned from, and what rematerialization chooses from without touching the function.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fovea/passes/memory/plan_memory.h"

namespace fovea {

struct CallTensor {
  enum class Home : uint8_t { arena, argument, result, constant };
  int64_t bytes = 0;
  Home home = Home::arena;
  int64_t index = 0;  // of the argument, result or constant
};

// What a call's kernel does with its operands, and what running it takes.
struct CallTraits {
  std::vector<int> in_place;                    // for each result the operand it is written over, or -1
  std::vector<std::pair<int, int>> overwrites;  // (result, operand): the result may take over the operand's memory
  double multiply_adds = 0;
  double bytes = 0;  // read and written
};

struct CallStep {
  int call = 0;               // of the function, from 0; a repetition has the number of what it repeats
  std::vector<int> operands;  // tensors
  std::vector<int> results;
};

struct CallList {
  std::vector<CallTensor> tensors;
  std::vector<CallStep> steps;
  std::vector<CallTraits> traits;  // by CallStep::call
};

struct Lifetimes {
  std::vector<CallTensor> storage;  // of each tensor: the home of the memory it shares
  std::vector<int> block;           // of each tensor: its entry of `blocks`, -1 outside of the arena
  std::vector<MemoryBlock> blocks;  // first and last are positions in CallList::steps
};

// Which tensors share memory: a result written in place has its operand's, and one that may takes over that of an operand that
// nobody reads afterwards.
Lifetimes lifetimes_of(const CallList& list);

}  // namespace fovea
