// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/data/augment/pipeline.h"

namespace fovea {
namespace {

constexpr uint64_t purpose = 0x73687566666c6500;  // makes the order independent of other numbers drawn with the same seed

// Reuses the memory of `order` in every epoch.
void shuffle_into(std::vector<int64_t>& order, uint64_t seed, int64_t epoch) {
  std::iota(order.begin(), order.end(), int64_t{0});
  Random random(seed ^ purpose, static_cast<uint64_t>(epoch));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
}

int worker_count(const LoaderOptions& options, const Dataset& dataset) {
  if (options.workers > 0) return options.workers;
  return dataset.encoded() ? static_cast<int>(std::max(1U, std::thread::hardware_concurrency())) : 1;
}

}  // namespace

std::vector<int64_t> epoch_order(int64_t count, uint64_t seed, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  shuffle_into(order, seed, epoch);
  return order;
}

std::vector<int64_t> balanced_order(const std::vector<int32_t>& labels, uint64_t seed, int64_t epoch) {
  std::map<int32_t, std::vector<int64_t>> classes;
  for (size_t image = 0; image < labels.size(); ++image) classes[labels[image]].push_back(static_cast<int64_t>(image));
  Random random(seed ^ purpose, static_cast<uint64_t>(epoch));
  const auto shuffle = [&](std::vector<int64_t>& images) {
    for (size_t i = images.size(); i > 1; --i) std::swap(images[i - 1], images[random.below(static_cast<uint32_t>(i))]);
  };
  std::vector<int64_t> order;
  // If the number of classes does not divide the number of images, some classes get one image more. Which ones changes with the
  // epoch.
  const size_t each = labels.size() / classes.size(), more = labels.size() % classes.size();
  size_t turn = static_cast<size_t>(epoch) % classes.size();
  for (auto& [label, images] : classes) {
    const size_t wanted = each + (turn < more ? 1 : 0);
    turn = (turn + 1) % classes.size();
    for (size_t i = 0; i < wanted; ++i) {
      if (i % images.size() == 0) shuffle(images);
      order.push_back(images[i % images.size()]);
    }
  }
  shuffle(order);
  return order;
}

// Slots change their state in a circle: empty, opened while threads claim its places, ready, handed to the consumer, empty.
// Only the batch that was opened last has places left to claim. All memory is allocated at the start.
class Loader::Workers {
 public:
  Workers(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
      : pipeline_(dataset, options.shape, options.augmentation, options.seed),
        options_(std::move(options)),
        order_(static_cast<size_t>(dataset->count())) {
    check();
    if (options_.balanced) {
      for (int64_t image = 0; image < this->dataset().count(); ++image) labels_.push_back(this->dataset().label(image));
    }
    // One slot more than is prefetched, for the batch that the consumer has.
    for (int64_t i = 0; i <= options_.prefetch; ++i) slots_.push_back(make_slot());
    seek(options_.first_epoch, options_.first_batch);
  }

  ~Workers() { stop(); }

  int64_t batches_per_epoch() const {
    const int64_t count = dataset().count();
    return options_.drop_last ? count / options_.batch : (count + options_.batch - 1) / options_.batch;
  }
  const Dataset& dataset() const { return pipeline_.dataset(); }
  bool drops_last() const { return options_.drop_last; }
  int64_t batch() const { return options_.batch; }

  const Batch& next() {
    std::unique_lock lock(mutex_);
    if (holding_) {
      holding_ = false;
      ++taken_;
      room_.notify_all();
    }
    Slot& slot = slot_of(taken_);
    ready_.wait(lock, [&] { return opened_ > taken_ && slot.ready; });
    if (slot.error) std::rethrow_exception(slot.error);
    holding_ = true;
    return slot.batch();
  }

  void seek(int64_t epoch, int64_t batch) {
    if (epoch < 0 || batch < 0 || batch > batches_per_epoch()) {
      refuse("there is no batch {} in epoch {}: an epoch has {} batches", batch, epoch, batches_per_epoch());
    }
    stop();
    next_epoch_ = batch == batches_per_epoch() ? epoch + 1 : epoch;
    next_batch_ = batch == batches_per_epoch() ? 0 : batch;
    pass_over();
    opened_ = taken_ = 0;
    holding_ = stopping_ = failed_ = false;
    sorted_epoch_ = -1;
    for (int i = 0; i < worker_count(options_, dataset()); ++i) threads_.emplace_back([this] { work(); });
  }

 private:
  struct Slot {
    Batch full, last;      // the last batch of an epoch has buffers of its own size
    bool smaller = false;  // which of the two is filled
    std::vector<int64_t> images;
    int64_t claimed = 0, done = 0;  // counts of places
    bool ready = false;
    std::exception_ptr error;  // of the first place that failed
    int64_t failed_place = 0;

    Batch& batch() { return smaller ? last : full; }
  };
  // The places [begin, end) of a slot.
  struct Claim {
    Slot* slot = nullptr;
    int64_t begin = 0, end = 0;
  };

  void check() const {
    const int64_t count = dataset().count();
    if (options_.batch < 1) refuse("a batch of {} images is impossible; it must be at least 1", options_.batch);
    if (count < 1) refuse("the data set is empty");
    if (count > INT32_MAX) refuse("a data set of {} images is more than can be shuffled", count);
    if (options_.prefetch < 1) refuse("prefetching {} batches is impossible; it must be at least 1", options_.prefetch);
    if (options_.drop_last && options_.batch > count) {
      refuse("a batch of {} images is larger than the data set of {}", options_.batch, count);
    }
    const auto [group, begin, end] = options_.share;
    if (begin < 0 || begin >= end || end > group || begin >= batches_per_epoch()) {
      refuse("of each {} batches those from {} to {} cannot be read: an epoch has {}", group, begin, end, batches_per_epoch());
    }
  }

  Slot& slot_of(int64_t number) { return slots_[static_cast<size_t>(number) % slots_.size()]; }

  Batch make_batch(int64_t count) const {
    const auto [height, width, channels] = pipeline_.shape();
    Batch batch{
        .image = Tensor({count, height, width, channels}, DType::f32), .label = Tensor({count}, DType::i32), .count = count};
    if (options_.augmentation.mixing.any()) {
      batch.second_label = Tensor({count}, DType::i32);
      batch.label_weight = Tensor({count}, DType::f32);
    }
    return batch;
  }

  Slot make_slot() const {
    const int64_t count = dataset().count();
    Slot slot;
    if (count >= options_.batch) slot.full = make_batch(options_.batch);
    if (!options_.drop_last && count % options_.batch != 0) slot.last = make_batch(count % options_.batch);
    return slot;
  }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      room_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  // Makes the next batch one of the share.
  void pass_over() {
    const auto [group, begin, end] = options_.share;
    const int64_t place = next_batch_ % group;
    if (place < begin) next_batch_ += begin - place;
    if (place >= end) next_batch_ += group - place + begin;
    if (next_batch_ < batches_per_epoch()) return;
    ++next_epoch_;
    next_batch_ = begin;
  }

  // Opens the next batch in its slot, with nothing of it claimed. The mutex must be held.
  void open() {
    if (sorted_epoch_ != next_epoch_) {
      if (options_.shuffle && options_.balanced) {
        order_ = balanced_order(labels_, options_.seed, next_epoch_);
      } else if (options_.shuffle) {
        shuffle_into(order_, options_.seed, next_epoch_);
      } else {
        std::iota(order_.begin(), order_.end(), int64_t{0});
      }
      sorted_epoch_ = next_epoch_;
    }
    Slot& slot = slot_of(opened_++);
    const int64_t first = next_batch_ * options_.batch;
    slot.smaller = first + options_.batch > dataset().count();
    Batch& batch = slot.batch();
    batch.epoch = next_epoch_;
    batch.index = next_batch_;
    batch.damaged.clear();
    slot.images.assign(order_.begin() + first, order_.begin() + first + batch.count);
    slot.claimed = slot.done = 0;
    slot.ready = false;
    slot.error = nullptr;
    ++next_batch_;
    pass_over();
  }

  // Claims work if there is any. The mutex must be held.
  bool claim(Claim& claimed) {
    // Decoding an image file is worth a claim of its own; copying pixels is not.
    const int64_t most = dataset().encoded() ? 1 : 32;
    if (opened_ == 0 || slot_of(opened_ - 1).claimed == slot_of(opened_ - 1).batch().count) {
      if (failed_ || opened_ - taken_ >= static_cast<int64_t>(slots_.size())) return false;
      open();
    }
    Slot& slot = slot_of(opened_ - 1);
    claimed = {&slot, slot.claimed, std::min(slot.claimed + most, slot.batch().count)};
    slot.claimed = claimed.end;
    return true;
  }

  void work() {
    Pipeline::Workspace workspace;
    std::unique_lock lock(mutex_);
    for (;;) {
      Claim claimed;
      room_.wait(lock, [&] { return stopping_ || claim(claimed); });
      if (stopping_) return;
      lock.unlock();
      for (int64_t place = claimed.begin; place < claimed.end; ++place) fill(*claimed.slot, place, workspace);
      lock.lock();
      Slot& slot = *claimed.slot;
      slot.done += claimed.end - claimed.begin;
      if (slot.done < slot.batch().count) continue;
      lock.unlock();
      finish(slot);
      lock.lock();
      slot.ready = true;
      ready_.notify_all();
    }
  }

  void fill(Slot& slot, int64_t place, Pipeline::Workspace& workspace) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_ || (slot.error && slot.failed_place < place)) return;
    }
    try {
      fill_place(slot, place, workspace);
    } catch (...) {
      std::lock_guard lock(mutex_);
      if (slot.error && slot.failed_place < place) return;
      slot.error = std::current_exception();
      slot.failed_place = place;
      failed_ = true;
    }
  }

  void fill_place(Slot& slot, int64_t place, Pipeline::Workspace& workspace) {
    Batch& batch = slot.batch();
    const int64_t count = dataset().count();
    const int64_t size = pipeline_.shape().size();
    const std::span<float> values{batch.image.data<float>() + place * size, static_cast<size_t>(size)};
    const int64_t wanted = slot.images[static_cast<size_t>(place)];
    for (int64_t tried = 0; tried < count; ++tried) {
      const int64_t image = (wanted + tried) % count;
      try {
        pipeline_.make(image, batch.epoch, values, workspace);
        batch.label.data<int32_t>()[place] = dataset().label(image);
        return;
      } catch (const Error& error) {
        // What is missing for one image (a library that decodes its format) is missing for others.
        if (!dataset().encoded() || error.code() == ErrorCode::failed_precondition) throw;
        if (tried + 1 == count) fail("none of the {} photographs can be read; the last: {}", count, error.what());
        std::lock_guard lock(mutex_);
        if (stopping_) return;
        batch.damaged.push_back({image, error.what()});
      }
    }
  }

  // Called when every place is filled.
  void finish(Slot& slot) {
    Batch& batch = slot.batch();
    std::ranges::sort(batch.damaged, {}, &CorruptSample::image);
    const auto same = std::ranges::unique(batch.damaged, {}, &CorruptSample::image);
    batch.damaged.erase(same.begin(), same.end());
    if (!options_.augmentation.mixing.any()) return;
    pipeline_.augmenter().mix(batch.image.values<float>(), batch.label.values<int32_t>(), batch.second_label.values<int32_t>(),
                              batch.label_weight.values<float>(), options_.seed, batch.epoch, batch.index);
  }

  Pipeline pipeline_;
  LoaderOptions options_;
  std::vector<int64_t> order_;   // of the epoch of the batch that was opened last
  std::vector<int32_t> labels_;  // of all images, if the classes are balanced
  std::vector<Slot> slots_;

  std::mutex mutex_;  // guards everything below, and in the slots everything but the places that are claimed
  std::condition_variable room_, ready_;
  int64_t next_epoch_ = 0, next_batch_ = 0;  // the next batch to open
  int64_t sorted_epoch_ = -1;                // whose order order_ is
  int64_t opened_ = 0, taken_ = 0;           // batches since the start of the stream
  bool holding_ = false;                     // whether the consumer has batch number taken_
  bool failed_ = false;                      // whether a place failed, after which no further batch is opened
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

Loader::Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
    : workers_(std::make_unique<Workers>(std::move(dataset), std::move(options))) {}
Loader::~Loader() = default;

int64_t Loader::batches_per_epoch() const { return workers_->batches_per_epoch(); }
int64_t Loader::images_per_epoch() const {
  return workers_->drops_last() ? workers_->batches_per_epoch() * workers_->batch() : workers_->dataset().count();
}
const Dataset& Loader::dataset() const { return workers_->dataset(); }
const Batch& Loader::next() { return workers_->next(); }
void Loader::seek(int64_t epoch, int64_t batch) { workers_->seek(epoch, batch); }

}  // namespace fovea
