// SPDX-License-Identifier: Apache-2.0
#include "jpeg.h"

#include "image_bytes.h"

struct frame {
  int sequential, components, adobe;
  uint8_t names[4];     // of the components
  uint8_t divisors[4];  // for each component, the number of its quantization table
  int has_divisors[4];  // which quantization tables there are
  int has_codes[2][4];  // which Huffman tables there are, for DC and for AC coefficients
  int standard;         // whether a scan needs standard tables
};

// The Huffman tables of ITU-T T.81, annex K.3, as one segment. Frames of Motion JPEG leave them out.
static const uint8_t standard_codes[420] = {
    // clang-format off
    0xff, 0xc4, 0x01, 0xa2, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x10, 0x00, 0x02, 0x01, 0x03, 0x03, 0x02,
    0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00, 0x01, 0x7d, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31,
    0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52,
    0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a,
    0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57,
    0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83,
    0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
    0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8,
    0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0x01, 0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
    0x0b, 0x11, 0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00, 0x01, 0x02, 0x77, 0x00, 0x01,
    0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14,
    0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25,
    0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46,
    0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a,
    0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94,
    0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6,
    0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8,
    0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
    // clang-format on
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
  for (int i = 0; i < frame->components; ++i) {
    frame->names[i] = content[6 + 3 * i];
    frame->divisors[i] = content[6 + 3 * i + 2];
  }
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

// Whether a scan has the table that it names, or the standard one in its place.
static int has_table(struct frame* frame, int kind, int number) {
  if (number > 3) return 0;
  if (frame->has_codes[kind][number]) return 1;
  if (!frame->sequential || number > 1) return 0;
  frame->standard = 1;
  return 1;
}

// Checks that every table that a scan names is there.
static const char* check_scan(struct frame* frame, const uint8_t* content, size_t length) {
  const int count = content[0];
  if (frame->components == 0 || count < 1 || count > 4 || length != 4 + 2 * (size_t)count)
    return "the header of a scan is wrong";
  const uint8_t* numbers = content + 1 + 2 * count;
  for (int i = 0; i < count; ++i)
    if (memchr(frame->names, content[1 + 2 * i], (size_t)frame->components) == NULL) return "the header of a scan is wrong";
  for (int i = 0; i < frame->components; ++i)
    if (frame->divisors[i] > 3 || !frame->has_divisors[frame->divisors[i]]) return "a table of divisors is missing";
  for (int i = 0; i < count; ++i) {
    const int first = content[2 + 2 * i] >> 4, other = content[2 + 2 * i] & 15;
    const int needs_first = frame->sequential || (numbers[0] == 0 && numbers[2] >> 4 == 0);
    const int needs_other = frame->sequential || numbers[0] > 0;
    if ((needs_first && !has_table(frame, 0, first)) || (needs_other && !has_table(frame, 1, other)))
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

// Adds a segment at the start of a JPEG.
static void add_segment(uint8_t** bytes, size_t* size, const uint8_t* segment, size_t length) {
  *bytes -= length;
  *size += length;
  (*bytes)[0] = 0xff;
  (*bytes)[1] = 0xd8;
  memcpy(*bytes + 2, segment, length);
}

const char* prepare_jpeg(uint8_t** bytes, size_t* size) {
  struct frame frame;
  memset(&frame, 0, sizeof frame);
  const char* problem = walk(*bytes, *size, &frame);
  if (problem != NULL) return problem;
  if (frame.standard) add_segment(bytes, size, standard_codes, sizeof standard_codes);
  // Four-component images without an Adobe marker are stored as Adobe stores them; adding the marker tells stb_image so.
  static const uint8_t adobe[16] = {0xff, 0xee, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, 0};
  if (frame.components == 4 && !frame.adobe) add_segment(bytes, size, adobe, sizeof adobe);
  return NULL;
}
