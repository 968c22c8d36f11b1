// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <zlib.h>

#include "app/environment.h"
#include "fovea/data/sources/dataset.h"
#include "tests/bad_input.h"
#include "tests/support/deflated.h"

namespace fovea {
namespace {

std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string images_file(uint32_t count, uint32_t rows, uint32_t columns, uint32_t magic = 2051) {
  std::string bytes = big_endian(magic) + big_endian(count) + big_endian(rows) + big_endian(columns);
  for (uint32_t i = 0; i < count * rows * columns; ++i) bytes += static_cast<char>(i * 7);
  return bytes;
}

std::string labels_file(const std::string& labels, uint32_t magic = 2049) {
  return big_endian(magic) + big_endian(static_cast<uint32_t>(labels.size())) + labels;
}

class Idx : public FolderTest {
 protected:
  const std::string images_name = "train-images-idx3-ubyte", labels_name = "train-labels-idx1-ubyte";

  std::shared_ptr<const Dataset> open() const { return open_dataset("mnist:" + folder_.string(), Split::train); }
  void put(const std::string& images, const std::string& labels) const {
    write(images_name, images);
    write(labels_name, labels);
  }
  void expect(std::initializer_list<std::string> parts) const {
    expect_error(
        1, [&] { open(); }, parts);
  }
};

TEST_F(Idx, ReadsWhatWasWritten) {
  put(images_file(3, 2, 5), labels_file({4, 0, 9}));
  const auto dataset = open();
  EXPECT_EQ(dataset->count(), 3);
  EXPECT_EQ(dataset->image_shape(), (ImageShape{2, 5, 1}));
  EXPECT_EQ(dataset->class_names().size(), 10u);
  EXPECT_EQ(dataset->label(2), 9);
  std::vector<uint8_t> pixels(10);
  dataset->read_image(1, pixels);
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(pixels[i], static_cast<uint8_t>((10 + i) * 7));
  expect_error(1, [&] { dataset->read_image(3, pixels); }, {"no image 3", "3"});
  pixels.pop_back();
  expect_error(1, [&] { dataset->read_image(0, pixels); }, {"10", "9"});
}

// Some copies of MNIST have these names, and folders with the usual names beside them.
TEST_F(Idx, NamesMayHaveADot) {
  make_folder(folder_ / images_name);
  write("train-images.idx3-ubyte", images_file(3, 2, 5));
  write("train-labels.idx1-ubyte.gz", gzip(labels_file({4, 0, 9})));
  EXPECT_EQ(open()->count(), 3);
}

TEST_F(Idx, GzipIsReadAlike) {
  write(images_name + ".gz", gzip(images_file(3, 2, 5)));
  write(labels_name + ".gz", gzip(labels_file({4, 0, 9})));
  const auto dataset = open();
  EXPECT_EQ(dataset->label(0), 4);
  std::vector<uint8_t> pixels(10);
  dataset->read_image(2, pixels);
  EXPECT_EQ(pixels[9], static_cast<uint8_t>(29 * 7));
}

TEST_F(Idx, EveryTruncationIsNoticed) {
  const std::string images = images_file(2, 3, 2), labels = labels_file({1, 2});
  write(labels_name, labels);
  expect_truncations_fail(images_name, images, [&](const auto&) { open(); });
  write(images_name, images);
  expect_truncations_fail(labels_name, labels, [&](const auto&) { open(); });
}

TEST_F(Idx, EveryTruncationOfGzipIsNoticed) {
  write(labels_name, labels_file({1, 2}));
  const std::string packed = gzip(images_file(2, 3, 2));
  // From the third byte on, the file is recognized as gzip.
  expect_truncations_fail(images_name + ".gz", packed, [&](const auto&) { open(); });
}

TEST_F(Idx, DamagedGzip) {
  write(labels_name, labels_file({1, 2}));
  std::string packed = gzip(images_file(2, 3, 2));
  packed[packed.size() - 6] ^= 1;  // in the checksum
  write(images_name + ".gz", packed);
  expect({images_name, "damaged gzip"});
  packed[packed.size() - 6] ^= 1;
  write(images_name + ".gz", packed + "more");
  expect({images_name, "4 bytes follow"});
}

TEST_F(Idx, Missing) {
  expect({folder_.string(), images_name, images_name + ".gz"});
  write(images_name, images_file(2, 3, 2));
  expect({labels_name});
}

TEST_F(Idx, WrongMagic) {
  put(images_file(2, 3, 2, 2049), labels_file({1, 2}));
  expect({images_name, "2049", "2051"});
  put(images_file(2, 3, 2), labels_file({1, 2}, 77));
  expect({labels_name, "77", "2049"});
}

TEST_F(Idx, AbsurdExtents) {
  const std::string good = images_file(2, 3, 2);
  const auto with = [&](size_t at, uint32_t value) { return std::string(good).replace(at, 4, big_endian(value)); };
  write(labels_name, labels_file({1, 2}));
  write(images_name, with(4, 0xFFFFFFFF));
  expect({images_name, "4294967295"});
  write(images_name, with(8, 0x80000000));
  expect({images_name, "2147483648x2"});
  write(images_name, with(12, 0));
  expect({images_name, "3x0"});
  write(images_name, big_endian(2051) + big_endian(0) + big_endian(3) + big_endian(2));
  expect({images_name, "0 items"});
  write(images_name, good + "x");
  expect({images_name, "13 bytes follow"});
}

TEST_F(Idx, LabelsThatDoNotFit) {
  put(images_file(2, 3, 2), labels_file({1, 2, 3}));
  expect({labels_name, "3 labels", "2 images"});
  put(images_file(2, 3, 2), labels_file({1, 10}));
  expect({labels_name, "label 10", "image 1", "0..9"});
}

TEST(Mnist, IsTheOneTheFieldKnows) {
  if (test_data().empty()) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  const std::string spec = "mnist:" + (test_data() / "mnist").string();
  const auto train = open_dataset(spec, Split::train);
  EXPECT_EQ(train->count(), 60000);
  const int32_t first[] = {5, 0, 4, 1, 9, 2, 1, 3, 1, 4};
  for (int64_t i = 0; i < 10; ++i) EXPECT_EQ(train->label(i), first[i]);
  const Statistics found = statistics(*train);
  EXPECT_NEAR(found.mean[0] * 255, 33.318, 0.0005);
  EXPECT_NEAR(found.deviation[0] * 255, 78.567, 0.0005);
  EXPECT_EQ(found.class_counts, (std::vector<int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  EXPECT_EQ(open_dataset(spec, Split::test)->count(), 10000);
}

}  // namespace
}  // namespace fovea
