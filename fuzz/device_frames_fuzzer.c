// SPDX-License-Identifier: Apache-2.0
// Frames of video as programs for devices read them from standard input (fovea/deploy/program), in pieces of odd sizes. The
// first byte says which format; frames of pixels have 5x3 of them.
#define FOVEA_MOST_PIXELS ((int64_t)1 << 20)  // a few bytes may claim as many as are allowed, which is slow
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

static const uint8_t* rest;
static size_t rest_size;

static ssize_t next_piece(uint8_t* to, size_t size) {
  size_t piece = rest_size < 37 ? rest_size : 37;
  if (piece > size) piece = size;
  for (size_t i = 0; i < piece; ++i) to[i] = rest[i];
  rest += piece;
  rest_size -= piece;
  return (ssize_t)piece;
}
#define READ_FRAMES(to, size) next_piece(to, size)

#include "fovea/deploy/program/frames.c"
#include "fovea/deploy/program/jpeg.c"
#include "fovea/deploy/program/picture.c"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  struct frames frames;
  memset(&frames, 0, sizeof frames);
  frames.format.pixels = (enum fovea_pixels)(data[0] % 7);
  if (frames.format.pixels != fovea_mjpeg_pixels)
    frames.format.width = frames.format.pixels == fovea_yuyv422 ? 6 : 5, frames.format.height = 3;
  rest = data + 1;
  rest_size = size - 1;
  while (next_frame(&frames))
    if (frames.problem[0] == '\0') free(frame_pixels(&frames));
  free(frames.bytes);
  return 0;
}
