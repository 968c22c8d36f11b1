// SPDX-License-Identifier: Apache-2.0
// Digits drawn by the program: strokes that are bent, slanted, thickened and made noisy at random, so that a network can be
// trained without a data set at hand. Image i of a split is a function of (seed, split, i), so the sequence is endless and
// takes no memory.
#include "fovea/data/sources/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "fovea/core/random.h"
#include "fovea/data/sources/handwriting.h"
#include "fovea/data/sources/sources.h"

namespace fovea {
namespace {

constexpr int64_t side = 28;

// Smooth waves that bend the paper: an elastic distortion of the strokes, which is cheaper than one of the pixels and keeps
// them sharp.
struct Waves {
  static constexpr int count = 3;
  std::array<float, count> across, down, phase, along_x, along_y;

  explicit Waves(Random& random) {
    constexpr auto turn = 2 * std::numbers::pi_v<float>;
    for (size_t i = 0; i < count; ++i) {
      across[i] = turn * random.uniform(-0.9f, 0.9f);
      down[i] = turn * random.uniform(-0.9f, 0.9f);
      phase[i] = turn * random.uniform();
      along_x[i] = random.uniform(-0.05f, 0.05f);
      along_y[i] = random.uniform(-0.05f, 0.05f);
    }
  }
  Point bend(Point point) const {
    Point bent = point;
    for (size_t i = 0; i < count; ++i) {
      const float wave = std::sin(across[i] * point.x + down[i] * point.y + phase[i]);
      bent.x += along_x[i] * wave;
      bent.y += along_y[i] * wave;
    }
    return bent;
  }
};

// Maps the digit's box to pixels: scale, slant, rotation and shift.
struct Placement {
  float xx, xy, yx, yy, x, y;

  explicit Placement(Random& random) {
    const float turn = std::clamp(0.15f * random.normal(), -0.4f, 0.4f);
    const float slant = random.uniform(-0.35f, 0.25f);
    const float width = 20 * random.uniform(0.62f, 1.05f);
    const float height = 20 * random.uniform(0.8f, 1.08f);
    xx = std::cos(turn) * width;
    xy = (std::cos(turn) * slant - std::sin(turn)) * height;
    yx = std::sin(turn) * width;
    yy = (std::sin(turn) * slant + std::cos(turn)) * height;
    x = side / 2.0f + random.uniform(-2, 2);
    y = side / 2.0f + random.uniform(-2, 2);
  }
  Point place(Point point) const {
    const float right = point.x - 0.5f, down = point.y - 0.5f;
    return {x + xx * right + xy * down, y + yx * right + yy * down};
  }
};

// A point of the spline of Catmull and Rom (1974) between b and c, with a and d as their neighbors.
Point between(Point a, Point b, Point c, Point d, float t) {
  const auto spline = [t](float p, float q, float r, float s) {
    return q + 0.5f * t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
  };
  return {spline(a.x, b.x, c.x, d.x), spline(a.y, b.y, c.y, d.y)};
}

// The ink of a pen moving over paper: each pixel keeps the darkest value that any part of the line leaves on it.
class Paper {
 public:
  // Draws a line from a to b, in pixels; the radius of the pen changes from `from` to `to`.
  void line(Point a, Point b, float from, float to) {
    const float reach = std::max(from, to) + 1;
    const auto first = [](float low) { return std::max(0, static_cast<int>(std::floor(low))); };
    const auto last = [](float high) { return std::min(static_cast<int>(side) - 1, static_cast<int>(std::ceil(high))); };
    const Point along{b.x - a.x, b.y - a.y};
    const float length = along.x * along.x + along.y * along.y;
    const int left = first(std::min(a.x, b.x) - reach), right = last(std::max(a.x, b.x) + reach);
    for (int y = first(std::min(a.y, b.y) - reach); y <= last(std::max(a.y, b.y) + reach); ++y) {
      for (int x = left; x <= right; ++x) {
        const Point away{static_cast<float>(x) + 0.5f - a.x, static_cast<float>(y) + 0.5f - a.y};
        const float t = length > 0 ? std::clamp((away.x * along.x + away.y * along.y) / length, 0.0f, 1.0f) : 0.0f;
        const float off_x = away.x - t * along.x, off_y = away.y - t * along.y;
        // The coverage of a pixel by a wide line falls from one to nothing over slightly more than a pixel.
        const float radius = from + t * (to - from);
        const float ink = std::clamp((radius - std::sqrt(off_x * off_x + off_y * off_y)) / 1.2f + 0.5f, 0.0f, 1.0f);
        float& pixel = ink_[static_cast<size_t>(y * side + x)];
        pixel = std::max(pixel, ink);
      }
    }
  }

  // Converts ink to gray, with the grain of a scanner.
  void scan(std::span<uint8_t> pixels, float darkness, float grain, Random& random) const {
    for (size_t i = 0; i < pixels.size(); i += 2) {
      const uint32_t bits = random.bits();  // two numbers between -1 and 1, more likely near 0
      const std::array<int32_t, 2> noise{static_cast<int32_t>((bits & 255) + (bits >> 8 & 255)) - 255,
                                         static_cast<int32_t>((bits >> 16 & 255) + (bits >> 24)) - 255};
      for (size_t j = 0; j < 2; ++j) {
        const float value = darkness * ink_[i + j] + grain / 255 * static_cast<float>(noise[j]);
        pixels[i + j] = static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
      }
    }
  }

 private:
  std::array<float, side * side> ink_{};
};

void write_stroke(const Stroke& stroke, const Waves& waves, const Placement& placement, float radius, Random& random,
                  Paper& paper) {
  // Each point is missed by a little, as by a hand.
  std::array<Point, 16> points;
  const size_t count = stroke.size();
  for (size_t i = 0; i < count; ++i) {
    points[i] = {stroke[i].x + 0.022f * random.normal(), stroke[i].y + 0.022f * random.normal()};
  }
  const auto at = [&](size_t i, float t) {
    const Point before = points[i == 0 ? 0 : i - 1], after = points[std::min(i + 2, count - 1)];
    return placement.place(waves.bend(between(before, points[i], points[i + 1], after, t)));
  };
  constexpr int steps = 5;
  const float pressure = random.uniform(-0.25f, 0.25f);  // change of thickness from the start of the stroke to its end
  const auto radius_at = [&](size_t i, int step) {
    const float share = (static_cast<float>(i) + static_cast<float>(step) / steps) / static_cast<float>(count - 1);
    return radius * (1 + pressure * (share - 0.5f));
  };
  for (size_t i = 0; i + 1 < count; ++i) {
    Point from = at(i, 0);
    for (int step = 1; step <= steps; ++step) {
      const Point to = at(i, static_cast<float>(step) / steps);
      paper.line(from, to, radius_at(i, step - 1), radius_at(i, step));
      from = to;
    }
  }
}

class Digits : public Dataset {
 public:
  Digits(uint64_t seed, Split split, int64_t count) : seed_(seed), split_(split), count_(count) {
    for (int digit = 0; digit < 10; ++digit) class_names_.push_back(std::to_string(digit));
  }
  int64_t count() const override { return count_; }
  ImageShape image_shape() const override { return {side, side, 1}; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  int32_t label(int64_t index) const override {
    check_read(*this, index, side * side);
    Random random = start(index);
    return static_cast<int32_t>(random.below(10));
  }
  void read_image(int64_t index, std::span<uint8_t> pixels) const override {
    check_read(*this, index, pixels.size());
    Random random = start(index);
    const auto digit = static_cast<int32_t>(random.below(10));
    draw_digit(digit, random, pixels);
  }

 private:
  Random start(int64_t index) const {
    constexpr uint64_t purpose = 0x6469676974730000;  // makes these numbers independent of others drawn with the same seed
    return {seed_ ^ purpose, static_cast<uint64_t>(index) * 2 + (split_ == Split::train ? 0 : 1)};
  }

  uint64_t seed_;
  Split split_;
  int64_t count_;
  std::vector<std::string> class_names_;
};

}  // namespace

void draw_digit(int32_t digit, Random& random, std::span<uint8_t> pixels) {
  const std::vector<Strokes>& forms = handwriting()[static_cast<size_t>(digit)];
  const Strokes& strokes = forms[random.below(static_cast<uint32_t>(forms.size()))];
  const Waves waves(random);
  const Placement placement(random);
  const float radius = random.uniform(0.75f, 1.75f);
  const float darkness = random.uniform(190, 290);  // above 255 the middle of the line is saturated, as in MNIST
  const float grain = random.uniform(0, 26);
  Paper paper;
  for (const Stroke& stroke : strokes) write_stroke(stroke, waves, placement, radius, random, paper);
  paper.scan(pixels, darkness, grain, random);
}

std::shared_ptr<const Dataset> open_digits(uint64_t seed, Split split, int64_t count) {
  return std::make_shared<Digits>(seed, split, count);
}

}  // namespace fovea
