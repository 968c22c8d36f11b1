#include "fovea/data/loader.h"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <numeric>
#include <thread>

#include "fovea/core/error.h"
#include "fovea/core/random.h"

namespace fovea {
namespace {

constexpr uint64_t purpose = 0x73687566666c6500;  // keeps the order apart from other numbers drawn with the same seed

// Into the same memory every epoch.
void shuffle_into(std::vector<int64_t>& order, uint64_t seed, int64_t epoch) {
  std::iota(order.begin(), order.end(), int64_t{0});
  Random random(seed ^ purpose, static_cast<uint64_t>(epoch));
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
}

}  // namespace

std::vector<int64_t> epoch_order(int64_t count, uint64_t seed, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  shuffle_into(order, seed, epoch);
  return order;
}

// Slots go round: empty -> filled by the thread -> handed to the consumer -> empty. All memory is there from the start.
class Loader::Worker {
 public:
  Worker(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
      : dataset_(std::move(dataset)),
        options_(std::move(options)),
        augmenter_(dataset_->image_shape(), options_.augmentation),
        order_(static_cast<size_t>(dataset_->count())),
        pixels_(static_cast<size_t>(dataset_->image_shape().size())) {
    const int64_t count = dataset_->count();
    if (options_.batch < 1) refuse("a batch of {} images is impossible; it must be at least 1", options_.batch);
    if (count < 1) refuse("the data set is empty");
    if (count > INT32_MAX) refuse("a data set of {} images is more than can be shuffled", count);
    if (options_.prefetch < 1) refuse("prefetching {} batches is impossible; it must be at least 1", options_.prefetch);
    if (options_.drop_last && options_.batch > count) {
      refuse("a batch of {} images is larger than the data set of {}", options_.batch, count);
    }
    // One slot more than is prefetched: the one in the consumer's hands.
    for (int64_t i = 0; i <= options_.prefetch; ++i) slots_.push_back(make_slot());
    seek(options_.first_epoch, options_.first_batch);
  }

  ~Worker() { stop(); }

  int64_t batches_per_epoch() const {
    const int64_t count = dataset_->count();
    return options_.drop_last ? count / options_.batch : (count + options_.batch - 1) / options_.batch;
  }
  const Dataset& dataset() const { return *dataset_; }
  bool drops_last() const { return options_.drop_last; }
  int64_t batch() const { return options_.batch; }

  const Batch& next() {
    std::unique_lock lock(mutex_);
    if (holding_) {
      holding_ = false;
      ++taken_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return filled_ > taken_; });
    Slot& slot = slots_[static_cast<size_t>(taken_) % slots_.size()];
    if (slot.error) std::rethrow_exception(slot.error);
    holding_ = true;
    return slot.smaller ? slot.last : slot.full;
  }

  void seek(int64_t epoch, int64_t batch) {
    if (epoch < 0 || batch < 0 || batch > batches_per_epoch()) {
      refuse("there is no batch {} in epoch {}: an epoch has {} batches", batch, epoch, batches_per_epoch());
    }
    stop();
    if (batch == batches_per_epoch()) {
      ++epoch;
      batch = 0;
    }
    for (Slot& slot : slots_) slot.error = nullptr;
    filled_ = taken_ = 0;
    holding_ = false;
    stopping_ = false;
    thread_ = std::thread([this, epoch, batch] { work(epoch, batch); });
  }

 private:
  struct Slot {
    Batch full, last;      // the last batch of an epoch has buffers of its own size
    bool smaller = false;  // which of the two is filled
    std::exception_ptr error;
  };

  Batch make_batch(int64_t count) const {
    const auto [height, width, channels] = dataset_->image_shape();
    Batch batch{
        .image = Tensor({count, height, width, channels}, DType::f32), .label = Tensor({count}, DType::i32), .count = count};
    if (options_.augmentation.mixing.any()) {
      batch.second_label = Tensor({count}, DType::i32);
      batch.label_weight = Tensor({count}, DType::f32);
    }
    return batch;
  }

  Slot make_slot() const {
    const int64_t count = dataset_->count();
    Slot slot;
    if (count >= options_.batch) slot.full = make_batch(options_.batch);
    if (!options_.drop_last && count % options_.batch != 0) slot.last = make_batch(count % options_.batch);
    return slot;
  }

  void stop() {
    stopping_ = true;
    {
      // Taking the mutex orders the flag before the wait that would miss it.
      std::lock_guard lock(mutex_);
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  void work(int64_t epoch, int64_t batch) {
    for (bool sorted = false; !stopping_; sorted = true) {
      Slot* slot = nullptr;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return stopping_ || filled_ - taken_ < static_cast<int64_t>(slots_.size()); });
        slot = &slots_[static_cast<size_t>(filled_) % slots_.size()];
      }
      if (stopping_) return;
      try {
        if (batch == 0 || !sorted) sort(epoch);
        fill(*slot, epoch, batch);
      } catch (...) {
        slot->error = std::current_exception();
      }
      {
        std::lock_guard lock(mutex_);
        ++filled_;
        changed_.notify_all();
      }
      if (slot->error) return;
      if (++batch == batches_per_epoch()) {
        ++epoch;
        batch = 0;
      }
    }
  }

  void sort(int64_t epoch) {
    if (options_.shuffle) {
      shuffle_into(order_, options_.seed, epoch);
    } else {
      std::iota(order_.begin(), order_.end(), int64_t{0});
    }
  }

  void fill(Slot& slot, int64_t epoch, int64_t index) {
    const int64_t first = index * options_.batch;
    slot.smaller = first + options_.batch > dataset_->count();
    Batch& batch = slot.smaller ? slot.last : slot.full;
    batch.epoch = epoch;
    batch.index = index;
    const auto size = static_cast<int64_t>(pixels_.size());
    for (int64_t i = 0; i < batch.count && !stopping_; ++i) {
      const int64_t image = order_[static_cast<size_t>(first + i)];
      dataset_->read_image(image, pixels_);
      augmenter_.apply(pixels_, {batch.image.data<float>() + i * size, pixels_.size()}, options_.seed, epoch, image);
      batch.label.data<int32_t>()[i] = dataset_->label(image);
    }
    if (options_.augmentation.mixing.any() && !stopping_) {
      augmenter_.mix(batch.image.values<float>(), batch.label.values<int32_t>(), batch.second_label.values<int32_t>(),
                     batch.label_weight.values<float>(), options_.seed, epoch, index);
    }
  }

  std::shared_ptr<const Dataset> dataset_;
  LoaderOptions options_;
  Augmenter augmenter_;
  std::vector<int64_t> order_;
  std::vector<uint8_t> pixels_;  // one image before augmentation
  std::vector<Slot> slots_;

  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t filled_ = 0, taken_ = 0;  // batches since the start of the stream
  bool holding_ = false;            // the consumer has batch number taken_
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

Loader::Loader(std::shared_ptr<const Dataset> dataset, LoaderOptions options)
    : worker_(std::make_unique<Worker>(std::move(dataset), std::move(options))) {}
Loader::~Loader() = default;

int64_t Loader::batches_per_epoch() const { return worker_->batches_per_epoch(); }
int64_t Loader::images_per_epoch() const {
  return worker_->drops_last() ? worker_->batches_per_epoch() * worker_->batch() : worker_->dataset().count();
}
const Dataset& Loader::dataset() const { return worker_->dataset(); }
const Batch& Loader::next() { return worker_->next(); }
void Loader::seek(int64_t epoch, int64_t batch) { worker_->seek(epoch, batch); }

}  // namespace fovea
