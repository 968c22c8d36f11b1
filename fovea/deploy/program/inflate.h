// SPDX-License-Identifier: Apache-2.0
// Deflate (RFC 1951) with zlib's header (RFC 1950), in which the data of a PNG is compressed.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Fills all of `out` and ignores what follows. Returns 0 when the data is wrong or ends too early.
int inflate_all(const uint8_t* packed, size_t size, uint8_t* out, size_t room);
