// SPDX-License-Identifier: Apache-2.0
#include "jpeg.h"

#include "image_bytes.h"

struct frame {
  int sequential, components, adobe;
  uint8_t divisors[4];  // for each component, the number of its quantization table
  int has_divisors[4];  // which quantization tables there are
  int has_codes[2][4];  // which Huffman tables there are, for DC and for AC coefficients
};

static const char* read_frame(struct frame* frame, int marker, const uint8_t* content, size_t length) {
  if (marker >= 0xc9) return "arithmetic coding is not read; convert it";
  if (marker > 0xc2) return "it is coded without loss, or in steps, which is not read; convert it";
  if (length < 6) return "its header is cut off";
  const int64_t height = fovea_big16(content + 1), width = fovea_big16(content + 3);
  if (height < 1 || width < 1) return "its header says no pixels";
  if (width > FOVEA_MOST_PIXELS / height) return "it has more pixels than are read";
  frame->sequential = marker != 0xc2;
  frame->components = content[5];
  if (frame->components < 1 || frame->components > 4 || length != 6 + 3 * (size_t)frame->components)
    return "its header says an odd number of components";
  for (int i = 0; i < frame->components; ++i) frame->divisors[i] = content[6 + 3 * i + 2];
  return NULL;
}

// stb_image trusts Huffman tables, so they are checked: they must be prefix codes of at most 256 symbols.
static const char* read_codes(struct frame* frame, const uint8_t* content, size_t length) {
  while (length > 0) {
    if (length < 17 || content[0] >> 4 > 1 || (content[0] & 15) > 3) return "a table of codes is wrong";
    size_t symbols = 0;
    int32_t room = 1;
    for (int bits = 1; bits <= 16; ++bits) {
      symbols += content[bits];
      room = 2 * room - content[bits];
      if (room < 0) return "a table of codes is wrong";
    }
    if (symbols > 256 || symbols > length - 17) return "a table of codes is wrong";
    frame->has_codes[content[0] >> 4][content[0] & 15] = 1;
    content += 17 + symbols;
    length -= 17 + symbols;
  }
  return NULL;
}

static const char* read_divisors(struct frame* frame, const uint8_t* content, size_t length) {
  while (length > 0) {
    const size_t size = content[0] >> 4 ? 129 : 65;
    if (length < size || (content[0] & 15) > 3) return "a table of divisors is wrong";
    frame->has_divisors[content[0] & 15] = 1;
    content += size;
    length -= size;
  }
  return NULL;
}

// Checks that every table that a scan names is there.
static const char* check_scan(const struct frame* frame, const uint8_t* content, size_t length) {
  const int count = content[0];
  if (frame->components == 0 || count < 1 || count > 4 || length != 4 + 2 * (size_t)count)
    return "the header of a scan is wrong";
  const uint8_t* numbers = content + 1 + 2 * count;
  for (int i = 0; i < frame->components; ++i)
    if (frame->divisors[i] > 3 || !frame->has_divisors[frame->divisors[i]]) return "a table of divisors is missing";
  for (int i = 0; i < count; ++i) {
    const int first = content[2 + 2 * i] >> 4, other = content[2 + 2 * i] & 15;
    const int needs_first = frame->sequential || (numbers[0] == 0 && numbers[2] >> 4 == 0);
    const int needs_other = frame->sequential || numbers[0] > 0;
    if ((needs_first && (first > 3 || !frame->has_codes[0][first])) ||
        (needs_other && (other > 3 || !frame->has_codes[1][other])))
      return "a table of codes is missing";
  }
  return NULL;
}

// Reads the content of a segment on which decoding depends.
static const char* read_segment(struct frame* frame, int marker, uint8_t* content, size_t length) {
  if (marker == 0xc4) return read_codes(frame, content, length);
  if (marker == 0xdb) return read_divisors(frame, content, length);
  if (marker == 0xee && fovea_has(content, length, 0, "Adobe", 5)) frame->adobe = 1;
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc ? read_frame(frame, marker, content, length)
                                                                              : NULL;
}

// Some cameras write odd numbers after the components of a scan, which have no meaning in a sequential one.
static void mend_scan(uint8_t* content, size_t length) {
  const size_t numbers = 1 + 2 * (size_t)content[0];
  if (length != numbers + 3) return;
  content[numbers] = 0;
  content[numbers + 1] = 63;
  content[numbers + 2] = 0;
}

// Where the entropy-coded data that starts at `at` ends: at the next marker that is not part of it.
static size_t end_of_data(const uint8_t* bytes, size_t size, size_t at) {
  for (; at + 1 < size; ++at) {
    const uint8_t next = bytes[at + 1];
    if (bytes[at] == 0xff && next != 0 && next != 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return size;
}

// Visits all segments up to the end marker.
static const char* walk(uint8_t* bytes, size_t size, struct frame* frame) {
  for (size_t at = 2; at + 1 < size;) {
    const int marker = bytes[at] == 0xff ? bytes[at + 1] : -1;
    if (marker == 0xd9) return frame->components > 0 ? NULL : "it holds no picture";
    if (marker < 0 || marker == 0xff) {  // fill bytes
      ++at;
      continue;
    }
    if (marker < 2 || (marker >= 0xd0 && marker <= 0xd8)) {  // markers without content
      at += 2;
      continue;
    }
    if (size - at < 4) break;
    uint8_t* content = bytes + at + 4;
    const size_t length = fovea_big16(bytes + at + 2);
    if (length < 3 || length > size - at - 2) break;
    at += 2 + length;
    const char* problem =
        marker == 0xda ? check_scan(frame, content, length - 2) : read_segment(frame, marker, content, length - 2);
    if (problem != NULL) return problem;
    if (marker == 0xda) {
      if (frame->sequential) mend_scan(content, length - 2);
      at = end_of_data(bytes, size, at);
    }
  }
  return "it is cut off";
}

const char* prepare_jpeg(uint8_t** bytes, size_t* size) {
  struct frame frame;
  memset(&frame, 0, sizeof frame);
  const char* problem = walk(*bytes, *size, &frame);
  if (problem != NULL || frame.components != 4 || frame.adobe) return problem;
  // Four-component images without an Adobe marker are stored as Adobe stores them; adding the marker tells stb_image so.
  static const uint8_t start[18] = {0xff, 0xd8, 0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};
  *bytes -= jpeg_spare_bytes;
  *size += jpeg_spare_bytes;
  memcpy(*bytes, start, sizeof start);
  return NULL;
}
