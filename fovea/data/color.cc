#include "fovea/data/color.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

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

// A table for each channel, made from its histogram.
template <typename Function>
void look_up_by_channel(Image& image, Function table_from) {
  const auto channels = static_cast<size_t>(image.shape.channels);
  for (size_t channel = 0; channel < channels; ++channel) {
    Histogram histogram{};
    for (size_t i = channel; i < image.pixels.size(); i += channels) ++histogram[image.pixels[i]];
    const Table table = table_from(histogram);
    for (size_t i = channel; i < image.pixels.size(); i += channels) image.pixels[i] = table[image.pixels[i]];
  }
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

// from + factor * (to - from), cut to whole numbers; single precision as in Pillow, or results would differ by one.
uint8_t blend(uint8_t from, uint8_t to, float factor) {
  const float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return value <= 0 ? uint8_t{0} : value >= 255 ? uint8_t{255} : static_cast<uint8_t>(value);
}

Table blended_from(uint8_t from, float factor) {
  return table_of([&](int64_t value) { return blend(from, static_cast<uint8_t>(value), factor); });
}

int64_t mean_luma(const Image& image) {
  int64_t sum = 0;
  const auto count = static_cast<int64_t>(image.pixels.size()) / image.shape.channels;
  if (image.shape.channels == 3) {
    for (size_t i = 0; i < image.pixels.size(); i += 3) sum += luma(&image.pixels[i]);
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
  for (size_t i = 0; i < image.pixels.size(); i += 3) {
    const uint8_t gray = luma(&image.pixels[i]);
    for (size_t c = i; c < i + 3; ++c) image.pixels[c] = blend(gray, image.pixels[c], factor);
  }
}

void adjust_contrast(Image& image, float factor) {
  if (image.pixels.empty()) return;
  look_up(image, blended_from(static_cast<uint8_t>(mean_luma(image)), factor));
}

void adjust_brightness(Image& image, float factor) { look_up(image, blended_from(0, factor)); }

void adjust_sharpness(Image& image, float factor) {
  const auto [height, width, channels] = image.shape;
  if (height < 3 || width < 3) return;  // the border is not smoothed: nothing is left inside it
  const std::vector<uint8_t> original = image.pixels;
  const int64_t row = width * channels;
  for (int64_t y = 1; y + 1 < height; ++y) {
    for (int64_t i = y * row + channels; i < (y + 1) * row - channels; ++i) {
      int32_t sum = 4 * original[static_cast<size_t>(i)];
      for (int64_t line = i - row; line <= i + row; line += row) {
        for (int64_t at = line - channels; at <= line + channels; at += channels) sum += original[static_cast<size_t>(at)];
      }
      const auto smooth = static_cast<uint8_t>((2 * sum + 13) / 26);  // sum / 13, rounded
      image.pixels[static_cast<size_t>(i)] = blend(smooth, original[static_cast<size_t>(i)], factor);
    }
  }
}

}  // namespace fovea
