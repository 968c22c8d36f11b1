// SPDX-License-Identifier: Apache-2.0
/// \file
/// What all processes do together: every one of them calls the same function at the same point of its work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/collective/communicator.h"

namespace fovea {

/// Gives every process the bytes of process 0, along a binomial tree. All spans have one size.
void broadcast(Communicator& processes, std::span<std::byte> bytes);

/// Gives every process the text of process 0, of any length.
void broadcast(Communicator& processes, std::string& text);

/// The texts of all processes, by their numbers, at every process.
std::vector<std::string> gather(Communicator& processes, const std::string& text);

/// The bitwise or of a number of each process, at every process.
uint64_t any_of(Communicator& processes, uint64_t bits);

}  // namespace fovea
