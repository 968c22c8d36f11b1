// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/image/geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace fovea {
namespace {

// Reads one image at any point. `Channels` is a constant so that loops over channels are unrolled.
template <int Channels>
class Sampler {
 public:
  explicit Sampler(const Image& image) : pixels_(image.pixels.data()), height_(image.shape.height), width_(image.shape.width) {}

  bool inside(double x, double y) const {
    return x >= 0 && x < static_cast<double>(width_) && y >= 0 && y < static_cast<double>(height_);
  }

  const uint8_t* pixel(int64_t x, int64_t y) const {
    return pixels_ + (std::clamp<int64_t>(y, 0, height_ - 1) * width_ + std::clamp<int64_t>(x, 0, width_ - 1)) * Channels;
  }

  void bilinear(double x, double y, uint8_t* out) const {
    const double left = std::floor(x - 0.5), top = std::floor(y - 0.5);
    const double right_share = x - 0.5 - left, lower_share = y - 0.5 - top;
    const auto column = static_cast<int64_t>(left), row = static_cast<int64_t>(top);
    const uint8_t *a = pixel(column, row), *b = pixel(column + 1, row);
    const uint8_t *c = pixel(column, row + 1), *d = pixel(column + 1, row + 1);
    for (int i = 0; i < Channels; ++i) {
      const double upper = a[i] + (b[i] - a[i]) * right_share;
      const double lower = c[i] + (d[i] - c[i]) * right_share;
      out[i] = static_cast<uint8_t>(upper + (lower - upper) * lower_share);
    }
  }

  void bicubic(double x, double y, uint8_t* out) const {
    const double left = std::floor(x - 0.5), top = std::floor(y - 0.5);
    const double across = x - 0.5 - left, down = y - 0.5 - top;
    const auto column = static_cast<int64_t>(left) - 1, row = static_cast<int64_t>(top) - 1;
    for (int i = 0; i < Channels; ++i) {
      std::array<double, 4> lines;
      for (int64_t line = 0; line < 4; ++line) {
        std::array<double, 4> values;
        for (int64_t at = 0; at < 4; ++at) values[static_cast<size_t>(at)] = pixel(column + at, row + line)[i];
        lines[static_cast<size_t>(line)] = cubic(values, across);
      }
      out[i] = static_cast<uint8_t>(std::clamp(cubic(lines, down), 0.0, 255.0));
    }
  }

 private:
  static double cubic(const std::array<double, 4>& v, double at) {
    const double slope = v[2] - v[0];
    const double square = 2 * (v[0] - v[1]) + v[2] - v[3];
    const double cube = -v[0] + v[1] - v[2] + v[3];
    return v[1] + at * (slope + at * (square + at * cube));
  }

  const uint8_t* pixels_;
  int64_t height_, width_;
};

int64_t to_fixed(double value) { return static_cast<int64_t>(std::floor(value * 65536 + 0.5)); }

// Pillow walks over the image in steps of 1/65536 of a pixel. This does the same, so that it reads the same pixels.
struct Walk {
  explicit Walk(const Affine& m)
      : x(to_fixed(m[2] + m[0] * 0.5 + m[1] * 0.5)),
        y(to_fixed(m[5] + m[3] * 0.5 + m[4] * 0.5)),
        right_x(to_fixed(m[0])),
        right_y(to_fixed(m[3])),
        down_x(to_fixed(m[1])),
        down_y(to_fixed(m[4])) {}

  int64_t x, y;  // of a row's first pixel
  int64_t right_x, right_y, down_x, down_y;
};

// A row of the result that is a moved part of a row of the source, as in shears along x and translations.
template <int Channels>
void move_row(const Image& source, int64_t shift, int64_t row, uint8_t* out) {
  const auto [height, width, channels] = source.shape;
  if (row < 0 || row >= height) return;
  const int64_t begin = std::max<int64_t>(0, -shift), end = std::min(width, width - shift);
  if (begin >= end) return;
  const uint8_t* from = source.pixels.data() + (row * width + begin + shift) * Channels;
  std::copy_n(from, (end - begin) * Channels, out + begin * Channels);
}

template <int Channels>
void transform_nearest(const Image& source, const Affine& matrix, Image& target) {
  const auto height = static_cast<uint64_t>(source.shape.height), width = static_cast<uint64_t>(source.shape.width);
  Walk walk(matrix);
  uint8_t* out = target.pixels.data();
  for (uint64_t y = 0; y < height; ++y, walk.x += walk.down_x, walk.y += walk.down_y) {
    if (walk.right_x == 1 << 16 && walk.right_y == 0) {
      move_row<Channels>(source, walk.x >> 16, walk.y >> 16, out);
      out += width * Channels;
      continue;
    }
    int64_t at_x = walk.x, at_y = walk.y;
    for (uint64_t x = 0; x < width; ++x, at_x += walk.right_x, at_y += walk.right_y, out += Channels) {
      // What is before the first is beyond the last once it is unsigned.
      const auto column = static_cast<uint64_t>(at_x >> 16), row = static_cast<uint64_t>(at_y >> 16);
      if (column >= width || row >= height) continue;
      const uint8_t* from = source.pixels.data() + (row * width + column) * Channels;
      for (int c = 0; c < Channels; ++c) out[c] = from[c];
    }
  }
}

template <int Channels>
void transform_smooth(const Image& source, const Affine& m, bool cubic, Image& target) {
  const auto [height, width, channels] = source.shape;
  const Sampler<Channels> sampler(source);
  uint8_t* out = target.pixels.data();
  for (int64_t y = 0; y < height; ++y) {
    const double from_y = static_cast<double>(y) + 0.5;
    for (int64_t x = 0; x < width; ++x, out += Channels) {
      const double from_x = static_cast<double>(x) + 0.5;
      const double at_x = m[0] * from_x + m[1] * from_y + m[2], at_y = m[3] * from_x + m[4] * from_y + m[5];
      if (!sampler.inside(at_x, at_y)) continue;
      cubic ? sampler.bicubic(at_x, at_y, out) : sampler.bilinear(at_x, at_y, out);
    }
  }
}

template <int Channels>
void transform_into(const Image& source, const Affine& matrix, Interpolation interpolation, Image& target) {
  if (interpolation == Interpolation::nearest) {
    transform_nearest<Channels>(source, matrix, target);
  } else {
    transform_smooth<Channels>(source, matrix, interpolation == Interpolation::bicubic, target);
  }
}

// Rotates a square image by a quarter turn counterclockwise, or any image by half a turn, without rounding.
void turn(Image& image, bool half) {
  const auto [height, width, channels] = image.shape;
  const std::vector<uint8_t> original = image.pixels;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t from = half ? (height - 1 - y) * width + width - 1 - x : x * width + width - 1 - y;
      std::copy_n(original.data() + from * channels, channels, image.pixels.data() + (y * width + x) * channels);
    }
  }
}

double round_to_15_places(double value) { return std::round(value * 1e15) / 1e15; }

}  // namespace

void transform(Image& image, const Affine& matrix, const GeometryOptions& options) {
  Image target(image.shape);
  std::fill(target.pixels.begin(), target.pixels.end(), options.fill);
  if (image.shape.channels == 1) {
    transform_into<1>(image, matrix, options.interpolation, target);
  } else {
    transform_into<3>(image, matrix, options.interpolation, target);
  }
  image = std::move(target);
}

void shear_x(Image& image, double slope, const GeometryOptions& options) { transform(image, {1, slope, 0, 0, 1, 0}, options); }
void shear_y(Image& image, double slope, const GeometryOptions& options) { transform(image, {1, 0, 0, slope, 1, 0}, options); }
void translate_x(Image& image, double pixels, const GeometryOptions& options) {
  transform(image, {1, 0, pixels, 0, 1, 0}, options);
}
void translate_y(Image& image, double pixels, const GeometryOptions& options) {
  transform(image, {1, 0, 0, 0, 1, pixels}, options);
}

void rotate(Image& image, double degrees, const GeometryOptions& options) {
  const auto [height, width, channels] = image.shape;
  const double turned = std::fmod(std::fmod(degrees, 360) + 360, 360);
  if (turned == 0) return;
  if (turned == 180) return turn(image, true);
  if (height == width && (turned == 90 || turned == 270)) {
    turn(image, false);
    if (turned == 270) turn(image, true);
    return;
  }
  const double angle = -turned * std::numbers::pi / 180;
  // Without this rounding, a quarter turn would miss whole rows of pixels by the last bits of the cosine.
  const double cosine = round_to_15_places(std::cos(angle)), sine = round_to_15_places(std::sin(angle));
  const double x = static_cast<double>(width) / 2, y = static_cast<double>(height) / 2;
  // The order of this sum matters, because a point on the edge of the image is inside or outside by the last bit.
  transform(image, {cosine, sine, cosine * -x + sine * -y + x, -sine, cosine, -sine * -x + cosine * -y + y}, options);
}

void cutout(Image& image, int64_t reach, uint8_t fill, Random& random) {
  const auto [height, width, channels] = image.shape;
  const int64_t y = random.below(static_cast<uint32_t>(height)), x = random.below(static_cast<uint32_t>(width));
  const int64_t left = std::max<int64_t>(0, x - reach), right = std::min(width, x + reach);
  for (int64_t row = std::max<int64_t>(0, y - reach); row < std::min(height, y + reach); ++row) {
    uint8_t* start = image.pixels.data() + row * width * channels;
    std::fill(start + left * channels, start + right * channels, fill);
  }
}

}  // namespace fovea
