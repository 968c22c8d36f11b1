// SPDX-License-Identifier: Apache-2.0
// Images on their way into batches: crops, scaled decoding, and corrupt files.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "app/environment.h"
#include "fovea/core/random.h"
#include "fovea/data/augment/pipeline.h"
#include "fovea/data/image/crop.h"
#include "fovea/data/image/resample.h"
#include "fovea/data/loader.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

std::filesystem::path sample_folder() {
  const std::filesystem::path data = test_data();
  const std::filesystem::path folder = data / "imagenet-sample";
  return !data.empty() && std::filesystem::exists(folder) ? folder : std::filesystem::path();
}

TEST(RandomCrop, KeepsItsAreaAndAspect) {
  Random random(3, 0);
  double least = 1, most = 0;
  for (int i = 0; i < 5000; ++i) {
    const Region region = random_crop(375, 500, {}, random);
    ASSERT_GE(region.top, 0);
    ASSERT_GE(region.left, 0);
    ASSERT_LE(region.top + region.height, 375);
    ASSERT_LE(region.left + region.width, 500);
    const double area = static_cast<double>(region.height * region.width) / (375.0 * 500);
    const double aspect = static_cast<double>(region.width) / static_cast<double>(region.height);
    ASSERT_GT(area, 0.075);
    ASSERT_GT(aspect, 0.74);
    ASSERT_LT(aspect, 1.35);
    least = std::min(least, area);
    most = std::max(most, area);
  }
  EXPECT_LT(least, 0.1);
  EXPECT_GT(most, 0.95);
}

TEST(RandomCrop, FallsBackToTheMiddle) {
  Random random(1, 0);
  const Region wide = random_crop(10, 1000, {.least_area = 0.9}, random);  // never fits
  EXPECT_EQ(wide.height, 10);
  EXPECT_EQ(wide.width, 13);
  EXPECT_EQ(wide.left, 493);
  const Region tall = random_crop(1000, 12, {.least_area = 0.9}, random);
  EXPECT_EQ(tall.height, 16);
  EXPECT_EQ(tall.width, 12);
}

TEST(CenterBox, IsTorchvisionsResizeAndCenterCrop) {
  // 500 x 375 is resized to 341 x 256; the crop is columns 58 (58.5 rounded to even) to 282 and rows 16 to 240.
  const CropBox box = center_box(375, 500, 224, 224, 256);
  EXPECT_DOUBLE_EQ(box.top, 16 * 375.0 / 256);
  EXPECT_DOUBLE_EQ(box.height, 224 * 375.0 / 256);
  EXPECT_DOUBLE_EQ(box.left, 58 * 500.0 / 341);
  EXPECT_DOUBLE_EQ(box.width, 224 * 500.0 / 341);
  EXPECT_DOUBLE_EQ(center_box(375, 500, 224, 224, 0).top, box.top);  // 8/7 is the default
}

// The mean absolute difference of two images of one shape.
double apart(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(static_cast<double>(a.pixels[i]) - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

TEST(ScaledDecode, ShowsTheRegion) {
  const std::filesystem::path folder = sample_folder();
  if (folder.empty()) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  const std::vector<std::byte> bytes = read_file(folder / "n01443537_goldfish.JPEG");
  const Image whole = decode_image(bytes, "goldfish");
  for (const Region region :
       {Region{0, 0, whole.shape.height, whole.shape.width}, Region{17, 33, 200, 150}, Region{101, 7, 130, 202}}) {
    Image cut({region.height, region.width, 3});
    for (int64_t y = 0; y < region.height; ++y) {
      std::memcpy(&cut.pixels[static_cast<size_t>(y * region.width * 3)],
                  &whole.pixels[static_cast<size_t>(((region.top + y) * whole.shape.width + region.left) * 3)],
                  static_cast<size_t>(region.width * 3));
    }
    for (const int64_t size : {int64_t{0}, int64_t{64}, int64_t{30}}) {
      Excerpt excerpt;
      decode_region(excerpt, bytes, "goldfish", region, size, size);
      if (size == 0) {
        EXPECT_EQ(excerpt.image.shape, cut.shape);
        EXPECT_EQ(excerpt.image.pixels, cut.pixels);  // parts are only skipped
        continue;
      }
      EXPECT_GE(excerpt.height, static_cast<double>(size));
      EXPECT_GE(excerpt.width, static_cast<double>(size));
      EXPECT_LT(std::min(excerpt.height, excerpt.width), 2.0 * static_cast<double>(size));
      Image small;
      resize(small, excerpt.image, {excerpt.top, excerpt.left, excerpt.height, excerpt.width}, size, size);
      EXPECT_LT(apart(small, resize(cut, size, size)), 6) << "size " << size;
    }
  }
}

// Images of one color, which tells their number, in one class folder.
class Damaged : public FolderTest {
 protected:
  void make(int64_t count) {
    make_folder(folder_ / "train" / "a");
    for (int64_t i = 0; i < count; ++i) {
      Image image({20, 30, 3});
      std::fill(image.pixels.begin(), image.pixels.end(), static_cast<uint8_t>(i));
      write_png(folder_ / "train" / "a" / fmt::format("{:03}.png", i), image);
    }
  }
  void damage(int64_t number, std::string_view bytes) { write(fmt::format("train/a/{:03}.png", number), bytes); }
  std::shared_ptr<const Dataset> open() const { return open_dataset("images:" + folder_.string(), Split::train); }

  // The number that every place of the first batches shows, and the images that were reported as corrupt.
  std::pair<std::vector<int64_t>, std::vector<int64_t>> read(int workers, int64_t batches, int64_t first = 0) {
    Loader loader(open(), {.batch = 8,
                           .shuffle = true,
                           .drop_last = true,
                           .seed = 5,
                           .shape = {8, 8, 3},
                           .augmentation = {.random_crop = RandomCrop{}, .flip = true},
                           .first_batch = first,
                           .workers = workers});
    std::vector<int64_t> shown, damaged;
    for (int64_t i = 0; i < batches; ++i) {
      const Batch& batch = loader.next();
      for (int64_t place = 0; place < 8; ++place) shown.push_back(std::lround(batch.image.data<float>()[place * 192] * 255));
      for (const CorruptSample& each : batch.damaged) damaged.push_back(each.image);
    }
    return {shown, damaged};
  }
};

TEST_F(Damaged, TheNextOneStandsInWhateverTheThreads) {
  make(40);
  damage(7, "");
  damage(8, "this is text");
  damage(39, "\x89PNG\r\n\x1a\n");
  const auto [shown, damaged] = read(1, 5);
  std::vector<int64_t> expected = epoch_order(40, 5, 0);
  for (int64_t& image : expected) image = image == 7 || image == 8 ? 9 : image == 39 ? 0 : image;
  EXPECT_EQ(shown, expected);
  std::multiset<int64_t> sorted(damaged.begin(), damaged.end());
  EXPECT_TRUE(sorted.contains(7) && sorted.contains(8) && sorted.contains(39));
  EXPECT_EQ(std::set<int64_t>(damaged.begin(), damaged.end()).size(), 3u);
  for (const int workers : {2, 5}) EXPECT_EQ(read(workers, 5), std::pair(shown, damaged));
  const auto later = read(3, 2, 3);  // resumed
  EXPECT_EQ(later.first, std::vector<int64_t>(shown.begin() + 24, shown.end()));
}

TEST_F(Damaged, EverythingDamagedIsAnError) {
  make(10);
  for (int64_t i = 0; i < 10; ++i) damage(i, "text");
  Loader loader(open(), {.batch = 4, .shape = {8, 8, 3}, .workers = 3});
  for (int i = 0; i < 2; ++i) expect_error(1, [&] { loader.next(); }, {"none of the 10 photographs", ".png"});
}

TEST(Photograph, BatchesDoNotDependOnThreads) {
  if (sample_folder().empty()) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  const auto dataset = open_dataset("images:" + (test_data() / "ants-bees").string(), Split::train);
  const Augmentation augmentation{.random_crop = RandomCrop{}, .flip = true, .mixing = {.mixup = 0.2}};
  const auto read = [&](int workers, int64_t first) {
    Loader loader(dataset, {.batch = 16,
                            .shuffle = true,
                            .drop_last = true,
                            .seed = 2,
                            .shape = {48, 48, 3},
                            .augmentation = augmentation,
                            .first_batch = first,
                            .workers = workers});
    for (int64_t i = first; i < 3; ++i) loader.next();
    const Batch& batch = loader.next();
    const std::span<const float> values = batch.image.values<float>();
    return std::vector<float>(values.begin(), values.end());
  };
  const std::vector<float> expected = read(1, 0);
  EXPECT_EQ(read(4, 0), expected);
  EXPECT_EQ(read(2, 3), expected);
}

}  // namespace
}  // namespace fovea
