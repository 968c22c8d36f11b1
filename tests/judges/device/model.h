// SPDX-License-Identifier: Apache-2.0
// What the reader of pictures in programs for devices is told here: no network.
#pragma once

#define MODEL_PROGRAM "dump_device_pictures"
#define MODEL_HEIGHT 1
#define MODEL_WIDTH 1
#define MODEL_CHANNELS 3
#define MODEL_RESIZE 1
#define MODEL_BICUBIC 0
