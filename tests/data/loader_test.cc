// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "tests/bad_input.h"

namespace fovea {
namespace {

// Image i is one pixel of value i with label i modulo 7. The data set can be slow, and can fail at one image.
class Counting : public Dataset {
 public:
  explicit Counting(int64_t count, int64_t broken = -1) : count_(count), broken_(broken) {}
  int64_t count() const override { return count_; }
  ImageShape image_shape() const override { return {1, 1, 1}; }
  const std::vector<std::string>& class_names() const override { return names_; }
  int32_t label(int64_t index) const override { return static_cast<int32_t>(index % 7); }
  void read_image(int64_t index, std::span<uint8_t> pixels) const override {
    if (index == broken_) fail("image {} is damaged", index);
    if (slow) std::this_thread::sleep_for(std::chrono::microseconds(200));
    pixels[0] = static_cast<uint8_t>(index);
    ++reads;
  }
  bool slow = false;
  mutable std::atomic<int64_t> reads{0};

 private:
  int64_t count_, broken_;
  std::vector<std::string> names_ = std::vector<std::string>(7);
};

std::vector<int64_t> images(const Batch& batch) {
  std::vector<int64_t> found;
  for (const float value : batch.image.values<float>()) found.push_back(std::lround(value * 255));
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(batch.label.values<int32_t>()[i], found[i] % 7);
  EXPECT_EQ(batch.image.shape(), (Shape{batch.count, 1, 1, 1}));
  EXPECT_EQ(batch.label.shape(), (Shape{batch.count}));
  return found;
}

TEST(Loader, GivesEveryImageOnceAnEpochInOrder) {
  Loader loader(std::make_shared<Counting>(10), {.batch = 4});
  EXPECT_EQ(loader.batches_per_epoch(), 3);
  EXPECT_EQ(loader.images_per_epoch(), 10);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    EXPECT_EQ(images(loader.next()), (std::vector<int64_t>{0, 1, 2, 3}));
    EXPECT_EQ(images(loader.next()), (std::vector<int64_t>{4, 5, 6, 7}));
    const Batch& last = loader.next();
    EXPECT_EQ(last.count, 2);
    EXPECT_EQ(last.epoch, epoch);
    EXPECT_EQ(last.index, 2);
    EXPECT_EQ(images(last), (std::vector<int64_t>{8, 9}));
  }
}

TEST(Loader, DropsTheLastBatchWhenAsked) {
  Loader loader(std::make_shared<Counting>(10), {.batch = 4, .drop_last = true});
  EXPECT_EQ(loader.batches_per_epoch(), 2);
  EXPECT_EQ(loader.images_per_epoch(), 8);
  loader.next();
  loader.next();
  const Batch& batch = loader.next();
  EXPECT_EQ(batch.epoch, 1);
  EXPECT_EQ(batch.index, 0);
}

TEST(Loader, ABatchLargerThanTheSetIsSmaller) {
  Loader loader(std::make_shared<Counting>(5), {.batch = 8});
  EXPECT_EQ(images(loader.next()), (std::vector<int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(loader.next().epoch, 1);
}

TEST(Loader, ShufflesBySeedAndEpoch) {
  const auto order = [](uint64_t seed, int64_t epoch) {
    Loader loader(std::make_shared<Counting>(50), {.batch = 50, .shuffle = true, .seed = seed, .first_epoch = epoch});
    return images(loader.next());
  };
  EXPECT_EQ(order(1, 0), epoch_order(50, 1, 0));
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  EXPECT_NE(order(1, 0), order(2, 0));
  const auto once = order(3, 4);
  EXPECT_EQ(std::set<int64_t>(once.begin(), once.end()).size(), 50u);
}

TEST(Loader, EveryPlaceIsEquallyLikely) {
  // 10 images, 10 places, 5,000 epochs: chi squared with 81 degrees of freedom is above 140 only once in 20,000 times.
  std::vector<std::vector<double>> counts(10, std::vector<double>(10));
  for (int64_t epoch = 0; epoch < 5000; ++epoch) {
    const auto order = epoch_order(10, 9, epoch);
    for (size_t place = 0; place < 10; ++place) ++counts[place][static_cast<size_t>(order[place])];
  }
  double chi_squared = 0;
  for (const auto& row : counts) {
    for (const double count : row) chi_squared += (count - 500) * (count - 500) / 500;
  }
  EXPECT_LT(chi_squared, 140);
  EXPECT_GT(chi_squared, 35);
}

TEST(Loader, ResumesAnywhere) {
  const LoaderOptions options{.batch = 4, .shuffle = true, .seed = 3};
  std::vector<std::vector<int64_t>> all;
  Loader whole(std::make_shared<Counting>(23), options);
  for (int i = 0; i < 18; ++i) all.push_back(images(whole.next()));
  for (const auto& [epoch, batch] : {std::pair{0, 0}, {0, 5}, {1, 3}, {1, 6}, {2, 0}}) {
    LoaderOptions later = options;
    later.first_epoch = epoch;
    later.first_batch = batch;
    Loader loader(std::make_shared<Counting>(23), later);
    for (size_t i = static_cast<size_t>(epoch * 6 + batch); i < all.size(); ++i) EXPECT_EQ(images(loader.next()), all[i]);
    whole.seek(epoch, batch);
    for (size_t i = static_cast<size_t>(epoch * 6 + batch); i < all.size(); ++i) EXPECT_EQ(images(whole.next()), all[i]);
  }
}

// Groups of three batches, of which an epoch of 23 images has two; with the batches that are left, two further ones.
TEST(Loader, ReadsItsShareOfEveryGroup) {
  const LoaderOptions options{.batch = 3, .shuffle = true, .drop_last = true, .seed = 3};
  std::vector<std::vector<int64_t>> all;
  Loader whole(std::make_shared<Counting>(23), options);
  for (int i = 0; i < 21; ++i) all.push_back(images(whole.next()));
  for (const auto& [begin, end] : {std::pair{0, 1}, {1, 3}, {2, 3}, {0, 3}}) {
    for (const auto& [epoch, batch] : {std::pair{0, 0}, {0, 3}, {1, 0}}) {
      LoaderOptions share = options;
      share.share = {.group = 3, .begin = begin, .end = end};
      share.first_epoch = epoch;
      share.first_batch = batch;
      const auto data = std::make_shared<Counting>(23);
      Loader loader(data, share);
      int64_t expected = 0;
      for (int e = epoch; e < 3; ++e) {
        for (int b = e == epoch ? batch : 0; b < 7; ++b) {
          if (b % 3 < begin || b % 3 >= end) continue;
          const Batch& next = loader.next();
          EXPECT_EQ(next.index, b);
          EXPECT_EQ(next.epoch, e);
          EXPECT_EQ(images(next), all[static_cast<size_t>(e * 7 + b)]);
          expected += next.count;
        }
      }
      EXPECT_LE(data->reads, expected + share.prefetch * share.batch + share.batch);  // others are not read
    }
  }
}

TEST(Loader, OrderDoesNotDependOnTiming) {
  const auto run = [](bool slow_reader, bool slow_consumer, int64_t prefetch) {
    auto dataset = std::make_shared<Counting>(40);
    dataset->slow = slow_reader;
    Loader loader(dataset, {.batch = 8, .shuffle = true, .prefetch = prefetch});
    std::vector<int64_t> found;
    for (int i = 0; i < 12; ++i) {
      for (const int64_t image : images(loader.next())) found.push_back(image);
      if (slow_consumer) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return found;
  };
  const auto expected = run(false, false, 1);
  EXPECT_EQ(run(true, false, 3), expected);
  EXPECT_EQ(run(false, true, 2), expected);
}

TEST(Loader, BuffersAreReusedAndReadAheadIsBounded) {
  auto dataset = std::make_shared<Counting>(100);
  Loader loader(dataset, {.batch = 10, .prefetch = 2});
  std::set<const float*> buffers;
  for (int64_t i = 0; i < 30; ++i) {
    const Batch& batch = loader.next();
    buffers.insert(batch.image.data<float>());
    EXPECT_LE(dataset->reads, (i + 4) * 10);  // this batch, two that are ready, and none that overtakes them
  }
  EXPECT_EQ(buffers.size(), 3u);
}

TEST(Loader, TheBatchInHandIsNotTouched) {
  Loader loader(std::make_shared<Counting>(200), {.batch = 10, .prefetch = 1});
  for (int64_t i = 0; i < 20; ++i) {
    const Batch& batch = loader.next();
    const auto before = images(batch);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    EXPECT_EQ(images(batch), before);
  }
}

TEST(Loader, AnErrorComesInItsPlace) {
  Loader loader(std::make_shared<Counting>(20, 13), {.batch = 5});
  EXPECT_EQ(images(loader.next()).size(), 5u);
  EXPECT_EQ(images(loader.next()).size(), 5u);
  for (int i = 0; i < 2; ++i) expect_error(1, [&] { loader.next(); }, {"image 13 is damaged"});
  loader.seek(0, 3);
  EXPECT_EQ(images(loader.next()), (std::vector<int64_t>{15, 16, 17, 18, 19}));
}

TEST(Loader, EndsFromAnyState) {
  for (int i = 0; i < 50; ++i) {
    auto dataset = std::make_shared<Counting>(100);
    dataset->slow = i % 2 == 0;
    Loader loader(dataset, {.batch = 10, .prefetch = 1 + i % 4});
    for (int j = 0; j < i % 5; ++j) loader.next();
  }
}

TEST(Loader, AugmentsWithTheNumberOfTheImage) {
  // An image gets the same decisions wherever it is in the order.
  const auto dataset = open_dataset("digits:64", Split::train);
  const Augmentation augmentation{.flip = true, .shift = 3};
  Loader loader(dataset, {.batch = 64, .shuffle = true, .seed = 8, .augmentation = augmentation, .first_epoch = 2});
  const Batch& batch = loader.next();
  const auto order = epoch_order(64, 8, 2);
  const Augmenter augmenter(dataset->image_shape(), augmentation);
  std::vector<uint8_t> pixels(784);
  std::vector<float> values(784);
  for (size_t i = 0; i < 64; ++i) {
    dataset->read_image(order[i], pixels);
    augmenter.apply(pixels, values, 8, 2, order[i]);
    EXPECT_TRUE(std::equal(values.begin(), values.end(), batch.image.data<float>() + i * 784));
    EXPECT_EQ(batch.label.data<int32_t>()[i], dataset->label(order[i]));
  }
}

TEST(Loader, ImpossibleRequestsAreRefused) {
  const auto make = [](int64_t count, LoaderOptions options) {
    return [=] { Loader(std::make_shared<Counting>(count), options); };
  };
  expect_error(2, make(10, {.batch = 0}), {"batch of 0"});
  expect_error(2, make(10, {.batch = -4}), {"batch of -4"});
  expect_error(2, make(10, {.batch = 11, .drop_last = true}), {"batch of 11", "10"});
  expect_error(2, make(0, {}), {"empty"});
  expect_error(2, make(10, {.batch = 5, .first_batch = 3}), {"no batch 3", "2 batches"});
  expect_error(2, make(10, {.batch = 5, .first_epoch = -1}), {"epoch -1"});
  expect_error(2, make(10, {.batch = 5, .prefetch = 0}), {"prefetching 0"});
  expect_error(2, make(10, {.batch = 5, .share = {.group = 2, .begin = 1, .end = 1}}), {"of each 2 batches those from 1 to 1"});
  expect_error(2, make(10, {.batch = 5, .share = {.group = 4, .begin = 3, .end = 4}}), {"an epoch has 2"});
}

// A copy of a batch, to be compared.
struct Mixed {
  std::vector<float> image, weight;
  std::vector<int32_t> label, second;
  bool operator==(const Mixed&) const = default;
};

Mixed copy_of(const Batch& batch) {
  const auto copy = [](auto span) { return std::vector(span.begin(), span.end()); };
  return {copy(batch.image.values<float>()), copy(batch.label_weight.values<float>()), copy(batch.label.values<int32_t>()),
          copy(batch.second_label.values<int32_t>())};
}

TEST(Loader, MixesBatchesTheSameWhereverItStarts) {
  LoaderOptions options{.batch = 5, .shuffle = true, .drop_last = true, .seed = 3};
  options.augmentation.mixing = {.mixup = 0.4};
  const auto dataset = std::make_shared<Counting>(23);
  Loader loader(dataset, options);
  std::vector<Mixed> batches;
  for (int i = 0; i < 12; ++i) batches.push_back(copy_of(loader.next()));
  int mixed = 0;
  for (const Mixed& batch : batches) {
    for (size_t i = 0; i < 5; ++i) {
      EXPECT_EQ(batch.second[i], batch.label[4 - i]);
      EXPECT_GE(batch.weight[i], 0.5f);
      // Image n has the value n / 255, so that pairs keep their sum.
      EXPECT_EQ(std::lround((batch.image[i] + batch.image[4 - i]) * 255) % 7, (batch.label[i] + batch.label[4 - i]) % 7);
      mixed += batch.weight[i] < 0.999f;
    }
  }
  EXPECT_GT(mixed, 30);
  options.prefetch = 1;
  for (const int64_t start : {0, 3, 4, 9}) {
    options.first_epoch = start / 4;
    options.first_batch = start % 4;
    Loader resumed(dataset, options);
    for (size_t i = static_cast<size_t>(start); i < batches.size(); ++i) EXPECT_EQ(copy_of(resumed.next()), batches[i]) << i;
  }
}

TEST(Loader, WithoutMixingThereIsOneLabel) {
  Loader loader(std::make_shared<Counting>(10), {.batch = 4});
  EXPECT_EQ(loader.next().second_label.size(), 0);
}

TEST(BalancedOrder, HasEveryClassAsOften) {
  std::vector<int32_t> labels(100, 0);
  for (int i = 0; i < 7; ++i) labels[static_cast<size_t>(3 + 11 * i)] = 1;
  for (const size_t i : {1U, 50U}) labels[i] = 3;  // 2 has no images
  std::map<int32_t, int64_t> drawn;
  std::set<int64_t> seen;
  for (int64_t epoch = 0; epoch < 30; ++epoch) {
    const std::vector<int64_t> order = balanced_order(labels, 5, epoch);
    ASSERT_EQ(order.size(), 100U);
    std::map<int32_t, int64_t> here;
    std::map<int64_t, int64_t> times;
    for (const int64_t image : order) {
      ++here[labels[static_cast<size_t>(image)]];
      ++times[image];
      seen.insert(image);
    }
    for (const auto& [label, count] : here) {
      EXPECT_TRUE(count == 33 || count == 34) << label;
      drawn[label] += count;
    }
    // No image of a class a second time more often than another.
    for (const auto& [image, count] : times) {
      const int32_t label = labels[static_cast<size_t>(image)];
      EXPECT_TRUE(label == 3 || (label == 1 ? count == 4 || count == 5 : count == 1)) << image;
    }
    EXPECT_EQ(order, balanced_order(labels, 5, epoch));
    EXPECT_NE(order, balanced_order(labels, 6, epoch));
  }
  for (const auto& [label, count] : drawn) EXPECT_EQ(count, 1000) << label;
  EXPECT_EQ(seen.size(), 100U) << "what waits comes in another epoch";
}

TEST(BalancedOrder, IsTheLoaders) {
  const auto dataset = std::make_shared<Counting>(50);  // eight of class 0, seven of the others
  Loader loader(dataset, {.batch = 50, .shuffle = true, .balanced = true, .seed = 4, .first_epoch = 3});
  std::vector<int32_t> labels;
  for (int64_t i = 0; i < 50; ++i) labels.push_back(dataset->label(i));
  EXPECT_EQ(images(loader.next()), balanced_order(labels, 4, 3));
}

}  // namespace
}  // namespace fovea
