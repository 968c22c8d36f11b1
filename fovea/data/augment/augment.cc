// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/augment/augment.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/data/image/pixel_arithmetic.h"

namespace fovea {
namespace {

// These make the numbers independent of others drawn with the same seed.
constexpr uint64_t purpose = 0x6175676d656e7400, policy_purpose = 0x706f6c6963790000, erasing_purpose = 0x6572617365000000,
                   mixing_purpose = 0x6d69780000000000, lighting_purpose = 0x6c69676874000000;

// The stream of one image or one batch of an epoch.
uint64_t stream_of(int64_t epoch, int64_t index) { return static_cast<uint64_t>(epoch) << 40 ^ static_cast<uint64_t>(index); }

int64_t mirrored(int64_t position, int64_t extent) {
  if (position < 0) return -position;
  return position < extent ? position : 2 * extent - 2 - position;
}

void check_channels(const char* what, const std::vector<float>& values, int64_t channels) {
  if (values.empty() || values.size() == static_cast<size_t>(channels)) return;
  refuse("normalization by {} {} of the channels, but the images have {} channels", values.size(), what, channels);
}

}  // namespace

struct Augmenter::Decision {
  bool flip = false;
  int64_t down = 0, right = 0;  // offset of the crop
  int64_t cut_top = 0, cut_left = 0;
};

Augmenter::Augmenter(ImageShape shape, const Augmentation& augmentation)
    : shape_(shape), augmentation_(augmentation), table_(static_cast<size_t>(shape.channels)) {
  check_channels("means", augmentation.mean, shape.channels);
  check_channels("deviations", augmentation.deviation, shape.channels);
  if (augmentation.shift < 0 || augmentation.shift >= std::min(shape.height, shape.width)) {
    refuse("a shift of {} does not fit images of {}x{}", augmentation.shift, shape.height, shape.width);
  }
  if (augmentation.cutout < 0 || augmentation.cutout > std::max(shape.height, shape.width)) {
    refuse("a cutout of {} does not fit images of {}x{}", augmentation.cutout, shape.height, shape.width);
  }
  if (augmentation.lighting > 0 && shape.channels != 3) refuse("lighting is for images of 3 channels, not {}", shape.channels);
  for (size_t channel = 0; channel < table_.size(); ++channel) {
    const float mean = augmentation.mean.empty() ? 0.0f : augmentation.mean[channel];
    const float deviation = augmentation.deviation.empty() ? 1.0f : augmentation.deviation[channel];
    if (!(deviation > 0)) refuse("a deviation of {} cannot normalize channel {}: it must be above 0", deviation, channel);
    for (size_t pixel = 0; pixel < 256; ++pixel) {
      table_[channel][pixel] = fovea_normalized(static_cast<int>(pixel), mean, deviation);
    }
  }
}

Augmenter::Decision Augmenter::decide(uint64_t seed, int64_t epoch, int64_t index) const {
  Random random(seed ^ purpose, stream_of(epoch, index));
  Decision decision;
  decision.flip = augmentation_.flip && (random.bits() >> 31) != 0;
  if (augmentation_.flip && augmentation_.alternating) {
    const bool first = (Random(seed ^ purpose, static_cast<uint64_t>(index)).bits() >> 31) != 0;
    decision.flip = first != (epoch % 2 != 0);
  }
  if (augmentation_.shift > 0) {
    const auto positions = static_cast<uint32_t>(2 * augmentation_.shift + 1);
    decision.down = random.below(positions) - augmentation_.shift;
    decision.right = random.below(positions) - augmentation_.shift;
  }
  if (augmentation_.cutout > 0) {
    decision.cut_top = random.below(static_cast<uint32_t>(shape_.height)) - augmentation_.cutout / 2;
    decision.cut_left = random.below(static_cast<uint32_t>(shape_.width)) - augmentation_.cutout / 2;
  }
  return decision;
}

void Augmenter::copy_row(const uint8_t* pixels, float* values, const Decision& decision) const {
  const int64_t channels = shape_.channels;
  for (int64_t x = 0; x < shape_.width; ++x, values += channels) {
    int64_t from = (decision.flip ? shape_.width - 1 - x : x) + decision.right;
    const bool inside = from >= 0 && from < shape_.width;
    if (!inside && augmentation_.border == Border::zero) {
      for (int64_t c = 0; c < channels; ++c) values[c] = table_[static_cast<size_t>(c)][0];
      continue;
    }
    if (!inside) from = mirrored(from, shape_.width);
    const uint8_t* pixel = pixels + from * channels;
    for (int64_t c = 0; c < channels; ++c) values[c] = table_[static_cast<size_t>(c)][pixel[c]];
  }
}

void Augmenter::apply(std::span<const uint8_t> pixels, std::span<float> values, uint64_t seed, int64_t epoch,
                      int64_t index) const {
  const auto size = static_cast<size_t>(shape_.size());
  if (pixels.size() != size || values.size() != size) {
    fail("augmentation of {} pixels into {} values: an image has {}", pixels.size(), values.size(), size);
  }
  Image changed;
  if (!augmentation_.policy.choices.empty() || augmentation_.jitter.any()) {
    changed = Image(shape_);
    std::copy(pixels.begin(), pixels.end(), changed.pixels.begin());
    Random random(seed ^ policy_purpose, stream_of(epoch, index));
    apply_policy(changed, augmentation_.policy, random);
    if (augmentation_.jitter.any()) jitter(changed, augmentation_.jitter, random);
    pixels = changed.pixels;
  }
  const Decision decision = decide(seed, epoch, index);
  cut_and_normalize(pixels, values, decision);
  if (augmentation_.lighting > 0) {
    Random drawn(seed ^ lighting_purpose, stream_of(epoch, index));
    light(values, augmentation_.deviation, augmentation_.lighting, drawn);
  }
  blank(values, decision);
  Random random(seed ^ erasing_purpose, stream_of(epoch, index));
  erase(values, shape_, augmentation_.erasing, random);
}

void Augmenter::mix(std::span<float> images, std::span<const int32_t> labels, std::span<int32_t> second_labels,
                    std::span<float> label_weights, uint64_t seed, int64_t epoch, int64_t index) const {
  Random random(seed ^ mixing_purpose, stream_of(epoch, index));
  mix_batch(images, shape_, labels, second_labels, label_weights, draw_mixture(shape_, augmentation_.mixing, random));
}

void Augmenter::cut_and_normalize(std::span<const uint8_t> pixels, std::span<float> values, const Decision& decision) const {
  const int64_t stride = shape_.width * shape_.channels;
  for (int64_t y = 0; y < shape_.height; ++y) {
    int64_t from = y + decision.down;
    float* row = values.data() + y * stride;
    const bool inside = from >= 0 && from < shape_.height;
    if (!inside && augmentation_.border == Border::zero) {
      for (int64_t i = 0; i < stride; ++i) row[i] = table_[static_cast<size_t>(i % shape_.channels)][0];
      continue;
    }
    if (!inside) from = mirrored(from, shape_.height);
    copy_row(pixels.data() + from * stride, row, decision);
  }
}

void Augmenter::blank(std::span<float> values, const Decision& decision) const {
  if (augmentation_.cutout == 0) return;
  const int64_t stride = shape_.width * shape_.channels;
  const int64_t left = std::max<int64_t>(0, decision.cut_left);
  const int64_t right = std::min(shape_.width, decision.cut_left + augmentation_.cutout);
  const int64_t bottom = std::min(shape_.height, decision.cut_top + augmentation_.cutout);
  for (int64_t y = std::max<int64_t>(0, decision.cut_top); y < bottom; ++y) {
    std::fill(values.data() + y * stride + left * shape_.channels, values.data() + y * stride + right * shape_.channels, 0.0f);
  }
}

}  // namespace fovea
