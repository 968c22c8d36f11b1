// SPDX-License-Identifier: Apache-2.0
// A picture file as the pixels that the network takes.
#pragma once

#include <stdint.h>

#include "pixel_arithmetic.h"

// [MODEL_HEIGHT, MODEL_WIDTH, MODEL_CHANNELS], for the caller to free: resized, and its middle cut out, as the model asks for.
// `upright`: turned first as its EXIF data says. NULL after a line on standard error that says what is wrong.
uint8_t* read_picture(const char* path, int upright);
