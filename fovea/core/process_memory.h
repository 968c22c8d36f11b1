// SPDX-License-Identifier: Apache-2.0
/// \file
/// The memory of this process, as the system counts it.
#pragma once

#include <cstdint>

namespace fovea {

int64_t resident_bytes();  ///< Bytes of physical memory in use; 0 where the system does not tell.

/// Returns freed memory that the allocator kept to the system (glibc's malloc_trim).
void release_freed_memory();

/// From now on blocks of 1 MiB and more are returned to the system as soon as they are freed: the process keeps less memory,
/// for more system calls.
void keep_no_large_blocks();

}  // namespace fovea
