// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image_traits.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <vector>

#include "fovea/data/image/resample.h"

namespace fovea {
namespace {

constexpr int64_t hashed_side = 32, frequencies = 8, thumbnail_side = 16, sharpness_side = 256;

// Eight bytes at a time, because images have megabytes. The hash need not withstand images that are made to collide.
uint64_t hash_of(const Image& image) {
  uint64_t hash = 0x9E3779B97F4A7C15;
  const auto mix = [&](uint64_t word) { hash = std::rotl((hash ^ word) * 0xD6E8FEB86659FD93, 29); };
  for (const int64_t extent : {image.shape.height, image.shape.width, image.shape.channels}) mix(static_cast<uint64_t>(extent));
  const size_t size = image.pixels.size();
  for (size_t i = 0; i < size; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, image.pixels.data() + i, std::min<size_t>(8, size - i));
    mix(word);
  }
  return (hash ^ hash >> 32) * 0xD6E8FEB86659FD93;
}

// Luma by Rec. 601, as in Pillow's mode "L".
std::vector<float> gray_of(const Image& image) {
  const auto count = static_cast<size_t>(image.shape.height * image.shape.width);
  std::vector<float> gray(count);
  const uint8_t* pixel = image.pixels.data();
  for (size_t i = 0; i < count; ++i) {
    gray[i] = image.shape.channels == 3 ? 0.299F * pixel[3 * i] + 0.587F * pixel[3 * i + 1] + 0.114F * pixel[3 * i + 2]
                                        : static_cast<float>(pixel[i]);
  }
  return gray;
}

// The lowest frequencies of the discrete cosine transform (type II, not normalized) of a square of `hashed_side`, row by row.
std::array<double, frequencies * frequencies> low_frequencies(const std::vector<float>& gray) {
  static const auto waves = [] {
    std::array<std::array<double, hashed_side>, frequencies> table{};
    for (size_t k = 0; k < frequencies; ++k)
      for (size_t x = 0; x < hashed_side; ++x)
        table[k][x] = std::cos(std::numbers::pi * static_cast<double>(k * (2 * x + 1)) / (2.0 * hashed_side));
    return table;
  }();
  std::array<std::array<double, frequencies>, hashed_side> rows{};
  for (size_t y = 0; y < hashed_side; ++y)
    for (size_t k = 0; k < frequencies; ++k)
      for (size_t x = 0; x < hashed_side; ++x) rows[y][k] += waves[k][x] * static_cast<double>(gray[y * hashed_side + x]);
  std::array<double, frequencies * frequencies> result{};
  for (size_t i = 0; i < frequencies; ++i)
    for (size_t k = 0; k < frequencies; ++k)
      for (size_t y = 0; y < hashed_side; ++y) result[i * frequencies + k] += waves[i][y] * rows[y][k];
  return result;
}

// Bit i says whether frequency i is above the median of all frequencies except the mean.
uint64_t perceptual_hash(const std::vector<float>& gray) {
  const auto values = low_frequencies(gray);
  std::array<double, frequencies * frequencies - 1> sorted{};
  std::copy(values.begin() + 1, values.end(), sorted.begin());
  std::ranges::nth_element(sorted, sorted.begin() + sorted.size() / 2);
  uint64_t hash = 0;
  for (size_t i = 1; i < values.size(); ++i) hash |= static_cast<uint64_t>(values[i] > sorted[sorted.size() / 2]) << i;
  return hash;
}

void fill_thumbnail(const std::vector<float>& gray, std::array<uint8_t, 256>& thumbnail) {
  for (size_t y = 0; y < thumbnail_side; ++y) {
    for (size_t x = 0; x < thumbnail_side; ++x) {
      const float* corner = gray.data() + 2 * y * hashed_side + 2 * x;
      thumbnail[y * thumbnail_side + x] =
          static_cast<uint8_t>((corner[0] + corner[1] + corner[hashed_side] + corner[hashed_side + 1]) / 4 + 0.5F);
    }
  }
}

// The standard deviation over all channels, each from its own mean.
float deviation_of(const Image& image) {
  const auto channels = static_cast<size_t>(image.shape.channels);
  const double pixels = static_cast<double>(image.shape.height) * static_cast<double>(image.shape.width);
  double variance = 0;
  for (size_t c = 0; c < channels; ++c) {
    uint64_t sum = 0, squares = 0;
    for (size_t i = c; i < image.pixels.size(); i += channels) {
      sum += image.pixels[i];
      squares += static_cast<uint64_t>(image.pixels[i]) * image.pixels[i];
    }
    const double mean = static_cast<double>(sum) / pixels;
    variance += std::max(0.0, static_cast<double>(squares) / pixels - mean * mean);
  }
  return static_cast<float>(std::sqrt(variance / static_cast<double>(channels)));
}

// Large images are reduced to one size first, so that sharp images of 4000 and of 300 pixels have similar values. A network
// does not see more detail than that.
float sharpness_of(const Image& image) {
  const int64_t shorter = std::min(image.shape.height, image.shape.width);
  const auto scaled = [&](int64_t extent) { return std::max<int64_t>(1, (extent * sharpness_side + shorter / 2) / shorter); };
  const bool large = shorter > sharpness_side;
  const Image small = large ? resize(image, scaled(image.shape.height), scaled(image.shape.width)) : Image();
  const Image& seen = large ? small : image;
  const std::vector<float> gray = gray_of(seen);
  const int64_t height = seen.shape.height, width = seen.shape.width;
  if (height < 3 || width < 3) return 0;
  double sum = 0, squares = 0;
  for (int64_t y = 1; y + 1 < height; ++y) {
    const float* row = gray.data() + y * width;
    for (int64_t x = 1; x + 1 < width; ++x) {
      const double value = row[x - width] + row[x + width] + row[x - 1] + row[x + 1] - 4 * row[x];
      sum += value;
      squares += value * value;
    }
  }
  const double count = static_cast<double>(height - 2) * static_cast<double>(width - 2);
  return static_cast<float>(squares / count - sum / count * (sum / count));
}

}  // namespace

ImageTraits traits_of(const Image& image) {
  ImageTraits traits{.shape = image.shape, .content = hash_of(image)};
  const std::vector<float> gray = gray_of(resize(image, hashed_side, hashed_side));
  traits.perceptual = perceptual_hash(gray);
  fill_thumbnail(gray, traits.thumbnail);
  traits.deviation = deviation_of(image);
  traits.sharpness = sharpness_of(image);
  return traits;
}

int hamming_distance(uint64_t a, uint64_t b) { return std::popcount(a ^ b); }

double correlation(const ImageTraits& a, const ImageTraits& b) {
  int64_t sum_a = 0, sum_b = 0, squares_a = 0, squares_b = 0, products = 0;
  const auto count = static_cast<int64_t>(a.thumbnail.size());
  for (size_t i = 0; i < a.thumbnail.size(); ++i) {
    const int64_t p = a.thumbnail[i], q = b.thumbnail[i];
    sum_a += p;
    sum_b += q;
    squares_a += p * p;
    squares_b += q * q;
    products += p * q;
  }
  const auto spread = [&](int64_t squares, int64_t sum) { return static_cast<double>(count * squares - sum * sum); };
  const double scale = std::sqrt(spread(squares_a, sum_a) * spread(squares_b, sum_b));
  return scale > 0 ? static_cast<double>(count * products - sum_a * sum_b) / scale : 0;
}

}  // namespace fovea
