// SPDX-License-Identifier: Apache-2.0
// An image file as the pixels that the network takes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "pixel_arithmetic.h"

// Each returns pixels [MODEL_HEIGHT, MODEL_WIDTH, MODEL_CHANNELS], which the caller frees: the image is resized and its center
// cropped as the model asks for. With `upright` it is first rotated as its EXIF data says. NULL follows a line on standard
// error that says what is wrong with `name`.

// Of a file, or of standard input for "-".
uint8_t* read_picture(const char* path, int upright);
// Of a file in memory, before which there are jpeg_spare_bytes unused bytes. What is in them changes.
uint8_t* decode_picture(const char* name, uint8_t* bytes, size_t size, int upright);
// Of red, green and blue from malloc, which are freed.
uint8_t* fit_colors(const char* name, uint8_t* colors, int64_t height, int64_t width);
