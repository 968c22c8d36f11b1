// SPDX-License-Identifier: Apache-2.0
// Bytes compressed by zlib, as gzip files and zip archives contain them.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace fovea {

// `window_bits` are those of deflateInit2(): 15 + 16 makes a gzip file, -15 the bare stream of a zip archive.
inline std::string deflated(const std::string& bytes, int window_bits) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline std::string gzip(const std::string& bytes) { return deflated(bytes, 15 + 16); }

}  // namespace fovea
