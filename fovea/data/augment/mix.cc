// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/augment/mix.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"

namespace fovea {
namespace {

struct Box {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
};

void erase_box(std::span<float> values, ImageShape shape, const Box& box, bool noise, Random& random) {
  for (int64_t y = box.top; y < box.bottom; ++y) {
    float* row = values.data() + y * shape.width * shape.channels;
    for (int64_t i = box.left * shape.channels; i < box.right * shape.channels; ++i) row[i] = noise ? random.normal() : 0.0f;
  }
}

// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000. A shape below 1 is reached with the power of a
// uniform number.
double draw_gamma(double shape, Random& random) {
  if (shape < 1) {
    const double uniform = 1 - static_cast<double>(random.uniform());
    return draw_gamma(shape + 1, random) * std::pow(uniform, 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double normal = random.normal();
    const double root = 1 + c * normal;
    if (root <= 0) continue;
    const double cube = root * root * root, uniform = 1 - static_cast<double>(random.uniform());
    if (std::log(uniform) < 0.5 * normal * normal + d - d * cube + d * std::log(cube)) return d * cube;
  }
}

// Draws a box with the image's aspect ratio and, before clipping at the edges, the share 1 - weight of its area.
void draw_box(ImageShape shape, double weight, Random& random, Mixture& mixture) {
  const double side = std::sqrt(1 - weight);
  const auto height = static_cast<int64_t>(static_cast<double>(shape.height) * side);
  const auto width = static_cast<int64_t>(static_cast<double>(shape.width) * side);
  const int64_t y = random.below(static_cast<uint32_t>(shape.height)), x = random.below(static_cast<uint32_t>(shape.width));
  mixture.top = std::clamp<int64_t>(y - height / 2, 0, shape.height);
  mixture.bottom = std::clamp<int64_t>(y + height / 2, 0, shape.height);
  mixture.left = std::clamp<int64_t>(x - width / 2, 0, shape.width);
  mixture.right = std::clamp<int64_t>(x + width / 2, 0, shape.width);
}

void swap_box(std::span<float> first, std::span<float> second, ImageShape shape, const Mixture& mixture) {
  const int64_t row = shape.width * shape.channels;
  for (int64_t y = mixture.top; y < mixture.bottom; ++y) {
    const int64_t begin = y * row + mixture.left * shape.channels, end = y * row + mixture.right * shape.channels;
    std::swap_ranges(first.begin() + begin, first.begin() + end, second.begin() + begin);
  }
}

}  // namespace

void erase(std::span<float> values, ImageShape shape, const Erasing& erasing, Random& random) {
  if (erasing.probability <= 0 || random.uniform() >= static_cast<float>(erasing.probability)) return;
  const double pixels = static_cast<double>(shape.height * shape.width), log_aspect = std::log(erasing.aspect);
  // A long rectangle of a large area may not fit; there are ten attempts, as in the authors' code.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double share = erasing.least_area + (erasing.most_area - erasing.least_area) * random.uniform();
    const double aspect = std::exp(log_aspect * (2 * random.uniform() - 1));
    const int64_t height = std::lrint(std::sqrt(share * pixels * aspect)),
                  width = std::lrint(std::sqrt(share * pixels / aspect));
    if (height >= shape.height || width >= shape.width) continue;
    const int64_t top = random.below(static_cast<uint32_t>(shape.height - height + 1));
    const int64_t left = random.below(static_cast<uint32_t>(shape.width - width + 1));
    return erase_box(values, shape, {top, left, top + height, left + width}, erasing.noise, random);
  }
}

void light(std::span<float> values, std::span<const float> deviation, double amount, Random& random) {
  if (values.size() % 3 != 0 || (!deviation.empty() && deviation.size() != 3)) {
    fail("lighting is for 3 channels, not for {} values with {} deviations", values.size(), deviation.size());
  }
  // The eigenvalues for pixels / 255 of ImageNet, and their vectors as columns.
  constexpr float eigenvalues[3] = {0.2175f, 0.0188f, 0.0045f};
  constexpr float vectors[3][3] = {{-0.5675f, 0.7192f, 0.4009f}, {-0.5808f, -0.0045f, -0.8140f}, {-0.5836f, -0.6948f, 0.4203f}};
  float shift[3] = {0, 0, 0};
  for (size_t component = 0; component < 3; ++component) {
    const float along = static_cast<float>(amount) * random.normal() * eigenvalues[component];
    for (size_t c = 0; c < 3; ++c) shift[c] += vectors[c][component] * along;
  }
  for (size_t c = 0; c < 3 && !deviation.empty(); ++c) shift[c] /= deviation[c];
  for (size_t i = 0; i < values.size(); i += 3) {
    for (size_t c = 0; c < 3; ++c) values[i + c] += shift[c];
  }
}

double draw_beta(double alpha, Random& random) {
  const double first = draw_gamma(alpha, random), second = draw_gamma(alpha, random);
  // Both can be 0 when alpha is tiny; the distribution is then a fair coin.
  if (first + second <= 0) return random.bits() >> 31 != 0 ? 1 : 0;
  return first / (first + second);
}

Mixture draw_mixture(ImageShape shape, const Mixing& mixing, Random& random) {
  if (mixing.mixup < 0 || mixing.cutmix < 0) refuse("mixup {} and cutmix {} must not be below 0", mixing.mixup, mixing.cutmix);
  Mixture mixture;
  if (!mixing.any()) return mixture;
  mixture.cut = mixing.cutmix > 0 && (mixing.mixup <= 0 || random.bits() >> 31 != 0);
  double weight = draw_beta(mixture.cut ? mixing.cutmix : mixing.mixup, random);
  if (mixture.cut) {
    draw_box(shape, weight, random, mixture);
    // The box is clipped to whole pixels inside the image, and the weight is what it really leaves.
    const int64_t area = (mixture.bottom - mixture.top) * (mixture.right - mixture.left);
    weight = 1 - static_cast<double>(area) / static_cast<double>(shape.height * shape.width);
  }
  // The two images of a pair exchange their parts, so exchanging the images themselves changes only which one is called the
  // first.
  mixture.swapped = weight < 0.5;
  mixture.weight = static_cast<float>(std::max(weight, 1 - weight));
  return mixture;
}

void mix_pair(std::span<float> first, std::span<float> second, ImageShape shape, const Mixture& mixture) {
  if (mixture.cut) {
    if (mixture.swapped) std::swap_ranges(first.begin(), first.end(), second.begin());
    return swap_box(first, second, shape, mixture);
  }
  const float own = mixture.weight, other = 1 - own;
  for (size_t i = 0; i < first.size(); ++i) {
    const float a = first[i], b = second[i];
    first[i] = own * a + other * b;
    second[i] = own * b + other * a;
  }
}

void mix_batch(std::span<float> images, ImageShape shape, std::span<const int32_t> labels, std::span<int32_t> second_labels,
               std::span<float> weights, const Mixture& mixture) {
  const size_t count = labels.size(), size = static_cast<size_t>(shape.size());
  if (images.size() != count * size || second_labels.size() != count || weights.size() != count) {
    fail("mixing {} values, {} second labels and {} weights for {} images of {} values", images.size(), second_labels.size(),
         weights.size(), count, size);
  }
  for (size_t i = 0; i < count; ++i) {
    second_labels[i] = labels[count - 1 - i];
    weights[i] = mixture.weight;
  }
  for (size_t i = 0; i < count / 2; ++i) {
    mix_pair(images.subspan(i * size, size), images.subspan((count - 1 - i) * size, size), shape, mixture);
  }
}

}  // namespace fovea
