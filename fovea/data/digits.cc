// Digits written by the program: strokes bent, slanted, thickened and dirtied at random, so that a network can be trained with
// no data set at hand. Image i of a split is a function of (seed, split, i), so the sequence is endless and takes no memory.
#include "fovea/data/digits.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "fovea/core/random.h"
#include "fovea/data/sources.h"

namespace fovea {
namespace {

constexpr int64_t side = 28;

// A point of the pen's path, in units of the digit's box: x to the right, y down, both from 0 to 1.
struct Point {
  float x = 0, y = 0;
};
// A smooth curve through its points; a corner is where one stroke ends and the next begins.
using Stroke = std::vector<Point>;
using Strokes = std::vector<Stroke>;

// The ways people write each digit.
const std::array<std::vector<Strokes>, 10>& handwriting() {
  static const std::array<std::vector<Strokes>, 10> forms{{
      // 0: an oval; one that is not quite closed; a narrow one begun on the right
      {{{{.52f, .04f},
         {.25f, .17f},
         {.14f, .5f},
         {.24f, .84f},
         {.5f, .96f},
         {.77f, .83f},
         {.87f, .5f},
         {.76f, .16f},
         {.5f, .04f}}},
       {{{.6f, .06f},
         {.3f, .13f},
         {.14f, .46f},
         {.22f, .82f},
         {.48f, .96f},
         {.76f, .84f},
         {.88f, .5f},
         {.74f, .2f},
         {.44f, .1f}}},
       {{{.7f, .18f},
         {.5f, .04f},
         {.3f, .2f},
         {.22f, .52f},
         {.32f, .86f},
         {.52f, .96f},
         {.72f, .8f},
         {.78f, .46f},
         {.66f, .14f}}}},
      // 1: a stroke; one with a flag; one with a flag and a foot
      {{{{.52f, .03f}, {.5f, .5f}, {.48f, .97f}}},
       {{{.28f, .27f}, {.42f, .17f}, {.54f, .03f}}, {{.54f, .03f}, {.53f, .5f}, {.52f, .97f}}},
       {{{.28f, .24f}, {.42f, .16f}, {.52f, .04f}},
        {{.52f, .04f}, {.51f, .5f}, {.5f, .95f}},
        {{.24f, .95f}, {.5f, .94f}, {.78f, .95f}}}},
      // 2: with a corner, with a loop, with a swung foot
      {{{{.2f, .27f}, {.32f, .09f}, {.55f, .04f}, {.77f, .17f}, {.74f, .4f}, {.5f, .66f}, {.16f, .94f}},
        {{.16f, .94f}, {.5f, .93f}, {.86f, .94f}}},
       {{{.2f, .24f},
         {.38f, .06f},
         {.64f, .07f},
         {.77f, .26f},
         {.66f, .5f},
         {.4f, .8f},
         {.2f, .92f},
         {.13f, .82f},
         {.27f, .76f},
         {.55f, .9f},
         {.9f, .88f}}},
       {{{.18f, .2f}, {.45f, .04f}, {.74f, .14f}, {.72f, .4f}, {.46f, .68f}, {.18f, .88f}},
        {{.18f, .88f}, {.4f, .8f}, {.62f, .95f}, {.88f, .84f}}}},
      // 3: two bows; a flat top; bows that pass into one another
      {{{{.2f, .14f}, {.45f, .04f}, {.72f, .13f}, {.7f, .35f}, {.42f, .47f}},
        {{.42f, .47f}, {.74f, .54f}, {.82f, .76f}, {.56f, .95f}, {.17f, .87f}}},
       {{{.18f, .07f}, {.5f, .06f}, {.8f, .07f}},
        {{.8f, .07f}, {.62f, .24f}, {.44f, .42f}},
        {{.44f, .42f}, {.74f, .48f}, {.84f, .72f}, {.58f, .95f}, {.17f, .86f}}},
       {{{.22f, .18f},
         {.46f, .03f},
         {.74f, .16f},
         {.66f, .38f},
         {.46f, .48f},
         {.7f, .54f},
         {.82f, .74f},
         {.6f, .94f},
         {.34f, .95f},
         {.16f, .8f}}}},
      // 4: open; closed; with a slanted bar
      {{{{.26f, .06f}, {.2f, .32f}, {.18f, .56f}},
        {{.18f, .56f}, {.5f, .57f}, {.88f, .54f}},
        {{.7f, .2f}, {.68f, .6f}, {.66f, .97f}}},
       {{{.7f, .97f}, {.7f, .5f}, {.68f, .04f}},
        {{.68f, .04f}, {.4f, .36f}, {.13f, .66f}},
        {{.13f, .66f}, {.5f, .66f}, {.9f, .65f}}},
       {{{.36f, .04f}, {.24f, .34f}, {.12f, .6f}},
        {{.12f, .6f}, {.5f, .58f}, {.86f, .5f}},
        {{.64f, .3f}, {.56f, .64f}, {.5f, .97f}}}},
      // 5: bar, neck and belly; without a corner
      {{{{.82f, .06f}, {.55f, .07f}, {.28f, .07f}},
        {{.28f, .07f}, {.25f, .26f}, {.23f, .45f}},
        {{.23f, .45f}, {.5f, .37f}, {.78f, .5f}, {.8f, .76f}, {.54f, .95f}, {.17f, .87f}}},
       {{{.8f, .06f},
         {.6f, .09f},
         {.36f, .08f},
         {.28f, .24f},
         {.27f, .42f},
         {.52f, .42f},
         {.76f, .56f},
         {.74f, .8f},
         {.5f, .95f},
         {.2f, .88f}}},
       {{{.3f, .1f}, {.27f, .27f}, {.26f, .42f}},
        {{.26f, .42f}, {.54f, .36f}, {.79f, .54f}, {.74f, .82f}, {.46f, .96f}, {.18f, .84f}},
        {{.28f, .09f}, {.54f, .1f}, {.84f, .04f}}}},
      // 6: a long back with a belly; a straighter back
      {{{{.7f, .06f},
         {.42f, .22f},
         {.23f, .52f},
         {.24f, .83f},
         {.5f, .96f},
         {.76f, .83f},
         {.74f, .6f},
         {.5f, .51f},
         {.26f, .68f}}},
       {{{.52f, .03f},
         {.34f, .3f},
         {.22f, .62f},
         {.3f, .9f},
         {.56f, .96f},
         {.78f, .78f},
         {.66f, .58f},
         {.42f, .6f},
         {.26f, .78f}}},
       {{{.78f, .12f},
         {.54f, .06f},
         {.3f, .26f},
         {.2f, .58f},
         {.28f, .88f},
         {.54f, .96f},
         {.74f, .8f},
         {.64f, .58f},
         {.42f, .56f},
         {.22f, .7f}}}},
      // 7: bar and stem; crossed; with a serif
      {{{{.14f, .09f}, {.5f, .08f}, {.84f, .07f}}, {{.84f, .07f}, {.6f, .46f}, {.42f, .97f}}},
       {{{.16f, .1f}, {.5f, .08f}, {.82f, .09f}},
        {{.82f, .09f}, {.6f, .45f}, {.46f, .97f}},
        {{.32f, .52f}, {.55f, .5f}, {.78f, .5f}}},
       {{{.15f, .26f}, {.15f, .16f}, {.17f, .08f}},
        {{.17f, .08f}, {.5f, .11f}, {.83f, .06f}},
        {{.83f, .06f}, {.66f, .5f}, {.6f, .97f}}}},
      // 8: begun in the middle; begun at the top right; two rings
      {{{{.5f, .48f},
         {.26f, .32f},
         {.31f, .1f},
         {.54f, .04f},
         {.75f, .18f},
         {.66f, .38f},
         {.5f, .48f},
         {.26f, .66f},
         {.22f, .86f},
         {.5f, .96f},
         {.78f, .86f},
         {.74f, .64f},
         {.5f, .48f}}},
       {{{.76f, .16f},
         {.52f, .04f},
         {.28f, .16f},
         {.36f, .39f},
         {.66f, .62f},
         {.74f, .85f},
         {.48f, .96f},
         {.25f, .84f},
         {.36f, .6f},
         {.64f, .38f},
         {.78f, .18f}}},
       {{{.5f, .46f}, {.29f, .35f}, {.32f, .12f}, {.52f, .04f}, {.72f, .14f}, {.72f, .36f}, {.5f, .46f}},
        {{.5f, .46f}, {.22f, .6f}, {.24f, .86f}, {.5f, .96f}, {.77f, .86f}, {.78f, .6f}, {.5f, .46f}}}},
      // 9: ring and a bent stem; a straight stem; a hooked one
      {{{{.76f, .28f}, {.62f, .07f}, {.36f, .08f}, {.22f, .28f}, {.36f, .49f}, {.62f, .46f}, {.76f, .28f}},
        {{.76f, .28f}, {.72f, .64f}, {.56f, .97f}}},
       {{{.74f, .24f}, {.52f, .05f}, {.28f, .17f}, {.26f, .4f}, {.48f, .52f}, {.72f, .36f}},
        {{.76f, .06f}, {.75f, .5f}, {.73f, .97f}}},
       {{{.74f, .3f}, {.6f, .06f}, {.32f, .1f}, {.24f, .34f}, {.46f, .5f}, {.7f, .38f}, {.76f, .22f}},
        {{.76f, .22f}, {.76f, .62f}, {.66f, .9f}, {.42f, .96f}, {.22f, .86f}}}},
  }};
  return forms;
}

// The smooth waves that bend the paper (an elastic warp of the strokes, which costs less than one of the pixels and stays
// sharp).
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

// From the digit's box to pixels: scale, slant, turn, shift.
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

// Catmull and Rom, 1974: through b and c, with a and d as neighbours.
Point between(Point a, Point b, Point c, Point d, float t) {
  const auto spline = [t](float p, float q, float r, float s) {
    return q + 0.5f * t * (r - p + t * (2 * p - 5 * q + 4 * r - s + t * (3 * (q - r) + s - p)));
  };
  return {spline(a.x, b.x, c.x, d.x), spline(a.y, b.y, c.y, d.y)};
}

// Ink of a pen moving over paper: the darkest value any part of the line leaves on a pixel.
class Paper {
 public:
  // A line from a to b, in pixels; the pen's radius changes from `from` to `to`.
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
        // Coverage of a pixel by a wide line falls from one to nothing over a pixel and a bit.
        const float radius = from + t * (to - from);
        const float ink = std::clamp((radius - std::sqrt(off_x * off_x + off_y * off_y)) / 1.2f + 0.5f, 0.0f, 1.0f);
        float& pixel = ink_[static_cast<size_t>(y * side + x)];
        pixel = std::max(pixel, ink);
      }
    }
  }

  // Ink to gray with the grain of a scanner.
  void scan(std::span<uint8_t> pixels, float darkness, float grain, Random& random) const {
    for (size_t i = 0; i < pixels.size(); i += 2) {
      const uint32_t bits = random.bits();  // two numbers between -1 and 1, likelier near 0
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
  // The hand misses each point by a little.
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
    constexpr uint64_t purpose = 0x6469676974730000;  // keeps these numbers apart from others drawn with the same seed
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
