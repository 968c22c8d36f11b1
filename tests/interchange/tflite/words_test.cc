// SPDX-License-Identifier: Apache-2.0
// 16-bit activations with 8-bit weights: every bit compared with plain loops by the definitions, and functions close to the
// real ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "fovea/core/error.h"
#include "tests/interchange/tflite/answers.h"
#include "tests/judges/file_model.h"

namespace fovea {
namespace {

using judges::coding;
using judges::FileModel;
using tflite::BuiltinOperator;
namespace file = tflite::schema;

constexpr float in_scale = 0.000307F, out_scale = 0.0007F;

struct Point {
  int64_t multiplier;
  int shift;
};

// m = multiplier * 2^(shift - 31)
Point point_of(double m) {
  int shift = 0;
  auto multiplier = static_cast<int64_t>(std::llround(std::frexp(m, &shift) * 2147483648.0));
  if (multiplier == int64_t{1} << 31) multiplier /= 2, ++shift;
  return {multiplier, shift};
}

int64_t nearest_away(double x) { return std::llround(x); }

// The doubling high product with halves away from zero, then a division with halves away from zero.
int64_t twice_rounded(int64_t x, Point point) {
  const int64_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << std::max(point.shift, 0));
  const int64_t product = shifted * point.multiplier;
  const int64_t high = (product + (product >= 0 ? int64_t{1} << 30 : 1 - (int64_t{1} << 30))) / (int64_t{1} << 31);
  return nearest_away(std::ldexp(static_cast<double>(high), -std::max(-point.shift, 0)));
}

// A multiplier of 15 bits, with halves upwards.
int64_t once_rounded(int64_t x, Point point) {
  const int64_t multiplier = point.multiplier < 0x7fff0000 ? (point.multiplier + (1 << 15)) >> 16 : 0x7fff;
  const int shift = 15 - point.shift;
  return (x * multiplier + (int64_t{1} << (shift - 1))) >> shift;
}

int16_t word(int64_t x, int64_t least = -32768) { return static_cast<int16_t>(std::clamp<int64_t>(x, least, 32767)); }

// One operator on words, from i16 to i16, as the file's ports hold them.
struct Words {
  FileModel model;
  int x = 0, y = 0;
  Words(const Shape& in, float from, const Shape& out, float to)
      : x(model.tensor(in, DType::i16, coding(from, 0))), y(model.tensor(out, DType::i16, coding(to, 0))) {}
  Tensor answer(const Tensor& input) { return answers(model.bytes(x, y), {input})[0]; }
};

void expect_words(const Tensor& given, const std::function<int16_t(int64_t)>& wanted) {
  for (int64_t at = 0; at < given.size(); ++at) ASSERT_EQ(given.data<int16_t>()[at], wanted(at)) << at;
}

TEST(TfliteWords, SumsAndProducts) {
  const Shape shape{1, 5, 7, 9};
  const Tensor a = integer_noise(shape, DType::i16, 1), b = integer_noise(shape, DType::i16, 2);
  for (const auto& [left, right, to] :
       {std::tuple{in_scale, 0.00051F, out_scale}, {0.00051F, in_scale, 0.0011F}, {in_scale, in_scale, in_scale}}) {
    for (const BuiltinOperator code : {BuiltinOperator::ADD, BuiltinOperator::SUB, BuiltinOperator::MUL}) {
      Words words(shape, left, shape, to);
      const int other = words.model.tensor(shape, DType::i16, coding(right, 0), b);
      file::AddOptionsT add;
      file::SubOptionsT sub;
      file::MulOptionsT mul;
      add.pot_scale_int16 = sub.pot_scale_int16 = false;
      add.fused_activation_function = sub.fused_activation_function = mul.fused_activation_function =
          file::ActivationFunctionType::RELU;
      if (code == BuiltinOperator::ADD) words.model.add(code, 5, {words.x, other}, {words.y}, std::move(add));
      if (code == BuiltinOperator::SUB) words.model.add(code, 5, {words.x, other}, {words.y}, std::move(sub));
      if (code == BuiltinOperator::MUL) words.model.add(code, 4, {words.x, other}, {words.y}, std::move(mul));
      const double larger = 2.0 * std::max(left, right);
      const Point by_left = point_of(left / larger), by_right = point_of(right / larger),
                  by_out = point_of(larger / (32768.0 * to));
      const Point by_product = point_of(static_cast<double>(left * right / to));
      expect_words(words.answer(a), [&](int64_t at) {
        const int64_t l = a.data<int16_t>()[at], r = b.data<int16_t>()[at];
        if (code == BuiltinOperator::MUL) return word(twice_rounded(l * r, by_product), 0);
        const int64_t first = twice_rounded(l * 32768, by_left), second = twice_rounded(r * 32768, by_right);
        return word(twice_rounded(code == BuiltinOperator::ADD ? first + second : first - second, by_out), 0);
      });
    }
  }
}

TEST(TfliteWords, SumsOfPowersOfTwoAreShifted) {
  const Shape shape{1, 5, 7, 9};
  const Tensor a = integer_noise(shape, DType::i16, 1), b = integer_noise(shape, DType::i16, 2);
  for (const int shift : {0, 1, 3, 9}) {
    for (const bool left : {false, true}) {
      for (const BuiltinOperator code : {BuiltinOperator::ADD, BuiltinOperator::SUB}) {
        const float to = 0x1p-12F, small = std::ldexp(to, -shift);
        Words words(shape, left ? small : to, shape, to);
        const int other = words.model.tensor(shape, DType::i16, coding(left ? to : small, 0), b);
        if (code == BuiltinOperator::ADD)
          words.model.add(code, 3, {words.x, other}, {words.y}, file::AddOptionsT{});
        else
          words.model.add(code, 3, {words.x, other}, {words.y}, file::SubOptionsT{});
        expect_words(words.answer(a), [&](int64_t at) {
          int64_t l = a.data<int16_t>()[at], r = b.data<int16_t>()[at];
          int64_t& moved = left ? l : r;
          moved = nearest_away(std::ldexp(static_cast<double>(moved), -shift));
          return word(code == BuiltinOperator::ADD ? l + r : l - r);
        });
      }
    }
  }
}

TEST(TfliteWords, Contractions) {
  for (const DType sums : {DType::i64, DType::i32}) {
    for (const int64_t terms : {3, 40, 777}) {
      for (const bool channels : {false, true}) {
        Quantization scales = coding(0.013F, 0);
        if (channels) {
          scales = {.axis = 0};
          for (int at = 0; at < 6; ++at) scales.scales.push_back(0.002F + 0.001F * static_cast<float>(at));
          scales.zeros.assign(6, 0);
        }
        const Tensor x = integer_noise({1, terms}, DType::i16, 1), w = integer_noise({6, terms}, DType::i8, 2),
                     b = integer_noise({6}, sums, 3);
        Words words({1, terms}, in_scale, {1, 6}, 0.0051F);
        words.model.add(BuiltinOperator::FULLY_CONNECTED, 7,
                        {words.x, words.model.tensor({6, terms}, DType::i8, scales, w), words.model.tensor({6}, sums, {}, b)},
                        {words.y}, file::FullyConnectedOptionsT{});
        expect_words(words.answer(x), [&](int64_t out) {
          int64_t sum = sums == DType::i64 ? b.data<int64_t>()[out] : b.data<int32_t>()[out];
          for (int64_t k = 0; k < terms; ++k) sum += int64_t{x.data<int16_t>()[k]} * w.data<int8_t>()[out * terms + k];
          const Point point =
              point_of(static_cast<double>(in_scale) * scales.scales[channels ? static_cast<size_t>(out) : 0] / 0.0051F);
          const bool once = sums == DType::i64 && !channels;
          return word(once ? once_rounded(sum, point) : twice_rounded(static_cast<int32_t>(sum), point));
        });
      }
    }
  }
}

// [1, 5, 6, channels] with 3x3 filters and same padding, plain and depthwise.
TEST(TfliteWords, Convolutions) {
  for (const bool depthwise : {false, true}) {
    const int64_t in = depthwise ? 7 : 3, out = 7;
    const Shape filter = depthwise ? Shape{1, 3, 3, out} : Shape{out, 3, 3, in};
    const Tensor x = integer_noise({1, 5, 6, in}, DType::i16, 1), w = integer_noise(filter, DType::i8, 2),
                 b = integer_noise({out}, DType::i64, 3);
    Words words({1, 5, 6, in}, in_scale, {1, 5, 6, out}, out_scale);
    const std::vector<int> inputs{words.x, words.model.tensor(filter, DType::i8, coding(0.003F, 0), w),
                                  words.model.tensor({out}, DType::i64, {}, b)};
    file::Conv2DOptionsT conv;
    file::DepthwiseConv2DOptionsT each;
    conv.stride_w = conv.stride_h = each.stride_w = each.stride_h = each.depth_multiplier = 1;
    if (depthwise)
      words.model.add(BuiltinOperator::DEPTHWISE_CONV_2D, 5, inputs, {words.y}, std::move(each));
    else
      words.model.add(BuiltinOperator::CONV_2D, 4, inputs, {words.y}, std::move(conv));
    const Point point = point_of(static_cast<double>(in_scale) * 0.003F / out_scale);
    expect_words(words.answer(x), [&](int64_t at) {
      const int64_t channel = at % out, column = at / out % 6, row = at / out / 6;
      int64_t sum = b.data<int64_t>()[channel];
      for (int64_t i = 0; i < 3; ++i)
        for (int64_t j = 0; j < 3; ++j) {
          const int64_t r = row + i - 1, c = column + j - 1;
          if (r < 0 || r >= 5 || c < 0 || c >= 6) continue;
          for (int64_t k = 0; k < (depthwise ? 1 : in); ++k) {
            const int64_t from = depthwise ? channel : k;
            const int64_t tap = depthwise ? (i * 3 + j) * out + channel : ((channel * 3 + i) * 3 + j) * in + k;
            sum += int64_t{x.data<int16_t>()[(r * 6 + c) * in + from]} * w.data<int8_t>()[tap];
          }
        }
      return word(once_rounded(sum, point));
    });
  }
}

TEST(TfliteWords, WindowsAndMeans) {
  const Tensor x = integer_noise({1, 5, 6, 7}, DType::i16, 1);
  for (const bool largest : {false, true}) {
    Words words({1, 5, 6, 7}, in_scale, {1, 3, 3, 7}, in_scale);
    file::Pool2DOptionsT options;
    options.stride_w = options.stride_h = 2;
    options.filter_width = options.filter_height = 3;
    words.model.add(largest ? BuiltinOperator::MAX_POOL_2D : BuiltinOperator::AVERAGE_POOL_2D, 3, {words.x}, {words.y},
                    std::move(options));
    expect_words(words.answer(x), [&](int64_t at) {
      const int64_t channel = at % 7, column = at / 7 % 3, row = at / 7 / 3;
      int64_t sum = 0, count = 0, most = -32768;
      for (int64_t r = 2 * row - 1; r < 2 * row + 2; ++r)
        for (int64_t c = 2 * column; c < 2 * column + 3; ++c) {
          if (r < 0 || r >= 5 || c < 0 || c >= 6) continue;
          const int64_t number = x.data<int16_t>()[(r * 6 + c) * 7 + channel];
          sum += number, ++count;
          most = std::max(most, number);
        }
      return word(largest ? most : nearest_away(static_cast<double>(sum) / static_cast<double>(count)));
    });
  }
  Words words({1, 5, 6, 7}, in_scale, {1, 7}, 0.0002F);
  words.model.add(BuiltinOperator::MEAN, 3, {words.x, words.model.integers({1, 2})}, {words.y}, file::ReducerOptionsT{});
  const Tensor mean = words.answer(x);
  for (int64_t channel = 0; channel < 7; ++channel) {
    double sum = 0;
    for (int64_t at = 0; at < 30; ++at) sum += x.data<int16_t>()[at * 7 + channel];
    EXPECT_NEAR(mean.data<int16_t>()[channel], sum / 30 * static_cast<double>(in_scale) / static_cast<double>(0.0002F), 1);
  }
}

TEST(TfliteWords, Conversions) {
  const Shape shape{1, 9, 40};
  const Tensor x = integer_noise(shape, DType::i16, 1);
  for (const float to : {0.00051F, 0.0001F, 0.0023F}) {
    Words words(shape, in_scale, shape, to);
    words.model.add(BuiltinOperator::QUANTIZE, 3, {words.x}, {words.y}, file::QuantizeOptionsT{});
    const Point point = point_of(static_cast<double>(in_scale) / static_cast<double>(to));
    expect_words(words.answer(x), [&](int64_t at) { return word(twice_rounded(x.data<int16_t>()[at], point)); });
  }
  FileModel model;
  const int real = model.tensor(shape, DType::f32), words = model.tensor(shape, DType::i16, coding(in_scale, 0)),
            back = model.tensor(shape, DType::f32);
  model.add(BuiltinOperator::QUANTIZE, 1, {real}, {words}, file::QuantizeOptionsT{});
  model.add(BuiltinOperator::DEQUANTIZE, 3, {words}, {back}, file::DequantizeOptionsT{});
  const Tensor numbers = real_noise(shape, 3, 12), given = answers(model.bytes(real, back), {numbers})[0];
  for (int64_t at = 0; at < given.size(); ++at) {
    const double quotient = static_cast<double>(numbers.data<float>()[at]) / static_cast<double>(in_scale);
    const int16_t steps = word(std::llround(quotient));
    ASSERT_EQ(given.data<float>()[at], in_scale * static_cast<float>(steps));
  }
}

TEST(TfliteWords, FunctionsAreNearTheRealOnes) {
  const Shape shape{1, 9, 40};
  const Tensor x = integer_noise(shape, DType::i16, 1);
  for (const float scale : {0x1p-12F, in_scale, 0.0011F}) {
    for (const auto& [code, function] : {std::pair<BuiltinOperator, double (*)(double)>{
                                             BuiltinOperator::LOGISTIC, [](double v) { return 1 / (1 + std::exp(-v)); }},
                                         {BuiltinOperator::TANH, [](double v) { return std::tanh(v); }}}) {
      Words words(shape, scale, shape, 0x1p-15F);
      words.model.add(code, 3, {words.x}, {words.y});
      const Tensor y = words.answer(x);
      for (int64_t at = 0; at < y.size(); ++at)
        ASSERT_NEAR(y.data<int16_t>()[at],
                    std::min(32767.0, 32768 * function(static_cast<double>(scale) * x.data<int16_t>()[at])), 6)
            << scale;
    }
  }
  Words words({4, 50}, in_scale, {4, 50}, 0x1p-15F);
  file::SoftmaxOptionsT options;
  options.beta = 1;
  words.model.add(BuiltinOperator::SOFTMAX, 3, {words.x}, {words.y}, std::move(options));
  const Tensor rows = integer_noise({4, 50}, DType::i16, 2), y = answers(words.model.bytes(words.x, words.y), {rows}, 4)[0];
  for (int64_t row = 0; row < 4; ++row) {
    double sum = 0, largest = 0;
    const auto power = [&](int64_t at) {
      return std::exp(static_cast<double>(in_scale) * rows.data<int16_t>()[row * 50 + at]);
    };
    for (int64_t at = 0; at < 50; ++at) {
      sum += power(at);
      largest = std::max(largest, power(at));
    }
    // Each of the 50 powers is off by at most a 32768th of the largest, and so is the sum; the tables are interpolated, too.
    for (int64_t at = 0; at < 50; ++at) {
      const double wanted = 32768 * power(at) / sum;
      ASSERT_NEAR(y.data<int16_t>()[row * 50 + at], wanted, 4 + wanted * 50 / 32768 * largest / sum);
    }
  }
}

TEST(TfliteWords, WhatIsNotComputedIsRefused) {
  const Shape shape{1, 9, 40};
  Words swish(shape, in_scale, shape, out_scale);
  swish.model.add(BuiltinOperator::HARD_SWISH, 1, {swish.x}, {swish.y}, file::HardSwishOptionsT{});
  Words off(shape, in_scale, shape, out_scale);
  off.model.table(off.x).quantization->zero_point = {3};
  off.model.add(BuiltinOperator::QUANTIZE, 3, {off.x}, {off.y}, file::QuantizeOptionsT{});
  for (const auto& [words, reason] : {std::pair{&swish, "operator 0 HARD_SWISH"}, {&off, "must have zero point 0"}}) {
    try {
      read_tflite(words->model.bytes(words->x, words->y), "test.tflite");
      ADD_FAILURE() << reason;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("test.tflite"), testing::HasSubstr(reason)));
    }
  }
}

}  // namespace
}  // namespace fovea
