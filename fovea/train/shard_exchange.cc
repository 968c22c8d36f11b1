// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/shard_exchange.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "fovea/collective/buckets.h"
#include "fovea/collective/exchange.h"
#include "fovea/core/error.h"
#include "fovea/train/corrupt_sample_text.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

int64_t size_of(const TensorMap& map) {
  int64_t size = 0;
  for (const auto& [name, tensor] : map) size += tensor.size();
  return size;
}

// The kernel as JSON, or nothing.
std::string origin_text(const std::optional<NotFinite>& found) {
  if (!found) return "";
  return Json::array({found->layer, found->kernel, found->tensor, found->nan})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

ShardExchange::ShardExchange(Communicator& processes, int64_t shards, TensorMap gradients, TensorMap kept)
    : processes_(processes),
      shards_(shards),
      length_(size_of(gradients) + size_of(kept)),
      gradients_(std::move(gradients)),
      kept_(std::move(kept)),
      numbers_(processes, shards, 4) {
  for (const auto& [name, tensor] : kept_) kept_before_.push_back(tensor.clone());
}

ShardExchange::~ShardExchange() { join(); }

void ShardExchange::plan_buckets(std::span<const StepProfile::Gradient> tensors) {
  if (tensors.size() != gradients_.size() + kept_.size()) {
    fail(ErrorCode::internal, "{} of {} tensors have a place in the exchange", tensors.size(),
         gradients_.size() + kept_.size());
  }
  Json members = Json::array();
  for (const Bucket& bucket : buckets_of(tensors)) members.push_back(bucket.members);
  std::string text = members.dump();
  broadcast(processes_, text);  // other processors may have other kernels
  buckets_.clear();
  for (const Json& list : Json::parse(text)) {
    std::vector<Summed> summed;
    size_t kernel = 0;
    int64_t length = 0;
    for (const size_t i : list) {
      const auto gradient = gradients_.find(tensors[i].name);
      const bool mean = gradient == gradients_.end();
      summed.push_back({mean ? kept_.at(tensors[i].name) : gradient->second, mean});
      kernel = std::max(kernel, tensors[i].kernel);
      length += summed.back().tensor.size();
    }
    buckets_.push_back({.tensors = std::move(summed),
                        .kernel = kernel,
                        .packed = std::vector<float>(static_cast<size_t>(length)),
                        .sum = ShardSum<float>(processes_, shards_, length)});
  }
}

void ShardExchange::begin_step() {
  auto before = kept_before_.begin();
  for (const auto& [name, kept] : kept_) std::memcpy((before++)->raw(), kept.raw(), kept.bytes());
}

void ShardExchange::begin_shard() {
  for (auto& [name, gradient] : gradients_) std::ranges::fill(gradient.values<float>(), 0.0F);
  auto before = kept_before_.begin();
  for (auto& [name, kept] : kept_) std::memcpy(kept.raw(), (before++)->raw(), kept.bytes());
}

void ShardExchange::add(SummedBucket& bucket, int64_t shard) {
  float* place = bucket.packed.data();
  for (const Summed& summed : bucket.tensors) place = std::ranges::copy(summed.tensor.values<float>(), place).out;
  bucket.sum.add(shard, bucket.packed);
}

void ShardExchange::end_shard(int64_t shard, const StepResult& result) {
  for (size_t i = handed_over_; i < buckets_.size(); ++i) add(buckets_[i], shard);
  const double numbers[] = {result.loss_sum, static_cast<double>(result.correct), static_cast<double>(result.images),
                            static_cast<double>(result.damaged.size())};
  numbers_.add(shard, numbers);
}

void ShardExchange::kernels_done(size_t count) {
  size_t final = handed_over_;
  while (final < buckets_.size() && buckets_[final].kernel < count) ++final;
  if (final > handed_over_) hand_over(final);
}

void ShardExchange::hand_over(size_t count) {
  {
    const std::lock_guard lock(mutex_);
    handed_over_ = count;
  }
  if (thread_.joinable()) {
    changed_.notify_one();
  } else {
    thread_ = std::thread([this] { exchange_buckets(); });
  }
}

// The work of the other thread: the buckets in their order, as they are handed over.
void ShardExchange::exchange_buckets() {
  try {
    for (size_t i = 0; i < buckets_.size(); ++i) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return i < handed_over_ || complete_; });
        if (i >= handed_over_) return;
      }
      add(buckets_[i], own().end - 1);
      buckets_[i].result = buckets_[i].sum.finish();
    }
  } catch (...) {
    error_ = std::current_exception();
  }
}

void ShardExchange::join() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    complete_ = true;
  }
  changed_.notify_one();
  thread_.join();
  complete_ = false;
}

void ShardExchange::finish(StepResult& result, bool checked) {
  join();
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  for (size_t i = handed_over_; i < buckets_.size(); ++i) buckets_[i].result = buckets_[i].sum.finish();
  handed_over_ = 0;
  const float share = 1.0F / static_cast<float>(shards_);  // a power of two, so that the division is exact
  for (SummedBucket& bucket : buckets_) {
    const float* place = bucket.result.data();
    for (Summed& summed : bucket.tensors) {
      if (summed.mean) {
        for (float& value : summed.tensor.values<float>()) value = *place++ * share;
      } else {
        std::copy_n(place, summed.tensor.size(), summed.tensor.data<float>());
        place += summed.tensor.size();
      }
    }
  }
  const std::span<const double> numbers = numbers_.finish();
  result.loss_sum = numbers[0];
  result.correct = static_cast<int64_t>(numbers[1]);
  result.images = static_cast<int64_t>(numbers[2]);
  if (numbers[3] > 0 || checked) share_remarks(result);
}

void ShardExchange::share_remarks(StepResult& result) {
  const std::vector<std::string> damaged = gather(processes_, text_of(result.damaged));
  result.damaged.clear();
  for (const std::string& text : damaged) {
    const std::vector<CorruptSample> samples = corrupt_samples_in(text);
    result.damaged.insert(result.damaged.end(), samples.begin(), samples.end());
  }
  const std::vector<std::string> origins = gather(processes_, origin_text(result.not_finite));
  result.not_finite.reset();
  for (const std::string& text : origins) {
    if (result.not_finite || text.empty()) continue;
    const Json found = Json::parse(text);
    result.not_finite = {.layer = found.at(0), .kernel = found.at(1), .tensor = found.at(2), .nan = found.at(3)};
  }
}

int64_t ShardExchange::bytes() const {
  return length_ * static_cast<int64_t>(sizeof(float)) + ShardSum<float>::bytes_of(processes_.size(), shards_, length_);
}

}  // namespace fovea
