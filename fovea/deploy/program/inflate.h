// SPDX-License-Identifier: Apache-2.0
// Deflate (RFC 1951) behind zlib's header (RFC 1950): what the data of a PNG is packed in.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Fills all of `out`, and looks no further. 0 where the data is wrong or ends before.
int inflate_all(const uint8_t* packed, size_t size, uint8_t* out, size_t room);
