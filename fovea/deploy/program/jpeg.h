// SPDX-License-Identifier: Apache-2.0
// Prepares a JPEG so that stb_image reads it as `fovea classify` does.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { jpeg_spare_bytes = 16 + 420 };  // two segments that may have to be added

// Changes what is unusual but valid in the JPEG at `*bytes`, before which there must be jpeg_spare_bytes unused bytes; `*bytes`
// and `*size` may move. Returns NULL, or what is wrong with the file, above all that it is truncated: stb_image would fill in
// the rest.
const char* prepare_jpeg(uint8_t** bytes, size_t* size);
