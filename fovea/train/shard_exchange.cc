// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/shard_exchange.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "fovea/collective/exchange.h"
#include "fovea/train/corrupt_sample_text.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Tensor> tensors_of(const TensorMap& map) {
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : map) tensors.push_back(tensor);
  return tensors;
}

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
      gradients_(tensors_of(gradients)),
      kept_(tensors_of(kept)),
      packed_(static_cast<size_t>(length_)),
      sum_(processes, shards, length_),
      numbers_(processes, shards, 4) {
  for (const Tensor& tensor : kept_) kept_before_.push_back(tensor.clone());
}

void ShardExchange::begin_step() {
  for (size_t i = 0; i < kept_.size(); ++i) std::memcpy(kept_before_[i].raw(), kept_[i].raw(), kept_[i].bytes());
}

void ShardExchange::begin_shard() {
  for (Tensor& gradient : gradients_) std::ranges::fill(gradient.values<float>(), 0.0F);
  for (size_t i = 0; i < kept_.size(); ++i) std::memcpy(kept_[i].raw(), kept_before_[i].raw(), kept_[i].bytes());
}

void ShardExchange::end_shard(int64_t shard, const StepResult& result) {
  float* place = packed_.data();
  for (const std::vector<Tensor>* tensors : {&gradients_, &kept_}) {
    for (const Tensor& tensor : *tensors) place = std::ranges::copy(tensor.values<float>(), place).out;
  }
  sum_.add(shard, packed_);
  const double numbers[] = {result.loss_sum, static_cast<double>(result.correct), static_cast<double>(result.images),
                            static_cast<double>(result.damaged.size())};
  numbers_.add(shard, numbers);
}

void ShardExchange::finish(StepResult& result, bool checked) {
  const float* place = sum_.finish().data();
  for (Tensor& gradient : gradients_) {
    std::copy_n(place, gradient.size(), gradient.data<float>());
    place += gradient.size();
  }
  const float share = 1.0F / static_cast<float>(shards_);  // a power of two, so that the division is exact
  for (Tensor& kept : kept_) {
    for (float& value : kept.values<float>()) value = *place++ * share;
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
