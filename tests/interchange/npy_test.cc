// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/npy.h"

#include <gtest/gtest.h>

#include <cstring>

#include "app/environment.h"
#include "fovea/core/random.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {static_cast<char>(version), 0, static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
  if (version == 2) bytes += {0, 0};
  return bytes + header + data;
}

using Npy = FolderTest;

TEST_F(Npy, EveryTypeAndRankComesBack) {
  const DType types[] = {DType::f32, DType::f64, DType::f16, DType::i8,     DType::u8,
                         DType::i16, DType::i32, DType::i64, DType::boolean};
  Random random(1, 0);
  for (const DType dtype : types) {
    for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3}, Shape{1, 4, 1, 2}, Shape{3, 0}}) {
      Tensor tensor(shape, dtype);
      for (size_t i = 0; i < tensor.bytes(); ++i) tensor.raw()[i] = static_cast<std::byte>(random.bits());
      write_npy(folder_ / "a.npy", tensor);
      const Tensor back = read_npy(folder_ / "a.npy");
      EXPECT_EQ(back.shape(), shape);
      EXPECT_EQ(back.dtype(), dtype);
      EXPECT_EQ(std::memcmp(back.raw(), tensor.raw(), tensor.bytes()), 0);
      EXPECT_EQ((read_text(folder_ / "a.npy").size() - tensor.bytes()) % 64, 0u);
    }
  }
}

TEST_F(Npy, BytesAreNumPys) {
  write_npy(folder_ / "a.npy", Tensor::of<int16_t>({2, 1}, {1, -2}));
  // numpy.save(file, numpy.array([[1], [-2]], "<i2"))
  std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }";
  header.resize(117, ' ');
  EXPECT_EQ(read_text(folder_ / "a.npy"), npy(header + "\n", std::string("\1\0\xfe\xff", 4)));
}

TEST_F(Npy, OtherWritersAreUnderstood) {
  const std::string data("\1\0\2\0", 4);
  for (const int version : {1, 2}) {
    const Tensor tensor = read_npy(write("a", npy("{\"shape\":(2,),'descr':'<i2','fortran_order':False}", data, version)));
    EXPECT_EQ(tensor.shape(), (Shape{2}));
    EXPECT_EQ(tensor.values<int16_t>()[1], 2);
  }
  EXPECT_EQ(read_npy(write("a", npy("{'descr': '<u1', 'fortran_order': False, 'shape': (4,)}", data))).dtype(), DType::u8);
}

TEST_F(Npy, EveryTruncationIsNoticed) {
  write_npy(folder_ / "whole", Tensor::of<float>({1, 3}, {1, 2, 3}));
  expect_truncations_fail("a.npy", read_text(folder_ / "whole"), [](const auto& path) { read_npy(path); });
}

TEST_F(Npy, DamagedFilesAreRefusedByName) {
  const auto expect = [&](const std::string& bytes, std::initializer_list<std::string> parts) {
    SCOPED_TRACE(bytes);
    const std::filesystem::path path = write("bad.npy", bytes);
    expect_error(1, [&] { read_npy(path); }, {"bad.npy"});
    expect_error(
        1, [&] { read_npy(path); }, parts);
  };
  const auto header = [](const std::string& type, const std::string& shape, const char* fortran = "False") {
    return fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}", type, fortran, shape);
  };
  const std::string four(4, 'x');
  expect("PK\3\4 a zip file, as .npz is", {"not a .npy file"});
  expect(npy(header("'<f4'", "(1,)"), four, 3), {"version 3.0"});
  expect(npy(header("'<f4'", "(1,)", "True"), four), {"Fortran order", "ascontiguousarray"});
  expect(npy(header("'>f4'", "(1,)"), four), {">f4", "<f4"});
  expect(npy(header("'<c8'", "(1,)"), four), {"<c8"});
  expect(npy(header("'|O'", "(1,)"), four), {"|O"});
  expect(npy(header("[('x', '<f4')]", "(1,)"), four), {"[('x', '<f4')]"});
  expect(npy(header("'<f4'", "(2,)"), four), {"8 bytes", "4 follow"});
  expect(npy(header("'<f4'", "(1,)"), four + "x"), {"4 bytes", "5 follow"});
  expect(npy(header("'<f4'", "(-1,)"), four), {"damaged header"});
  expect(npy(header("'<f4'", "(1.5,)"), four), {"damaged header"});
  expect(npy(header("'<f4'", "(99999999999999999999,)"), four), {"damaged header"});
  expect(npy(header("'<f4'", "(4294967296, 4294967296)"), four), {"larger than any file"});
  expect(npy(header("'<f4'", "1"), four), {"damaged header"});
  expect(npy(header("<f4", "(1,)"), four), {"damaged header"});
  expect(npy(header("'<f4'", "(1,)", "Maybe"), four), {"damaged header"});
  expect(npy("{'descr': '<f4', 'shape': (1,)}", four), {"damaged header"});
  expect(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", four), {"damaged header"});
  expect(npy(header("'<f4'", "(1,)") + " tail", four), {"damaged header"});
  expect(npy("", four), {"damaged header"});
  expect_error(1, [&] { read_npy(folder_ / "absent"); }, {"absent", "No such file"});
}

TEST_F(Npy, WhatCannotBeWrittenIsSaid) {
  expect_error(2, [&] { write_npy(folder_ / "a", Tensor({2}, DType::bf16)); }, {"bf16"});
  expect_error(2, [&] { write_npy(folder_ / "a", Tensor()); }, {"never given"});
  expect_error(1, [&] { write_npy(folder_ / "no" / "a", Tensor({2}, DType::f32)); }, {"cannot write", "no/a"});
}

TEST_F(Npy, ReadsWhatNumPyWrote) {
  const std::filesystem::path golden = test_data() / "tflite" / "golden";
  if (test_data().empty() || !std::filesystem::exists(golden)) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    if (entry.path().string().ends_with(".x.npy")) {
      const Tensor image = read_npy(entry.path());
      ASSERT_EQ(image.shape().size(), 4u);
      EXPECT_EQ(image.dtype(), DType::u8);
      EXPECT_EQ(image.shape()[1], image.shape()[2]);
      EXPECT_EQ(image.shape()[3], 3);
      ++files;
    }
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace fovea
