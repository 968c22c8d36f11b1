#include "fovea/data/image.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/codec.h"

namespace fovea {
namespace {

Image to_gray(const Image& color) {
  Image gray({color.shape.height, color.shape.width, 1});
  for (size_t i = 0; i < gray.pixels.size(); ++i) gray.pixels[i] = luma(&color.pixels[3 * i]);
  return gray;
}

// Where one output sample comes from: weights in fixed point over `weights.size()` samples from `first` on.
struct Footprint {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

constexpr int precision = 22;  // 8 bits of pixel, 22 of weight, 2 to spare

std::vector<Footprint> footprints(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(scale, 1.0);  // a triangle as wide as the samples it stands for
  std::vector<Footprint> result(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(center - reach + 0.5));
    const int64_t last = std::min<int64_t>(from, static_cast<int64_t>(center + reach + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t j = first; j < last; ++j) {
      const double distance = std::abs((static_cast<double>(j) + 0.5 - center) / reach);
      weights.push_back(std::max(0.0, 1 - distance));
      sum += weights.back();
    }
    Footprint& footprint = result[static_cast<size_t>(i)];
    footprint.first = first;
    for (const double weight : weights) {
      footprint.weights.push_back(static_cast<int32_t>(std::lround(weight / sum * (1 << precision))));
    }
  }
  return result;
}

// Resamples the middle axis of [outer, from, inner].
std::vector<uint8_t> resample(const std::vector<uint8_t>& pixels, int64_t outer, int64_t from, int64_t to, int64_t inner) {
  if (from == to) return pixels;
  const std::vector<Footprint> rows = footprints(from, to);
  std::vector<uint8_t> result(static_cast<size_t>(outer * to * inner));
  std::vector<int32_t> sums(static_cast<size_t>(inner));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < to; ++i) {
      const Footprint& footprint = rows[static_cast<size_t>(i)];
      std::fill(sums.begin(), sums.end(), 1 << (precision - 1));
      const uint8_t* source = pixels.data() + (o * from + footprint.first) * inner;
      for (const int32_t weight : footprint.weights) {
        for (int64_t c = 0; c < inner; ++c) sums[static_cast<size_t>(c)] += weight * source[c];
        source += inner;
      }
      uint8_t* target = result.data() + (o * to + i) * inner;
      for (int64_t c = 0; c < inner; ++c) {
        target[c] = static_cast<uint8_t>(std::clamp(sums[static_cast<size_t>(c)] >> precision, 0, 255));
      }
    }
  }
  return result;
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, const std::string& name, int64_t channels) {
  if (channels != 1 && channels != 3) refuse("a picture is read as 1 or 3 channels, not {}", channels);
  if (bytes.empty()) fail("{}: the file is empty; a PNG or JPEG picture was expected", name);
  if (!is_png(bytes) && !is_jpeg(bytes)) fail("{}: neither a PNG nor a JPEG picture", name);
  Image color = is_png(bytes) ? decode_png(bytes, name) : decode_jpeg(bytes, name);
  return channels == 1 ? to_gray(color) : color;
}

Image read_image(const std::filesystem::path& path, int64_t channels) {
  return decode_image(read_file(path), path.string(), channels);
}

Image resize(const Image& image, int64_t height, int64_t width) {
  const auto [old_height, old_width, channels] = image.shape;
  if (height < 1 || width < 1) refuse("an image cannot be resized to {}x{}", height, width);
  if (old_height < 1 || old_width < 1) fail("an empty image cannot be resized");
  Image result;
  result.shape = {height, width, channels};
  // Across first: the order of Pillow, whose 8-bit intermediate this repeats to the bit.
  result.pixels = resample(image.pixels, old_height, old_width, width, channels);
  result.pixels = resample(result.pixels, 1, old_height, height, width * channels);
  return result;
}

Image center_crop(const Image& image, int64_t height, int64_t width) {
  const auto [old_height, old_width, channels] = image.shape;
  if (height < 1 || width < 1 || height > old_height || width > old_width) {
    refuse("cannot crop {}x{} from an image of {}x{}", height, width, old_height, old_width);
  }
  Image result({height, width, channels});
  const int64_t top = (old_height - height) / 2;
  const int64_t left = (old_width - width) / 2;
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = image.pixels.data() + ((top + y) * old_width + left) * channels;
    std::copy_n(row, width * channels, result.pixels.data() + y * width * channels);
  }
  return result;
}

Image resize_center_crop(const Image& image, int64_t size, double central) {
  if (size < 1) refuse("an image cannot be resized to {0}x{0}", size);
  if (!(central > 0 && central <= 1)) refuse("the central share of an image is above 0 and at most 1, not {}", central);
  const auto [height, width, channels] = image.shape;
  const int64_t target = std::max<int64_t>(size, std::llround(static_cast<double>(size) / central));
  const int64_t shorter = std::max<int64_t>(1, std::min(height, width));
  const int64_t longer = std::max(height, width) * target / shorter;
  return center_crop(height < width ? resize(image, target, longer) : resize(image, longer, target), size, size);
}

}  // namespace fovea
