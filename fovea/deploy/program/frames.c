// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jpeg.h"
#include "model.h"
#include "picture.h"

#ifndef READ_FRAMES  // a fuzzer has its own
#define READ_FRAMES(to, size) read(STDIN_FILENO, to, size)
#endif

// Reads once, into room for at least one more byte, and at most up to `wanted` bytes in all; 0 at the end.
static int read_more(struct frames* frames, size_t wanted) {
  if (frames->ended) return 0;
  if (frames->room < wanted) {
    uint8_t* larger = realloc(frames->bytes, wanted);
    if (larger == NULL) {
      fprintf(stderr, MODEL_PROGRAM ": not enough memory for a frame\n");
      exit(1);
    }
    frames->bytes = larger;
    frames->room = wanted;
  }
  ssize_t got = 0;
  do {
    got = READ_FRAMES(frames->bytes + frames->used, frames->room - frames->used);
  } while (got < 0 && errno == EINTR);
  if (got < 0) fprintf(stderr, MODEL_PROGRAM ": cannot read frames: %s\n", strerror(errno));
  if (got <= 0) frames->ended = 1;
  frames->used += got > 0 ? (size_t)got : 0;
  return got > 0;
}

static void forget(struct frames* frames, size_t count) {
  if (count > 0) memmove(frames->bytes, frames->bytes + count, frames->used - count);
  frames->used -= count;
}

static int found(struct frames* frames, const uint8_t* frame, size_t size) {
  ++frames->number;
  frames->frame = frame;
  frames->size = size;
  return 1;
}

static int broken(struct frames* frames, const char* problem, size_t bytes) {
  snprintf(frames->problem, sizeof frames->problem, problem, bytes);
  return found(frames, NULL, 0);
}

static int next_pixels(struct frames* frames) {
  const size_t size = (size_t)fovea_frame_bytes(&frames->format, fovea_frame_stride(&frames->format));
  forget(frames, frames->taken);
  frames->taken = 0;
  while (frames->used < size && read_more(frames, size)) {
  }
  const size_t used = frames->used;
  if (used == 0) return 0;
  frames->taken = used;
  if (used < size) return broken(frames, "cut off after %zu bytes", used);
  return found(frames, frames->bytes, size);
}

static int next_jpeg(struct frames* frames) {
  struct fovea_mjpeg* stream = &frames->stream;
  for (;;) {
    switch (fovea_mjpeg_next(stream, frames->bytes, frames->used)) {
      case fovea_mjpeg_frame:
        return found(frames, frames->bytes + stream->frame, stream->begin - stream->frame);
      case fovea_mjpeg_cut:
        return broken(frames, "cut off: the next one begins before its end", 0);
      case fovea_mjpeg_broken:
        return broken(frames, "no JPEG, though it begins like one", 0);
      case fovea_mjpeg_more:
        break;
    }
    forget(frames, fovea_mjpeg_forget(stream));
    const size_t used = frames->used;
    if (used > fovea_most_frame_bytes) {
      fovea_mjpeg_restart(stream, used);
      return broken(frames, "longer than %zu bytes", fovea_most_frame_bytes);
    }
    if (read_more(frames, used < frames->room ? frames->room : used < 1 << 16 ? 1 << 17 : 2 * used)) continue;
    if (!stream->inside) return 0;
    fovea_mjpeg_restart(stream, used);
    return broken(frames, "cut off after %zu bytes", used);
  }
}

int next_frame(struct frames* frames) {
  frames->problem[0] = '\0';
  return frames->format.pixels == fovea_mjpeg_pixels ? next_jpeg(frames) : next_pixels(frames);
}

uint8_t* frame_pixels(const struct frames* frames) {
  const struct fovea_frame_format* format = &frames->format;
  const int jpeg = format->pixels == fovea_mjpeg_pixels;
  char name[32];
  snprintf(name, sizeof name, "frame %ld", frames->number);
  const size_t room = jpeg ? frames->size + jpeg_spare_bytes : (size_t)(format->height * format->width) * 3;
  uint8_t* copy = malloc(room);
  if (copy == NULL) {
    fprintf(stderr, MODEL_PROGRAM ": %s: not enough memory\n", name);
    return NULL;
  }
  if (!jpeg) {
    fovea_frame_colors(format, frames->frame, fovea_frame_stride(format), copy);
    return fit_colors(name, copy, format->height, format->width);
  }
  memcpy(copy + jpeg_spare_bytes, frames->frame, frames->size);
  uint8_t* pixels = decode_picture(name, copy + jpeg_spare_bytes, frames->size, 0);
  free(copy);
  return pixels;
}
