// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>

#include "app/environment.h"
#include "fovea/data/sources/dataset.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

constexpr int64_t record = 3073, records = 10000;

class Cifar : public FolderTest {
 protected:
  // A file of zeros that takes no disk space: black airplanes.
  std::filesystem::path put(const std::string& name, int64_t size) const {
    std::filesystem::path path = write(name, "");
    std::filesystem::resize_file(path, static_cast<uintmax_t>(size));
    return path;
  }
  void overwrite(const std::string& name, int64_t at, const std::string& bytes) const {
    FILE* file = std::fopen((folder_ / name).c_str(), "r+b");
    ASSERT_NE(file, nullptr);
    std::fseek(file, at, SEEK_SET);
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
  }
  std::shared_ptr<const Dataset> open(Split split = Split::test, const char* kind = "cifar10:") const {
    return open_dataset(kind + folder_.string(), split);
  }
};

TEST_F(Cifar, PlanesBecomeChannels) {
  put("test_batch.bin", records * record);
  overwrite("test_batch.bin", 2 * record, "\x07");
  overwrite("test_batch.bin", 2 * record + 1 + 33, "R");
  overwrite("test_batch.bin", 2 * record + 1 + 1024 + 33, "G");
  overwrite("test_batch.bin", 2 * record + 1 + 2048 + 33, "B");
  const auto dataset = open();
  EXPECT_EQ(dataset->count(), records);
  EXPECT_EQ(dataset->label(2), 7);
  EXPECT_EQ(dataset->class_names()[7], "horse");
  std::vector<uint8_t> pixels(3072);
  dataset->read_image(2, pixels);
  EXPECT_EQ(std::string(&pixels[33 * 3], &pixels[33 * 3] + 3), "RGB");
  EXPECT_EQ(pixels[33 * 3 + 3], 0);
}

TEST_F(Cifar, HundredClasses) {
  put("test.bin", records * (record + 1));
  overwrite("test.bin", record + 1, std::string("\x13\x63", 2));
  const auto dataset = open(Split::test, "cifar100:");
  EXPECT_EQ(dataset->label(1), 0x63);
  EXPECT_EQ(dataset->class_names().size(), 100u);
  overwrite("test.bin", record + 2, "\x64");
  expect_error(1, [&] { open(Split::test, "cifar100:"); }, {"test.bin", "label 100", "record 1", "0..99"});
}

TEST_F(Cifar, MissingFilesAreNamed) {
  put("data_batch_2.bin", records * record);
  expect_error(1, [&] { open(Split::train); },
               {folder_.string(), "data_batch_1.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin"});
  expect_error(1, [&] { open(); }, {"test_batch.bin"});
  expect_error(1, [&] { open(Split::train, "cifar100:"); }, {"train.bin"});
}

TEST_F(Cifar, SizesThatAreNotTheSets) {
  for (const int64_t size :
       {int64_t{0}, int64_t{1}, record, records * record - 1, (records - 1) * record, records * record + 1}) {
    put("test_batch.bin", size);
    expect_error(1, [&] { open(); }, {"test_batch.bin", fmt::format("{} bytes", size), "30730000"});
  }
}

TEST_F(Cifar, LabelOutOfRange) {
  put("test_batch.bin", records * record);
  overwrite("test_batch.bin", 9999 * record, "\x0a");
  expect_error(1, [&] { open(); }, {"test_batch.bin", "label 10", "record 9999"});
}

TEST_F(Cifar, NamesOfClasses) {
  put("test_batch.bin", records * record);
  write("batches.meta.txt", "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  EXPECT_EQ(open()->class_names()[1], "b");
  write("batches.meta.txt", "a\nb\n");
  expect_error(1, [&] { open(); }, {"batches.meta.txt", "2 names", "10 classes"});
}

TEST_F(Cifar, TheRealSetHasItsPublishedStatistics) {
  const std::filesystem::path unpack = test_data() / "unpack-cifar10";
  if (test_data().empty() || !std::filesystem::exists(unpack)) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  if (std::system((unpack.string() + " " + folder_.string() + " >/dev/null 2>&1").c_str()) != 0) {
    GTEST_SKIP() << "unpack-cifar10 needs python3-pil and python3-numpy";
  }
  const auto train = open(Split::train);
  EXPECT_EQ(train->count(), 50000);
  const Statistics found = statistics(*train);
  const double mean[] = {0.49139968, 0.48215841, 0.44653091}, deviation[] = {0.24703223, 0.24348513, 0.26158784};
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(found.mean[c], mean[c], 5e-9);
    EXPECT_NEAR(found.deviation[c], deviation[c], 5e-9);
  }
  EXPECT_EQ(found.class_counts, std::vector<int64_t>(10, 5000));
  EXPECT_EQ(open()->count(), 10000);
}

}  // namespace
}  // namespace fovea
