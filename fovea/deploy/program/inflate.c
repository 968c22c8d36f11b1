// SPDX-License-Identifier: Apache-2.0
#include "inflate.h"

#include <string.h>

enum { most_bits = 15, fast_bits = 9 };

// Huffman codes of up to 15 bits, given by each symbol's code length. Short codes are looked up by the next 9 bits; longer ones
// are decoded bit by bit.
struct codes {
  uint16_t fast[1 << fast_bits];  // symbol << 4 | length; 0 for a longer code
  uint16_t count[most_bits + 1];  // how many codes there are of each length
  uint16_t symbols[288];          // sorted by their codes
};

struct stream {
  const uint8_t* at;
  const uint8_t* end;
  uint64_t held;
  int count;
  int short_of;  // whether more bits were asked for than there are
  uint8_t *start, *out, *limit;
};

static void refill(struct stream* stream) {
  while (stream->count <= 56 && stream->at < stream->end) {
    stream->held |= (uint64_t)*stream->at++ << stream->count;
    stream->count += 8;
  }
}

static void drop(struct stream* stream, int count) {
  if (count > stream->count) {
    stream->short_of = 1;
    count = stream->count;
  }
  stream->held >>= count;
  stream->count -= count;
}

static uint32_t take(struct stream* stream, int count) {
  refill(stream);
  const uint32_t value = (uint32_t)(stream->held & ((1ULL << count) - 1));
  drop(stream, count);
  return value;
}

// Whether the lengths form a prefix code. As in zlib, an incomplete code is accepted when it has no symbol, or when it need not
// be complete and has one symbol of a single bit.
static int make_codes(struct codes* codes, const uint8_t* lengths, int symbols, int complete) {
  uint16_t first[most_bits + 2], code = 0;
  int left = 1;
  memset(codes, 0, sizeof *codes);
  for (int i = 0; i < symbols; ++i) ++codes->count[lengths[i]];
  const int used = symbols - codes->count[0];
  codes->count[0] = 0;
  for (int bits = 1; bits <= most_bits; ++bits) {
    left = 2 * left - codes->count[bits];
    if (left < 0) return 0;
  }
  if (left > 0 && used > 0 && (complete || used > 1 || codes->count[1] != 1)) return 0;
  uint16_t place[most_bits + 2];
  place[1] = 0;
  for (int bits = 1; bits <= most_bits; ++bits) {
    first[bits] = code;
    code = (uint16_t)((code + codes->count[bits]) << 1);
    place[bits + 1] = (uint16_t)(place[bits] + codes->count[bits]);
  }
  for (int i = 0; i < symbols; ++i) {
    const int bits = lengths[i];
    if (bits == 0) continue;
    codes->symbols[place[bits]++] = (uint16_t)i;
    uint32_t own = first[bits]++, reversed = 0;
    if (bits > fast_bits) continue;
    for (int bit = 0; bit < bits; ++bit) reversed |= (own >> bit & 1) << (bits - 1 - bit);
    for (; reversed < 1 << fast_bits; reversed += 1U << bits) codes->fast[reversed] = (uint16_t)(i << 4 | bits);
  }
  return 1;
}

// The next symbol; -1 when the bits belong to none.
static int symbol_of(struct stream* stream, const struct codes* codes) {
  refill(stream);
  const uint16_t fast = codes->fast[stream->held & ((1 << fast_bits) - 1)];
  if (fast != 0) {
    drop(stream, fast & 15);
    return stream->short_of ? -1 : fast >> 4;
  }
  int code = 0, first = 0, place = 0;
  for (int bits = 1; bits <= most_bits && bits <= stream->count; ++bits) {
    code |= (int)(stream->held >> (bits - 1) & 1);
    const int count = codes->count[bits];
    if (code - count < first) {
      drop(stream, bits);
      return codes->symbols[place + code - first];
    }
    place += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return -1;
}

static int read_block(struct stream* stream, const struct codes* letters, const struct codes* distances) {
  static const uint16_t lengths[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t length_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const uint16_t steps[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                     193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  while (stream->out < stream->limit) {
    const int symbol = symbol_of(stream, letters);
    if (symbol < 0) return 0;
    if (symbol < 256) {
      *stream->out++ = (uint8_t)symbol;
      continue;
    }
    if (symbol == 256) return 1;
    if (symbol > 285) return 0;
    size_t length = lengths[symbol - 257] + take(stream, length_bits[symbol - 257]);
    const int far = symbol_of(stream, distances);
    if (far < 0 || far > 29) return 0;
    const size_t back = steps[far] + take(stream, far < 2 ? 0 : far / 2 - 1);
    if (stream->short_of || back > (size_t)(stream->out - stream->start)) return 0;
    const size_t room = (size_t)(stream->limit - stream->out);
    const uint8_t* from = stream->out - back;
    for (length = length < room ? length : room; length > 0; --length) *stream->out++ = *from++;
  }
  return 1;
}

static int read_stored(struct stream* stream) {
  drop(stream, stream->count & 7);
  const uint32_t length = take(stream, 16), inverse = take(stream, 16);
  if (stream->short_of || length != (inverse ^ 0xffff)) return 0;
  for (uint32_t i = 0; i < length && stream->out < stream->limit; ++i) {
    *stream->out = (uint8_t)take(stream, 8);
    if (stream->short_of) return 0;
    ++stream->out;
  }
  return 1;
}

// Reads the two codes of a block, which are themselves compressed by a third.
static int read_codes(struct stream* stream, struct codes* letters, struct codes* distances) {
  static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[288 + 32] = {0};
  const int letter_count = (int)take(stream, 5) + 257, distance_count = (int)take(stream, 5) + 1,
            count = (int)take(stream, 4) + 4;
  if (letter_count > 286 || distance_count > 30) return 0;
  for (int i = 0; i < count; ++i) lengths[order[i]] = (uint8_t)take(stream, 3);
  if (!make_codes(letters, lengths, 19, 1)) return 0;
  memset(lengths, 0, sizeof lengths);
  for (int i = 0; i < letter_count + distance_count;) {
    const int symbol = symbol_of(stream, letters);
    if (symbol < 0) return 0;
    if (symbol < 16) {
      lengths[i++] = (uint8_t)symbol;
      continue;
    }
    if (symbol == 16 && i == 0) return 0;
    const uint8_t repeated = symbol == 16 ? lengths[i - 1] : 0;
    int times = symbol == 16 ? 3 + (int)take(stream, 2) : symbol == 17 ? 3 + (int)take(stream, 3) : 11 + (int)take(stream, 7);
    if (times > letter_count + distance_count - i) return 0;
    for (; times > 0; --times) lengths[i++] = repeated;
  }
  if (stream->short_of || lengths[256] == 0) return 0;
  return make_codes(letters, lengths, letter_count, 0) && make_codes(distances, lengths + letter_count, distance_count, 0);
}

static void usual_codes(struct codes* letters, struct codes* distances) {
  uint8_t lengths[288];
  memset(lengths, 8, 144);
  memset(lengths + 144, 9, 112);
  memset(lengths + 256, 7, 24);
  memset(lengths + 280, 8, 8);
  make_codes(letters, lengths, 288, 1);
  memset(lengths, 5, 32);
  make_codes(distances, lengths, 32, 1);
}

int inflate_all(const uint8_t* packed, size_t size, uint8_t* out, size_t room) {
  static struct codes letters, distances;
  if (size < 2 || (packed[0] & 15) != 8 || packed[0] >> 4 > 7 || (packed[0] << 8 | packed[1]) % 31 != 0 ||
      (packed[1] & 32) != 0)
    return 0;
  struct stream stream = {packed + 2, packed + size, 0, 0, 0, out, out, out + room};
  for (int last = 0; !last && stream.out < stream.limit;) {
    last = (int)take(&stream, 1);
    const uint32_t kind = take(&stream, 2);
    if (stream.short_of || kind == 3) return 0;
    if (kind == 0) {
      if (!read_stored(&stream)) return 0;
      continue;
    }
    if (kind == 1) usual_codes(&letters, &distances);
    if (kind == 2 && !read_codes(&stream, &letters, &distances)) return 0;
    if (!read_block(&stream, &letters, &distances)) return 0;
  }
  return stream.out == stream.limit;
}
