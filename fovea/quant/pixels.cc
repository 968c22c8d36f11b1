// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/pixels.h"

#include <algorithm>
#include <cmath>

namespace fovea {
namespace {

// The entry of `channel` in a mean or standard deviation; a single number is used for all channels.
float entry(const std::vector<float>& values, size_t channel, float otherwise) {
  if (values.empty()) return otherwise;
  return values.size() == 1 ? values.front() : values.at(channel);
}

bool all_equal(const std::vector<float>& values) {
  return std::ranges::all_of(values, [&](float value) { return value == values.front(); });
}

}  // namespace

bool absorbs_normalization(const Preprocessing& preprocessing) {
  return all_equal(preprocessing.mean) && all_equal(preprocessing.deviation);
}

QuantizedType pixel_type(const Preprocessing& preprocessing, DType storage) {
  float scale = 1.0F / 255;
  int64_t zero = 0;
  if (absorbs_normalization(preprocessing)) {
    scale /= entry(preprocessing.deviation, 0, 1);
    zero = std::clamp<int64_t>(std::lround(255 * entry(preprocessing.mean, 0, 0)), 0, 255);
  }
  return {storage, {.scales = {scale}, .zeros = {storage == DType::u8 ? zero : zero - 128}}};
}

Range normalized_range(const Preprocessing& preprocessing) {
  Range range;
  const size_t channels = std::max<size_t>({preprocessing.mean.size(), preprocessing.deviation.size(), 1});
  for (size_t channel = 0; channel < channels; ++channel) {
    const float mean = entry(preprocessing.mean, channel, 0), deviation = entry(preprocessing.deviation, channel, 1);
    range = united(range, {-mean / deviation, (1 - mean) / deviation});
  }
  return range;
}

PixelNormalization pixel_normalization(const Preprocessing& preprocessing, int64_t channels) {
  PixelNormalization normalization{Tensor({1, 1, 1, channels}, DType::f32), Tensor({channels}, DType::f32)};
  for (int64_t channel = 0; channel < channels; ++channel) {
    const auto place = static_cast<size_t>(channel);
    const float mean = entry(preprocessing.mean, place, 0), deviation = entry(preprocessing.deviation, place, 1);
    normalization.weight.data<float>()[channel] = 1 / deviation;
    normalization.bias.data<float>()[channel] = -mean / deviation;
  }
  return normalization;
}

}  // namespace fovea
