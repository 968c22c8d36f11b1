// SPDX-License-Identifier: Apache-2.0
// An image file as the pixels that the network takes.
#pragma once

#include <stdint.h>

#include "pixel_arithmetic.h"

// Pixels [MODEL_HEIGHT, MODEL_WIDTH, MODEL_CHANNELS], which the caller frees: the image is resized and its center cropped as
// the model asks for. With `upright` it is first rotated as its EXIF data says. Returns NULL after a line on standard error
// that says what is wrong.
uint8_t* read_picture(const char* path, int upright);
