// SPDX-License-Identifier: Apache-2.0
// Contractions of narrow integers: the same integers as plain loops, whatever instruction computes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/codegen/kernel/kernel_run.h"
#include "tests/codegen/kernel/kernel_text.h"

namespace fovea {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<ConvolutionCase> convolutions() {
  const ConvolutionCase square{.batch = 2, .size = {7, 7}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}, .in = 8, .out = 16};
  ConvolutionCase strided = square, few = square, odd = square;
  // One group is left over after the unrolled depth; its product is where the sum starts.
  const ConvolutionCase pointwise{.batch = 1, .size = {7, 6}, .kernel = {1, 1}, .stride = {2, 2}, .in = 20, .out = 8};
  strided.size = {9, 9};
  strided.stride = {2, 2};
  strided.out = 33;
  few.in = 4;
  few.out = 3;
  odd.out = 1;
  return {square, strided, few, odd, pointwise};
}

// One instruction takes an unsigned and a signed byte; without it, they are extended.
TEST(Integers, ConvolutionsOfQuads) {
  for (const ConvolutionCase& conv : convolutions())
    for (const int signs : {1, 2}) {
      SCOPED_TRACE(conv.describe());
      expect_kernel(integer_forward_text(conv, {.unsigned_image = (signs & 1) != 0,
                                                .unsigned_filter = (signs & 2) != 0,
                                                .group = 4,
                                                .requantize = signs == 1,
                                                .zero = signs - 3}));
    }
}

TEST(Integers, ConvolutionsOfPairs) {
  for (const ConvolutionCase& conv : convolutions()) {
    SCOPED_TRACE(conv.describe());
    expect_kernel(integer_forward_text(conv, {.group = 2, .element = "i16", .requantize = conv.out == 33, .zero = 5}));
  }
}

TEST(Integers, ConvolutionsOfBytes) {
  for (ConvolutionCase conv : convolutions()) {
    conv.in -= conv.in == 8;
    SCOPED_TRACE(conv.describe());
    expect_kernel(integer_forward_text(conv, {.unsigned_image = true, .requantize = conv.out == 16, .zero = 3}));
  }
}

TEST(Integers, Dense) {
  for (const Sizes& size : std::vector<Sizes>{{1, 1, 4}, {7, 17, 12}, {40, 64, 72}})
    for (const int64_t group : {1, 4})
      expect_kernel(
          integer_dense_text(size[0], size[1], size[2], {.unsigned_image = true, .group = group, .requantize = size[1] == 64}));
  // One remaining column, and nothing but one: sums along vectors of groups.
  expect_kernel(integer_dense_text(1, 33, 256, {.unsigned_filter = true, .group = 4, .requantize = true}));
  expect_kernel(integer_dense_text(1, 1, 260, {.unsigned_image = true, .group = 4}));
  expect_kernel(integer_dense_text(1, 33, 256, {.group = 2, .element = "i16"}));
  // So long that sums are kept in scratch memory between blocks of the reduction.
  expect_kernel(integer_dense_text(3, 33, 6004, {.unsigned_filter = true, .group = 4, .requantize = true}));
}

TEST(Integers, Depthwise) {
  for (const int64_t channels : {3, 17})
    for (const bool in_f32 : {false, true}) {
      const ConvolutionCase conv{
          .batch = 2, .size = {7, 9}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}, .in = 1, .out = 1, .groups = channels};
      expect_kernel(
          integer_depthwise_text(conv, {.unsigned_image = in_f32, .requantize = channels > 3, .zero = 11, .in_f32 = in_f32}));
    }
}

TEST(Integers, AreMultipliedByTheInstruction) {
  const ConvolutionCase conv{
      .batch = 1, .size = {14, 14}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}, .in = 64, .out = 64};
  const auto assembly = [&](const IntegerForm& form, const Target& target) {
    return lower_kernel(ParsedKernel(integer_forward_text(conv, form)).function(), "assembly", target);
  };
  const IntegerForm mixed{.unsigned_image = true, .group = 4, .requantize = true}, equal{.group = 4},
      pairs{.group = 2, .element = "i16"};
  EXPECT_THAT(assembly(mixed, Target::named("x86_64-linux-gnu", "znver4")), HasSubstr("vpdpbusd"));
  EXPECT_THAT(assembly(mixed, Target::named("x86_64-linux-gnu", "alderlake")), HasSubstr("vpdpbusd"));
  EXPECT_THAT(assembly(pairs, Target::named("x86_64-linux-gnu", "haswell")), HasSubstr("vpmaddwd"));
  EXPECT_THAT(assembly(equal, Target::named("aarch64-linux-gnu", "cortex-a76")), HasSubstr("sdot"));
  EXPECT_THAT(assembly(pairs, Target::named("wasm32-unknown-unknown")), HasSubstr("i32x4.dot_i16x8_s"));
  const std::string relaxed = assembly(mixed, Target::named("wasm32-unknown-unknown", "relaxed-simd"));
  EXPECT_THAT(relaxed, HasSubstr("i32x4.relaxed_dot_i8x16_i7x16_add_s"));
  // An addition rounds, and nothing checks for NaNs.
  for (const char* slow : {"f32x4.nearest", "i32x4.trunc_sat_f32x4_s", "f32x4.min", "f32x4.max"})
    EXPECT_THAT(relaxed, Not(HasSubstr(slow)));
}

}  // namespace
}  // namespace fovea
