// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "fovea/core/random.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

std::string with_length(const std::string& header, const std::string& data, uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + data;
}
std::string with_header(const std::string& header, const std::string& data) { return with_length(header, data, header.size()); }

Tensor random_tensor(Shape shape, DType dtype, uint64_t seed) {
  Tensor tensor(std::move(shape), dtype);
  Random random(seed, 0);
  for (size_t i = 0; i < tensor.bytes(); ++i) tensor.raw()[i] = static_cast<std::byte>(random.bits());
  return tensor;
}

using SafetensorsFile = FolderTest;

TEST_F(SafetensorsFile, EveryTypeComesBack) {
  Safetensors contents{.metadata = {{"format", "pt"}, {"text", "Zürich \"quoted\"\n"}}};
  const DType types[] = {DType::f32, DType::f64, DType::bf16, DType::f16, DType::i8,
                         DType::u8,  DType::i16, DType::i32,  DType::i64, DType::boolean};
  uint64_t seed = 0;
  for (const DType dtype : types)
    contents.tensors[std::string("layer.") + std::string(name(dtype))] = random_tensor({3, 1, 5}, dtype, ++seed);
  contents.tensors["scalar"] = random_tensor({}, DType::f32, ++seed);
  contents.tensors["nothing"] = Tensor({4, 0}, DType::i16);
  write_safetensors(folder_ / "a", contents);
  const Safetensors back = read_safetensors(folder_ / "a");
  EXPECT_EQ(back.metadata, contents.metadata);
  ASSERT_EQ(back.tensors.size(), contents.tensors.size());
  for (const auto& [key, tensor] : contents.tensors) {
    const Tensor& other = back.tensors.at(key);
    EXPECT_EQ(other.shape(), tensor.shape()) << key;
    EXPECT_EQ(other.dtype(), tensor.dtype()) << key;
    EXPECT_EQ(std::memcmp(other.raw(), tensor.raw(), tensor.bytes()), 0) << key;
  }
}

TEST_F(SafetensorsFile, BytesAreThoseOfTheFormat) {
  Safetensors contents;
  contents.tensors["b"] = Tensor::of<uint8_t>({1}, {7});
  contents.tensors["a"] = Tensor::of<uint8_t>({2}, {1, 2});
  contents.tensors["z"] = Tensor::of<int32_t>({1}, {3});
  write_safetensors(folder_ / "a", contents);
  // Names are sorted in the header; the widest element comes first in the data.
  std::string header = R"({"a":{"data_offsets":[4,6],"dtype":"U8","shape":[2]},)"
                       R"("b":{"data_offsets":[6,7],"dtype":"U8","shape":[1]},)"
                       R"("z":{"data_offsets":[0,4],"dtype":"I32","shape":[1]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(read_text(folder_ / "a"), with_header(header, std::string("\3\0\0\0\1\2\7", 7)));
}

TEST_F(SafetensorsFile, EveryTruncationIsNoticed) {
  Safetensors contents{.metadata = {{"step", "3"}}};
  contents.tensors["weight"] = random_tensor({2, 3}, DType::f32, 1);
  contents.tensors["bias"] = random_tensor({3}, DType::i16, 2);
  write_safetensors(folder_ / "whole", contents);
  expect_truncations_fail("a", read_text(folder_ / "whole"), [](const auto& path) { read_safetensors(path); });
}

TEST_F(SafetensorsFile, DamagedFilesAreRefusedByName) {
  const auto expect = [&](const std::string& bytes, std::initializer_list<std::string> parts) {
    const std::filesystem::path path = write("bad.safetensors", bytes);
    SCOPED_TRACE(bytes.substr(8));
    expect_error(1, [&] { read_safetensors(path); }, {"bad.safetensors"});
    expect_error(
        1, [&] { read_safetensors(path); }, parts);
  };
  const std::string four(4, 'x'), eight(8, 'x');
  expect(with_length("{}", "", UINT64_MAX), {"18446744073709551615"});
  expect(with_length("{}", "", 3), {"3 bytes", "2 follow"});
  expect(with_header("{]", ""), {"not JSON"});
  expect(with_header("", ""), {"not JSON"});
  expect(with_header("[]", ""), {"not a JSON object"});
  expect(with_header(std::string(1000, '['), ""), {"not JSON"});
  expect(with_header("{\"a\xff\":1}", ""), {"not JSON"});
  expect(with_header(R"({"a":3})", ""), {"\"a\"", "dtype, shape"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[1]}})", four), {"\"a\"", "data_offsets"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", four), {"\"a\"", "data_offsets"});
  expect(with_header(R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", four), {"\"a\"", "F31"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", four), {"\"a\"", "-1"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", four), {"\"a\"", "1.5"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}})", four), {"\"a\"", "shape"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,-4]}})", four), {"\"a\"", "-4"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", four), {"\"a\"", "4..0"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", four), {"\"a\"", "0..8", "4 bytes"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551612,0]}})", four),
         {"\"a\"", "outside"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", four), {"\"a\"", "[2]", "8 bytes", "4 are"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", four),
         {"\"a\"", "larger"});
  expect(with_header(R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", four),
         {"\"a\"", "extent"});
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  expect(with_header("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})", four + "xx"),
         {"\"b\"", "overlaps"});
  expect(with_header("{" + a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", four), {"overlaps"});
  expect(with_header(R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight), {"\"b\"", "0..4"});
  expect(with_header("{" + a + "}", eight), {"byte 4", "8"});
  expect(with_header("{" + a + "," + a + "}", four), {"\"a\"", "twice"});
  expect(with_header(R"({"__metadata__":[]})", ""), {"__metadata__"});
  expect(with_header(R"({"__metadata__":{"x":1}})", ""), {"__metadata__", "\"x\""});
  expect_error(1, [&] { read_safetensors(folder_ / "absent"); }, {"absent", "No such file"});
}

TEST_F(SafetensorsFile, AnyOneByteChangedIsAnErrorOrAFile) {
  Safetensors contents;
  contents.tensors["weight"] = random_tensor({2, 3}, DType::f32, 1);
  contents.tensors["bias"] = random_tensor({3}, DType::i16, 2);
  write_safetensors(folder_ / "whole", contents);
  const std::string whole = read_text(folder_ / "whole");
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char letter : {'\0', '9', '"', '}', '\xff'}) {
      std::string bad = whole;
      bad[at] = letter;
      const auto path = write("bad", bad);
      try {
        read_safetensors(path);
      } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("bad"), std::string::npos);
      }
    }
  }
}

TEST_F(SafetensorsFile, WhatCannotBeWrittenIsSaid) {
  Safetensors contents;
  contents.tensors["a"] = Tensor::of<float>({1}, {1});
  expect_error(1, [&] { write_safetensors(folder_ / "no" / "a", contents); }, {"cannot write", "no/a"});
  contents.tensors["b"] = Tensor();
  expect_error(2, [&] { write_safetensors(folder_ / "a", contents); }, {"\"b\"", "never given"});
  contents.tensors.erase("b");
  contents.tensors["\xff"] = Tensor::of<float>({1}, {1});
  expect_error(1, [&] { write_safetensors(folder_ / "a", contents); }, {"UTF-8"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "a"));
}

}  // namespace
}  // namespace fovea
