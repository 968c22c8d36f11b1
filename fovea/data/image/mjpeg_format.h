// SPDX-License-Identifier: Apache-2.0
// Motion JPEG: JPEG files one after the other in a stream, as cameras send them and `ffmpeg -f mjpeg` writes them. This text is
// shared by C and C++ (image_bytes.h).
//
// A frame goes from its start marker to its end marker. Segments are passed by their length, because what is in them (the
// thumbnail of a photograph, for example) may look like a marker. A length is not trusted: where it does not lead to another
// marker there is no frame, and the next one is looked for behind the length that was wrong. Bytes between frames are skipped.
#ifndef FOVEA_DATA_MJPEG_FORMAT_H
#define FOVEA_DATA_MJPEG_FORMAT_H

#include "image_bytes.h"

// A frame with more bytes than this is taken for a corrupt one, so that a stream without an end marker does not fill the
// memory.
enum { fovea_most_frame_bytes = 1 << 26 };

enum fovea_mjpeg_event {
  fovea_mjpeg_more,   // the bytes end before the frame does: append more
  fovea_mjpeg_frame,  // a whole frame: bytes[frame, begin)
  fovea_mjpeg_cut,    // another frame begins before the end of this one
  fovea_mjpeg_broken  // what began like a frame is none
};

// How far a stream has been looked through. All zero at its beginning. Positions are those of the caller's bytes.
struct fovea_mjpeg {
  size_t begin;         // of the current frame, or where the next one is looked for
  size_t frame;         // after fovea_mjpeg_frame, where that frame begins
  size_t at;            // the next byte to look at, which may be behind the last one
  size_t retry;         // where the next frame is looked for when the current one turns out to be none
  int inside, in_data;  // a frame; its entropy-coded data
  uint64_t skipped;     // bytes between frames
};

// Forgets the bytes before the current frame, which the caller has to remove; returns how many these are.
static inline size_t fovea_mjpeg_forget(struct fovea_mjpeg* stream) {
  const size_t gone = stream->begin;
  stream->at -= gone;
  stream->retry -= stream->inside ? gone : stream->retry;
  stream->begin = 0;
  return gone;
}

// Gives up the current frame and looks for the next one from `at` on.
static inline void fovea_mjpeg_restart(struct fovea_mjpeg* stream, size_t at) {
  stream->begin = stream->at = at;
  stream->inside = stream->in_data = 0;
}

// Looks for a start marker, which the next marker follows at once; returns whether there is one.
static inline int fovea_mjpeg_start(struct fovea_mjpeg* stream, const uint8_t* bytes, size_t size) {
  size_t at = stream->begin;
  while (at + 3 <= size && !fovea_is_jpeg(bytes + at, size - at)) ++at;
  stream->skipped += at - stream->begin;
  stream->begin = stream->at = at;
  if (at + 3 > size) return 0;
  stream->inside = 1;
  stream->in_data = 0;
  stream->at = stream->retry = at + 2;
  return 1;
}

// Passes the entropy-coded data; returns whether its end has been found. 0xff is followed by 0 where it belongs to the data.
static inline int fovea_mjpeg_data(struct fovea_mjpeg* stream, const uint8_t* bytes, size_t size) {
  size_t at = stream->at;
  while (at < size) {
    const uint8_t* found = (const uint8_t*)memchr(bytes + at, 0xff, size - at);
    at = found == NULL ? size : (size_t)(found - bytes);
    if (at + 2 > size) break;
    const uint8_t next = bytes[at + 1];
    if (next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) {
      stream->at = at;
      stream->in_data = 0;
      return 1;
    }
    at += next == 0xff ? 1 : 2;
  }
  stream->at = at;
  return 0;
}

// Goes on from where the last call stopped, until something happens. `bytes` is what the last call saw, with more appended.
static inline enum fovea_mjpeg_event fovea_mjpeg_next(struct fovea_mjpeg* stream, const uint8_t* bytes, size_t size) {
  if (!stream->inside && !fovea_mjpeg_start(stream, bytes, size)) return fovea_mjpeg_more;
  for (;;) {
    if (stream->in_data && !fovea_mjpeg_data(stream, bytes, size)) return fovea_mjpeg_more;
    if (stream->at >= size || size - stream->at < 2) return fovea_mjpeg_more;
    const uint8_t* marker = bytes + stream->at;
    if (marker[0] != 0xff || marker[1] == 0) break;
    if (marker[1] == 0xff) {  // fill bytes
      ++stream->at;
    } else if (marker[1] == 1 || (marker[1] >= 0xd0 && marker[1] <= 0xd7)) {  // markers without content
      stream->at += 2;
    } else if (marker[1] == 0xd8) {
      fovea_mjpeg_restart(stream, stream->at);
      return fovea_mjpeg_cut;
    } else if (marker[1] == 0xd9) {
      stream->frame = stream->begin;
      fovea_mjpeg_restart(stream, stream->at + 2);
      return fovea_mjpeg_frame;
    } else {
      if (size - stream->at < 4) return fovea_mjpeg_more;
      const uint32_t length = fovea_big16(marker + 2);
      if (length < 2) break;
      stream->retry = stream->at + 4;
      stream->in_data = marker[1] == 0xda;
      stream->at += 2 + length;
    }
  }
  fovea_mjpeg_restart(stream, stream->retry);
  return fovea_mjpeg_broken;
}

#endif  // FOVEA_DATA_MJPEG_FORMAT_H
