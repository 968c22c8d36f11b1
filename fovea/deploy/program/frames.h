// SPDX-License-Identifier: Apache-2.0
// Frames of video from standard input: Motion JPEG, or pixels of one size one after the other.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "frame_format.h"
#include "mjpeg_format.h"

// All zero but for the format before the first frame.
struct frames {
  struct fovea_frame_format format;
  long number;           // of the current frame, from 1
  const uint8_t* frame;  // its bytes, valid until the next one is asked for
  size_t size;           // how many they are
  char problem[96];      // what is wrong with it; empty: nothing
  struct fovea_mjpeg stream;
  uint8_t* bytes;  // what has been read, from malloc
  size_t room, used, taken;
  int ended;
};

// Waits for the next frame; returns 0 at the end.
int next_frame(struct frames* frames);

// The pixels of a frame without a problem, as picture.h has them.
uint8_t* frame_pixels(const struct frames* frames);
