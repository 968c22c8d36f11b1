// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/color.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "fovea/data/image/pixel_arithmetic.h"

namespace fovea {
namespace {

using Table = std::array<uint8_t, 256>;
using Histogram = std::array<int64_t, 256>;

template <typename Function>
Table table_of(Function function) {
  Table table;
  for (int64_t value = 0; value < 256; ++value) {
    table[static_cast<size_t>(value)] = static_cast<uint8_t>(std::clamp<int64_t>(function(value), 0, 255));
  }
  return table;
}

Table unchanged() {
  return table_of([](int64_t value) { return value; });
}

void look_up(Image& image, const Table& table) {
  for (uint8_t& value : image.pixels) value = table[value];
}

// Applies a table for each channel, made from its histogram, to all channels at once: a pass over one channel would touch as
// much memory.
template <int Channels, typename Function>
void look_up_channels(std::vector<uint8_t>& pixels, Function table_from) {
  std::array<Histogram, Channels> histograms{};
  for (size_t i = 0; i < pixels.size(); i += Channels) {
    for (size_t c = 0; c < Channels; ++c) ++histograms[c][pixels[i + c]];
  }
  std::array<Table, Channels> tables;
  for (size_t c = 0; c < Channels; ++c) tables[c] = table_from(histograms[c]);
  for (size_t i = 0; i < pixels.size(); i += Channels) {
    for (size_t c = 0; c < Channels; ++c) pixels[i + c] = tables[c][pixels[i + c]];
  }
}

template <typename Function>
void look_up_by_channel(Image& image, Function table_from) {
  image.shape.channels == 1 ? look_up_channels<1>(image.pixels, table_from) : look_up_channels<3>(image.pixels, table_from);
}

Table stretched(const Histogram& histogram) {
  int64_t low = 0, high = 255;
  while (low < 255 && histogram[static_cast<size_t>(low)] == 0) ++low;
  while (high > 0 && histogram[static_cast<size_t>(high)] == 0) --high;
  if (high <= low) return unchanged();
  const double scale = 255.0 / static_cast<double>(high - low);
  const double offset = -static_cast<double>(low) * scale;
  return table_of([&](int64_t value) { return static_cast<int64_t>(static_cast<double>(value) * scale + offset); });
}

Table flattened(const Histogram& histogram) {
  const auto last = std::find_if(histogram.rbegin(), histogram.rend(), [](int64_t count) { return count != 0; });
  if (last == histogram.rend()) return unchanged();
  const int64_t step = (std::accumulate(histogram.begin(), histogram.end(), int64_t{0}) - *last) / 255;
  if (step == 0) return unchanged();
  int64_t below = step / 2;
  return table_of([&](int64_t value) {
    const int64_t level = below / step;
    below += histogram[static_cast<size_t>(value)];
    return level;
  });
}

// from + factor * (to - from), truncated to whole numbers. It is computed in single precision as in Pillow; otherwise results
// would differ by one.
uint8_t blend(uint8_t from, uint8_t to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<uint8_t>(std::clamp(value, 0.0f, 255.0f));
}

// Replaces pixels by blends with `lacking`, which has as many values.
void blend_from(const std::vector<uint8_t>& lacking, uint8_t* pixels, float factor) {
  for (size_t i = 0; i < lacking.size(); ++i) pixels[i] = blend(lacking[i], pixels[i], factor);
}

Table blended_from(uint8_t from, float factor) {
  return table_of([&](int64_t value) { return blend(from, static_cast<uint8_t>(value), factor); });
}

int64_t mean_luma(const Image& image) {
  int64_t sum = 0;
  const auto count = static_cast<int64_t>(image.pixels.size()) / image.shape.channels;
  if (image.shape.channels == 3) {
    for (size_t i = 0; i < image.pixels.size(); i += 3) sum += fovea_luma(&image.pixels[i]);
  } else {
    sum = std::accumulate(image.pixels.begin(), image.pixels.end(), int64_t{0});
  }
  return static_cast<int64_t>(static_cast<double>(sum) / static_cast<double>(count) + 0.5);
}

}  // namespace

void autocontrast(Image& image) { look_up_by_channel(image, stretched); }
void equalize(Image& image) { look_up_by_channel(image, flattened); }

void invert(Image& image) {
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(255 - value);
}

void posterize(Image& image, int64_t bits) {
  const auto mask = static_cast<uint8_t>(0xff00 >> std::clamp<int64_t>(bits, 0, 8));
  for (uint8_t& value : image.pixels) value &= mask;
}

void solarize(Image& image, int64_t threshold) {
  look_up(image, table_of([&](int64_t value) { return value < threshold ? value : 255 - value; }));
}

void solarize_add(Image& image, int64_t addition, int64_t threshold) {
  look_up(image, table_of([&](int64_t value) { return value < threshold ? value + addition : value; }));
}

void adjust_color(Image& image, float factor) {
  if (image.shape.channels != 3) return;
  std::vector<uint8_t> gray(image.pixels.size());
  for (size_t i = 0; i < gray.size(); i += 3) gray[i] = gray[i + 1] = gray[i + 2] = fovea_luma(&image.pixels[i]);
  blend_from(gray, image.pixels.data(), factor);
}

void adjust_contrast(Image& image, float factor) {
  if (image.pixels.empty()) return;
  look_up(image, blended_from(static_cast<uint8_t>(mean_luma(image)), factor));
}

void adjust_brightness(Image& image, float factor) { look_up(image, blended_from(0, factor)); }

void adjust_sharpness(Image& image, float factor) {
  const auto [height, width, channels] = image.shape;
  if (height < 3 || width < 3) return;  // the border is not smoothed, so there is nothing to do
  const auto row = static_cast<size_t>(width * channels), step = static_cast<size_t>(channels);
  const std::vector<uint8_t> original = image.pixels;
  std::vector<uint16_t> columns(row);  // sums over three rows
  std::vector<uint8_t> smooth(row - 2 * step);
  for (size_t y = 1; y + 1 < static_cast<size_t>(height); ++y) {
    const uint8_t* above = original.data() + (y - 1) * row;
    const uint8_t *middle = above + row, *below = middle + row;
    for (size_t i = 0; i < row; ++i) {
      columns[i] = static_cast<uint16_t>(above[i] + middle[i] + below[i]);
    }
    for (size_t i = 0; i < smooth.size(); ++i) {
      const uint32_t sum = columns[i] + columns[i + step] + columns[i + 2 * step] + 4u * middle[i + step];
      smooth[i] = static_cast<uint8_t>((2 * sum + 13) / 26);  // sum / 13, rounded
    }
    blend_from(smooth, image.pixels.data() + y * row + step, factor);
  }
}

namespace {

// Hue, saturation and value, each 0..255, and back: Smith 1978, with Pillow's roundings.
std::array<uint8_t, 3> to_hsv(const uint8_t* rgb) {
  const uint8_t most = std::max({rgb[0], rgb[1], rgb[2]}), least = std::min({rgb[0], rgb[1], rgb[2]});
  if (most == least) return {0, 0, most};
  const auto range = static_cast<float>(most - least);
  const auto below = [&](int c) { return static_cast<float>(most - rgb[c]) / range; };
  double sextant = 4.0 + below(1) - below(0);
  if (rgb[0] == most) {
    sextant = below(2) - below(1);
  } else if (rgb[1] == most) {
    sextant = 2.0 + below(0) - below(2);
  }
  const auto hue = static_cast<float>(std::fmod(static_cast<float>(sextant) / 6.0 + 1.0, 1.0));
  const float saturation = range / static_cast<float>(most);
  return {static_cast<uint8_t>(hue * 255.0), static_cast<uint8_t>(saturation * 255.0), most};
}

void from_hsv(const std::array<uint8_t, 3>& hsv, uint8_t* rgb) {
  const auto value = static_cast<float>(hsv[2]);
  if (hsv[1] == 0) {
    rgb[0] = rgb[1] = rgb[2] = hsv[2];
    return;
  }
  const double turn = hsv[0] * 6.0 / 255.0, sextant = std::floor(turn);
  const auto into = static_cast<float>(turn - sextant), saturation = static_cast<float>(hsv[1] / 255.0);
  const auto rounded = [](double level) { return static_cast<uint8_t>(std::clamp(std::round(level), 0.0, 255.0)); };
  const uint8_t p = rounded(value * (1.0 - saturation)), q = rounded(value * (1.0 - saturation * into));
  const uint8_t t = rounded(value * (1.0 - saturation * (1.0 - into))), v = hsv[2];
  const std::array<std::array<uint8_t, 3>, 6> colors{{{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}}};
  std::copy_n(colors[static_cast<size_t>(sextant) % 6].begin(), 3, rgb);
}

}  // namespace

void adjust_hue(Image& image, double shift) {
  if (image.shape.channels != 3) return;
  const auto steps = static_cast<uint8_t>(static_cast<int64_t>(shift * 255));  // wraps around the circle
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    std::array<uint8_t, 3> hsv = to_hsv(&image.pixels[i]);
    hsv[0] = static_cast<uint8_t>(hsv[0] + steps);
    from_hsv(hsv, &image.pixels[i]);
  }
}

void jitter(Image& image, const Jitter& amounts, Random& random) {
  std::array<int, 4> order{0, 1, 2, 3};
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  const auto factor = [&](double amount) {
    return random.uniform(static_cast<float>(std::max(0.0, 1 - amount)), static_cast<float>(1 + amount));
  };
  for (const int which : order) {
    if (which == 0 && amounts.brightness > 0) adjust_brightness(image, factor(amounts.brightness));
    if (which == 1 && amounts.contrast > 0) adjust_contrast(image, factor(amounts.contrast));
    if (which == 2 && amounts.saturation > 0) adjust_color(image, factor(amounts.saturation));
    if (which == 3 && amounts.hue > 0) adjust_hue(image, (2 * random.uniform() - 1) * amounts.hue);
  }
}

}  // namespace fovea
