// SPDX-License-Identifier: Apache-2.0
// The macros that the image reader of programs for devices needs here, without a network.
#pragma once

#define MODEL_PROGRAM "dump_device_pictures"
#define MODEL_HEIGHT 1
#define MODEL_WIDTH 1
#define MODEL_CHANNELS 3
#define MODEL_RESIZE 1
#define MODEL_BICUBIC 0
