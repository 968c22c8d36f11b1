// SPDX-License-Identifier: Apache-2.0
// What this process has in memory, as the system counts it.
#pragma once

#include <cstdint>

namespace fovea {

int64_t resident_bytes();  // 0 where the system does not tell

// Memory that was freed and that the allocator kept goes back to the system.
void release_freed_memory();

// From now on, blocks of a megabyte and more go back at once when they are freed: less is resident, for more calls of the
// system.
void keep_no_large_blocks();

}  // namespace fovea
