// SPDX-License-Identifier: Apache-2.0
// Pictures drawn here: what is the same, nearly the same, blurred, tiny or empty, and what is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "fovea/core/file.h"
#include "fovea/core/random.h"
#include "fovea/data/dataset_findings.h"
#include "fovea/data/duplicates.h"
#include "fovea/data/image/lettering.h"
#include "fovea/data/image/resample.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

// Sharp rectangles anywhere, a picture of its own for every number.
Image drawing(uint64_t number, int64_t height = 120, int64_t width = 160) {
  Image image({height, width, 3});
  std::ranges::fill(image.pixels, 90);
  Random random(5, number);
  for (int shape = 0; shape < 12; ++shape) {
    const int64_t top = random.below(static_cast<uint32_t>(height)), left = random.below(static_cast<uint32_t>(width));
    const int64_t bottom = std::min<int64_t>(height, top + 10 + random.below(50));
    const int64_t right = std::min<int64_t>(width, left + 10 + random.below(60));
    const uint8_t color[] = {static_cast<uint8_t>(random.below(256)), static_cast<uint8_t>(random.below(256)),
                             static_cast<uint8_t>(random.below(256))};
    for (int64_t y = top; y < bottom; ++y)
      for (int64_t x = left; x < right; ++x) std::copy_n(color, 3, image.pixels.data() + (y * width + x) * 3);
  }
  return image;
}

Image brighter(Image image) {
  for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(std::min(255, pixel * 9 / 10 + 20));
  return image;
}

// Downwards and up again: what is finer than a tenth is gone.
Image blurred(const Image& image) {
  return resize(resize(image, image.shape.height / 10, image.shape.width / 10), image.shape.height, image.shape.width,
                Interpolation::bicubic);
}

Image plain(uint8_t level) {
  Image image({120, 160, 3});
  std::ranges::fill(image.pixels, level);
  return image;
}

TEST(Duplicates, AreFoundThroughSizeAndBrightness) {
  const Image first = drawing(1);
  std::vector<ImageTraits> pictures = {traits_of(drawing(0)),      traits_of(first),
                                       traits_of(drawing(2)),      traits_of(resize(first, 60, 80)),
                                       traits_of(brighter(first)), traits_of(first)};
  const std::vector<DuplicateGroup> groups = duplicate_groups(pictures);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].images, (std::vector<size_t>{1, 3, 4, 5}));
  EXPECT_FALSE(groups[0].exact);
  const std::vector<DuplicateGroup> exact = duplicate_groups(pictures, false);
  ASSERT_EQ(exact.size(), 1U);
  EXPECT_EQ(exact[0].images, (std::vector<size_t>{1, 5}));
  EXPECT_TRUE(exact[0].exact);
}

TEST(Duplicates, AreNotSeenBetweenPicturesOfTheirOwn) {
  std::vector<ImageTraits> pictures;
  for (uint64_t number = 0; number < 300; ++number) pictures.push_back(traits_of(drawing(number, 48, 48)));
  pictures.emplace_back();  // two that could not be read
  pictures.emplace_back();
  EXPECT_TRUE(duplicate_groups(pictures).empty());
}

TEST(Duplicates, OfOneColorAreOnesOnlyWhenEqual) {
  const std::vector<ImageTraits> pictures = {traits_of(plain(10)), traits_of(plain(200)), traits_of(plain(10))};
  const std::vector<DuplicateGroup> groups = duplicate_groups(pictures);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].images, (std::vector<size_t>{0, 2}));
}

class Folder : public FolderTest {
 protected:
  Folder() {
    for (const char* part : {"train/cat", "train/dog", "test/cat", "test/dog"})
      std::filesystem::create_directories(folder_ / part);
  }
  void write(const char* name, const Image& image) { write_png(folder_ / name, image); }
  std::shared_ptr<const Dataset> open(Split split) const { return open_dataset("images:" + folder_.string(), split); }
  DatasetFindings look() const {
    const auto train = open(Split::train), test = open(Split::test);
    const auto of = [](const Dataset& dataset) { return picture_statistics(dataset, 2, Orientation::exif, [](int64_t) {}); };
    const PictureStatistics train_statistics = of(*train), test_statistics = of(*test);
    return findings({train.get(), &train_statistics}, {test.get(), &test_statistics});
  }
};

TEST_F(Folder, HasWhatIsWrongWithItListed) {
  write("train/cat/0.png", drawing(0));
  write("train/cat/1.png", drawing(1));
  write("train/cat/2.png", blurred(drawing(2)));
  write("train/cat/3.png", plain(77));
  write("train/cat/4.png", drawing(4, 30, 40));
  write("train/dog/0.png", drawing(1));
  write("train/dog/1.png", drawing(11));
  write("test/cat/0.png", drawing(0));
  write("test/dog/0.png", drawing(12));
  const DatasetFindings found = look();
  ASSERT_EQ(found.duplicates.size(), 2U);
  EXPECT_EQ(found.duplicates[0].images, (std::vector<DatasetImage>{{Split::train, 0}, {Split::test, 0}}));
  EXPECT_TRUE(found.duplicates[0].across_splits && found.duplicates[0].exact && !found.duplicates[0].across_classes);
  EXPECT_EQ(found.duplicates[1].images, (std::vector<DatasetImage>{{Split::train, 1}, {Split::train, 5}}));
  EXPECT_TRUE(found.duplicates[1].across_classes && !found.duplicates[1].across_splits);
  EXPECT_EQ(found.blurred, (std::vector<DatasetImage>{{Split::train, 2}}));
  EXPECT_EQ(found.constant, (std::vector<DatasetImage>{{Split::train, 3}}));
  EXPECT_EQ(found.tiny, (std::vector<DatasetImage>{{Split::train, 4}}));
  EXPECT_EQ(found.tiny_below, 60);
  EXPECT_DOUBLE_EQ(found.imbalance, 2.5);
  EXPECT_EQ(found.largest_class, 0);
}

TEST_F(Folder, SharesFilesByTheirBytesAlone) {
  write("train/cat/0.png", drawing(0));
  write("train/dog/0.png", drawing(1));
  write("train/dog/1.png", drawing(2));
  write("test/cat/0.png", drawing(3));
  write("test/dog/5.png", drawing(1));
  Progress progress(true);
  const auto shared = shared_images(*open(Split::train), *open(Split::test), progress);
  ASSERT_EQ(shared.size(), 1U);
  EXPECT_EQ(shared[0].train, 1);
  EXPECT_EQ(shared[0].test, 1);
  std::filesystem::remove(folder_ / "test/dog/5.png");
  write("test/dog/5.png", brighter(drawing(1)));
  EXPECT_TRUE(shared_images(*open(Split::train), *open(Split::test), progress).empty());
}

TEST_F(Folder, HasItsClassesNamedOnTheSheet) {
  write("train/cat/0.png", drawing(0));
  write("train/dog/0.png", drawing(1));
  const Image sheet = contact_sheet(open(Split::train));
  const int64_t margin = std::max(lettering_width("cat"), lettering_width("dog"));
  ASSERT_GT(sheet.shape.width, 10 * 100 + margin);
  const auto inked = [&](int64_t top) {  // pixels of lettering in the 100 rows from there on
    int64_t count = 0;
    for (int64_t y = top; y < top + 100; ++y)
      for (int64_t x = 0; x < margin; ++x) count += sheet.pixels[static_cast<size_t>((y * sheet.shape.width + x) * 3)] > 200;
    return count;
  };
  EXPECT_GT(inked(4), 50);
  EXPECT_GT(inked(104), 50);
  EXPECT_NE(inked(4), inked(104));
}

TEST(Lettering, DrawsLettersWithAccentsWithoutThem) {
  EXPECT_EQ(lettering_width("Käfer"), lettering_width("Kafer"));
  EXPECT_EQ(lettering_width("猫"), lettering_width("?"));
  Image with({30, 200, 1}), without({30, 200, 1});
  draw_lettering(with, 2, -3, "Žluťoučký", 255);
  draw_lettering(without, 2, -3, "Zlutoucky", 255);
  EXPECT_EQ(with.pixels, without.pixels);
  EXPECT_GT(std::ranges::count(with.pixels, 255), 100);
}

}  // namespace
}  // namespace fovea
