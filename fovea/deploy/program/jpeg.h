// SPDX-License-Identifier: Apache-2.0
// What has to be done to a JPEG before stb_image reads it as `fovea classify` does.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { jpeg_spare_bytes = 16 };

// The JPEG at `*bytes`, before which there are so many spare bytes, is changed where it is odd and sound; `*bytes` and `*size`
// may move. NULL, or what is wrong with it: above all that it is cut off, which stb_image would paint over.
const char* prepare_jpeg(uint8_t** bytes, size_t* size);
