// SPDX-License-Identifier: Apache-2.0
// Batches of examples that are kept: their order is Loader's, their views take turns, and a stream starts anywhere.
#include "fovea/data/stored_examples.h"

#include <gtest/gtest.h>

#include "tests/bad_input.h"

namespace fovea {
namespace {

// Row v * count + i holds the number 100 v + i twice, and is of class i.
std::shared_ptr<const StoredExamples> examples(int64_t count, int64_t views) {
  auto stored = std::make_shared<StoredExamples>();
  stored->count = count;
  stored->views = views;
  stored->values = Tensor({views * count, 2}, DType::f32);
  for (int64_t row = 0; row < views * count; ++row) {
    const auto value = static_cast<float>(row / count * 100 + row % count);
    stored->values.data<float>()[2 * row] = stored->values.data<float>()[2 * row + 1] = value;
    stored->labels.push_back(static_cast<int32_t>(row % count));
  }
  return stored;
}

std::vector<float> taken(StoredBatches& batches, int64_t count) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    const Batch& batch = batches.next();
    for (int64_t place = 0; place < batch.count; ++place) values.push_back(batch.image.data<float>()[2 * place + 1]);
  }
  return values;
}

TEST(StoredBatches, GoInTheOrderOfTheEpochAndItsView) {
  StoredBatches batches(examples(7, 2), 3, 5);
  EXPECT_EQ(batches.batches_per_epoch(), 2);
  const std::vector<float> values = taken(batches, 6);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    const std::vector<int64_t> order = epoch_order(7, 5, epoch);
    for (int64_t i = 0; i < 6; ++i)
      EXPECT_EQ(values[static_cast<size_t>(6 * epoch + i)],
                static_cast<float>(epoch % 2 * 100 + order[static_cast<size_t>(i)]));
  }
}

TEST(StoredBatches, StartAnywhere) {
  StoredBatches whole(examples(10, 3), 4, 1);
  const std::vector<float> all = taken(whole, 8);
  for (int64_t first = 0; first < 8; ++first) {
    StoredBatches later(examples(10, 3), 4, 1, first / 2, first % 2);
    EXPECT_EQ(taken(later, 8 - first), std::vector<float>(all.begin() + 4 * first, all.end()));
  }
  whole.seek(0, 2);  // the end of an epoch is the start of the next
  EXPECT_EQ(taken(whole, 1), std::vector<float>(all.begin() + 8, all.begin() + 12));
}

TEST(StoredBatches, LabelsGoWithThem) {
  StoredBatches batches(examples(6, 1), 6, 2);
  const Batch& batch = batches.next();
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_EQ(static_cast<float>(batch.label.data<int32_t>()[i]), batch.image.data<float>()[2 * i]);
}

TEST(StoredBatches, ALargerBatchIsRefused) {
  expect_error(2, [] { StoredBatches(examples(3, 1), 4, 1); }, {"4 images out of 3"});
}

}  // namespace
}  // namespace fovea
