// SPDX-License-Identifier: Apache-2.0
// Every class of kernels against plain loops in double, over shapes on which code generators fail: one, primes, one less and
// one more than a vector, few channels, strides, dilation, padding.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fovea/core/settings.h"
#include "tests/codegen/kernel/kernel_run.h"
#include "tests/codegen/kernel/kernel_text.h"

namespace fovea {
namespace {

using Convolutions = std::vector<ConvolutionCase>;

// A square convolution in two dimensions.
ConvolutionCase square(int64_t batch, int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t padding,
                       int64_t in, int64_t out, int64_t groups = 1) {
  return {.batch = batch,
          .size = {size, size},
          .kernel = {kernel, kernel},
          .stride = {stride, stride},
          .dilation = {dilation, dilation},
          .low = {padding, padding},
          .high = {padding, padding},
          .in = in,
          .out = out,
          .groups = groups};
}

class Kernels : public testing::Test {
 protected:
  static void SetUpTestSuite() { set_settings({}); }
};

TEST_F(Kernels, Convolution) {
  int next = 0;
  for (const ConvolutionCase& conv :
       Convolutions{square(1, 1, 1, 1, 1, 0, 1, 1), square(2, 7, 3, 1, 1, 1, 3, 16), square(1, 9, 3, 2, 1, 1, 5, 17),
                    square(3, 8, 3, 1, 2, 2, 16, 15), square(1, 11, 5, 3, 1, 0, 1, 33), square(2, 6, 1, 1, 1, 0, 31, 32),
                    square(1, 6, 1, 2, 1, 0, 17, 7), square(1, 15, 7, 2, 1, 3, 3, 64), square(2, 5, 3, 1, 1, 1, 33, 31)}) {
    SCOPED_TRACE(conv.describe());
    expect_kernel(forward_text(conv, static_cast<Epilogue>(next++ % 4)));
  }
  for (const Epilogue epilogue : {Epilogue::none, Epilogue::bias_relu, Epilogue::residual, Epilogue::pass_through})
    expect_kernel(forward_text(square(1, 7, 3, 1, 1, 1, 5, 17), epilogue));
}

TEST_F(Kernels, ConvolutionPaddedOnOneSide) {
  ConvolutionCase conv = square(2, 7, 3, 2, 1, 0, 4, 24);
  conv.high = {1, 1};
  expect_kernel(forward_text(conv, Epilogue::bias_relu));
  conv.low = {2, 0};
  conv.high = {0, 2};
  expect_kernel(forward_text(conv));
}

TEST_F(Kernels, ConvolutionOfOneAndThreeDimensions) {
  expect_kernel(forward_text({.batch = 2, .size = {37}, .kernel = {5}, .low = {2}, .high = {2}, .in = 3, .out = 17}));
  expect_kernel(forward_text({.batch = 1, .size = {41}, .kernel = {3}, .stride = {2}, .dilation = {3}, .in = 15, .out = 16}));
  expect_kernel(forward_text(
      {.batch = 2, .size = {4, 5, 6}, .kernel = {3, 3, 3}, .low = {1, 1, 1}, .high = {1, 1, 1}, .in = 3, .out = 8}));
  expect_kernel(forward_text({.batch = 1, .size = {5, 4, 7}, .kernel = {2, 1, 3}, .stride = {1, 2, 2}, .in = 5, .out = 33},
                             Epilogue::bias_relu));
}

TEST_F(Kernels, ConvolutionInOtherElementTypes) {
  expect_kernel(forward_text(square(2, 7, 3, 1, 1, 1, 3, 17), Epilogue::bias_relu, "f64"));
  expect_kernel(forward_text(square(1, 9, 3, 2, 1, 0, 5, 9), Epilogue::none, "i32"));
  expect_kernel(dense_text(13, 17, 31, false, false, Epilogue::bias_relu, "f64"));
  expect_kernel(dense_text(13, 17, 31, false, true, Epilogue::none, "i32"));
}

// Two products at a time when the processor has the instruction and a reduced dimension is even; through f32 otherwise.
TEST_F(Kernels, ConvolutionInBf16) {
  int next = 0;
  for (const ConvolutionCase& conv :
       Convolutions{square(1, 1, 1, 1, 1, 0, 2, 2), square(2, 7, 3, 1, 1, 1, 4, 16), square(1, 9, 3, 2, 1, 1, 6, 18),
                    square(2, 8, 3, 1, 2, 2, 16, 14), square(1, 11, 5, 3, 1, 0, 2, 34), square(2, 6, 1, 1, 1, 0, 34, 32),
                    square(1, 6, 1, 2, 1, 0, 18, 6), square(2, 5, 3, 1, 1, 1, 33, 31), square(1, 9, 3, 1, 1, 1, 3, 16),
                    square(2, 5, 3, 1, 1, 1, 34, 1), square(1, 7, 1, 1, 1, 0, 66, 70)}) {
    SCOPED_TRACE(conv.describe());
    expect_kernel(forward_text(conv, static_cast<Epilogue>(next++ % 4), "bf16"));
  }
  expect_kernel(forward_text({.batch = 2, .size = {37}, .kernel = {5}, .low = {2}, .high = {2}, .in = 4, .out = 18},
                             Epilogue::residual, "bf16"));
  expect_kernel(grouped_text(square(1, 6, 3, 1, 1, 1, 4, 6, 3), "bf16"));
  expect_kernel(depthwise_text(square(1, 9, 3, 2, 1, 1, 1, 1, 17), Epilogue::bias_relu, "bf16"));
}

TEST_F(Kernels, GradientsInBf16) {
  for (const ConvolutionCase& conv :
       Convolutions{square(2, 5, 3, 1, 1, 1, 4, 16), square(2, 7, 3, 1, 1, 0, 18, 6), square(4, 8, 3, 1, 2, 2, 16, 34),
                    square(2, 6, 5, 1, 1, 2, 2, 30), square(4, 6, 1, 1, 1, 0, 32, 14), square(3, 6, 3, 1, 1, 1, 5, 8),
                    square(6, 7, 1, 1, 1, 0, 3, 10)}) {
    SCOPED_TRACE(conv.describe());
    expect_kernel(input_gradient_text(conv, "bf16"));
    expect_kernel(filter_gradient_text(conv, "bf16"));
  }
  expect_kernel(filter_gradient_text(square(2, 9, 3, 2, 1, 1, 6, 12), "bf16"));
  expect_kernel(depthwise_filter_gradient_text(square(2, 7, 3, 1, 1, 1, 1, 1, 17), "bf16"));
}

TEST_F(Kernels, DenseInBf16) {
  int next = 0;
  for (const int64_t rows : {1, 17})
    for (const int64_t columns : {10, 33})
      for (const int64_t depth : {2, 31, 66}) {
        const Epilogue epilogue = static_cast<Epilogue>(next % 4);
        expect_kernel(dense_text(rows, columns, depth, (next & 1) != 0, (next & 2) != 0, epilogue, "bf16"));
        ++next;
      }
}

// Sums of bf16 and element-wise work on it are computed in f32 and rounded to the nearest even.
TEST_F(Kernels, ElementwiseInBf16) {
  for (const int64_t length : {1, 7, 16, 33, 1000}) {
    KernelText k;
    const std::string x = k.argument({3, length}, "bf16"), y = k.argument({3, length}), scale = k.argument({length});
    k.returns({k.elementwise({{x, ""}, {y, ""}, {scale, "(d1)"}}, {3, length},
                             "%x = arith.extf %i0 : bf16 to f32\n%p = arith.mulf %x, %i2 : f32\n"
                             "%s = arith.addf %p, %i1 : f32\n%r = arith.truncf %s : f32 to bf16\nyield %r",
                             "bf16")});
    expect_kernel(k.text());
    KernelText rounded;
    const std::string z = rounded.argument({3, length});
    rounded.returns({rounded.elementwise({{z, ""}}, {3, length},
                                         "%r = arith.truncf %i0 : f32 to bf16\n%x = arith.extf %r : bf16 to f32\nyield %x")});
    expect_kernel(rounded.text());
    KernelText sums;
    const std::string a = sums.argument({5, length}, "bf16"), start = sums.fill({length}, "0.0");
    sums.returns(sums.formula({{a, "(d1, d0)"}}, {{start, "(d0)"}}, 2, 1,
                              "%x = arith.extf %i0 : bf16 to f32\n%s = arith.addf %x, %o0 : f32\nyield %s"));
    expect_kernel(sums.text());
  }
}

TEST_F(Kernels, InputGradient) {
  for (const ConvolutionCase& conv :
       Convolutions{square(1, 5, 3, 1, 1, 1, 3, 16), square(2, 7, 3, 1, 1, 0, 17, 5), square(1, 8, 3, 1, 2, 2, 16, 33),
                    square(2, 6, 5, 1, 1, 2, 1, 31), square(3, 6, 1, 1, 1, 0, 32, 15), square(1, 13, 3, 1, 1, 1, 3, 64),
                    square(2, 11, 5, 1, 1, 2, 3, 40), square(1, 7, 3, 1, 1, 0, 4, 17), square(1, 5, 1, 1, 1, 0, 1, 33),
                    square(1, 9, 3, 1, 2, 2, 2, 16)})
    expect_kernel(input_gradient_text(conv));
  expect_kernel(input_gradient_text({.batch = 2, .size = {19}, .kernel = {4}, .low = {1}, .high = {2}, .in = 7, .out = 12}));
}

TEST_F(Kernels, FilterGradient) {
  for (const ConvolutionCase& conv :
       Convolutions{square(2, 5, 3, 1, 1, 1, 3, 16), square(4, 9, 3, 2, 1, 1, 17, 33), square(1, 8, 3, 1, 2, 2, 16, 15),
                    square(3, 6, 1, 1, 1, 0, 31, 32), square(2, 7, 5, 1, 1, 2, 1, 7), square(8, 12, 3, 1, 1, 1, 16, 16),
                    square(2, 15, 7, 2, 1, 3, 3, 64), square(1, 9, 5, 1, 1, 2, 4, 17), square(3, 8, 3, 1, 2, 2, 2, 33),
                    square(1, 7, 1, 1, 1, 0, 3, 31), square(1, 13, 11, 1, 1, 5, 3, 8)})
    expect_kernel(filter_gradient_text(conv));
  expect_kernel(filter_gradient_text({.batch = 2, .size = {21}, .kernel = {3}, .low = {1}, .high = {1}, .in = 5, .out = 17}));
  expect_kernel(filter_gradient_text({.batch = 1, .size = {4, 4, 5}, .kernel = {2, 3, 2}, .in = 4, .out = 9}));
}

TEST_F(Kernels, Depthwise) {
  for (const int64_t channels : {1, 3, 15, 16, 17, 31, 33, 48}) {
    expect_kernel(depthwise_text(square(2, 7, 3, 1, 1, 1, 1, 1, channels), Epilogue::bias_relu));
    expect_kernel(depthwise_text(square(1, 9, 5, 2, 1, 2, 1, 1, channels)));
    expect_kernel(depthwise_filter_gradient_text(square(2, 7, 3, 2, 1, 1, 1, 1, channels)));
  }
  expect_kernel(depthwise_text({.batch = 2, .size = {29}, .kernel = {7}, .low = {3}, .high = {3}, .groups = 20}));
}

TEST_F(Kernels, Grouped) {
  for (const ConvolutionCase& conv : Convolutions{square(2, 6, 3, 1, 1, 1, 3, 4, 5), square(1, 7, 3, 2, 1, 1, 8, 16, 2),
                                                  square(1, 5, 1, 1, 1, 0, 17, 3, 3), square(2, 5, 3, 1, 2, 2, 1, 2, 16)})
    expect_kernel(grouped_text(conv));
}

TEST_F(Kernels, Dense) {
  for (const bool transpose_left : {false, true})
    for (const bool transpose_right : {false, true})
      for (const Sizes& size :
           std::vector<Sizes>{{1, 1, 1}, {1, 17, 13}, {7, 16, 1}, {33, 31, 15}, {40, 64, 70}, {5, 1, 100}, {129, 10, 37}}) {
        SCOPED_TRACE(fmt::format("{} {}", transpose_left, transpose_right));
        expect_kernel(dense_text(size[0], size[1], size[2], transpose_left, transpose_right, Epilogue::bias_relu));
      }
}

// Reductions so long that accumulators are kept in scratch memory between blocks.
TEST_F(Kernels, LongReductions) {
  expect_kernel(dense_text(3, 33, 6007, false, false, Epilogue::bias_relu));
  expect_kernel(dense_text(34, 48, 2500, true, false, Epilogue::pass_through));
  expect_kernel(dense_text(34, 33, 1024, false, true));
  expect_kernel(forward_text(square(1, 4, 3, 1, 1, 1, 700, 33), Epilogue::residual));
  expect_kernel(filter_gradient_text(square(16, 9, 3, 1, 1, 1, 5, 9)));
}

TEST_F(Kernels, RowReductions) {
  for (const RowReduction kind : {RowReduction::max, RowReduction::sum, RowReduction::exp_sum, RowReduction::two_sums})
    for (const int64_t length : {1, 7, 10, 16, 17, 65, 1000}) expect_kernel(row_reduction_text({13, length}, kind));
  for (const int64_t length : {1, 7, 17, 100}) {
    expect_kernel(row_reduction_text({2, 3, length}, RowReduction::product));
    expect_kernel(row_reduction_text({2, 3, length}, RowReduction::max));
  }
  expect_kernel(row_reduction_text({1, 16}, RowReduction::exp_sum));
}

TEST_F(Kernels, ReductionsToAScalar) {
  for (const int64_t length : {1, 7, 16, 17, 63, 1000}) {
    expect_kernel(row_reduction_text({length}, RowReduction::sum));
    expect_kernel(row_reduction_text({length}, RowReduction::max));
    expect_kernel(row_reduction_text({length}, RowReduction::two_sums));
  }
  for (const Sizes& shape : std::vector<Sizes>{{3, 5}, {4, 16}, {7, 33}, {2, 3, 4, 17}}) {
    KernelText k;
    const int rank = static_cast<int>(shape.size());
    const std::string x = k.argument(shape), start = k.fill({}, "0.0");
    k.returns(k.formula({{x, ""}}, {{start, "()"}}, rank, 0, "%s = arith.addf %i0, %o0 : f32\nyield %s"));
    expect_kernel(k.text());
  }
}

TEST_F(Kernels, ColumnSums) {
  for (const int64_t channels : {1, 3, 15, 16, 17, 33, 100}) {
    expect_kernel(column_sums_text({7, channels}));
    expect_kernel(column_sums_text({2, 5, 6, channels}));
  }
}

TEST_F(Kernels, Pooling) {
  for (const Pool kind : {Pool::max, Pool::average, Pool::argmax}) {
    for (const int64_t channels : {1, 3, 10, 16, 17, 33, 64}) {
      expect_kernel(pool_text(square(2, 6, 2, 2, 1, 0, channels, 1), kind));
      expect_kernel(pool_text(square(1, 7, 3, 2, 1, 1, channels, 1), kind));
    }
    expect_kernel(pool_text(square(2, 7, 7, 1, 1, 0, 20, 1), kind));
    expect_kernel(pool_text({.batch = 2, .size = {23}, .kernel = {3}, .stride = {2}, .in = 5}, kind));
    expect_kernel(pool_text({.batch = 1, .size = {4, 6, 5}, .kernel = {2, 2, 2}, .stride = {2, 2, 1}, .in = 17}, kind));
  }
}

TEST_F(Kernels, ElementWise) {
  const char* const activation =
      "%one = arith.constant 1.0 : f32\n%m = arith.negf %i0 : f32\n%e = math.exp %m : f32\n%d = arith.addf %one, %e : f32\n"
      "%s = arith.divf %i0, %d : f32\n%t = math.tanh %s : f32\nyield %t";
  for (const Sizes& shape :
       std::vector<Sizes>{{1}, {15}, {16}, {17}, {63}, {65}, {1000}, {3, 1}, {5, 31}, {2, 3, 33}, {20000}}) {
    KernelText k;
    const std::string x = k.argument(shape);
    k.returns({k.elementwise({{x, ""}}, shape, activation)});
    expect_kernel(k.text());
  }
}

TEST_F(Kernels, ElementWiseBroadcasts) {
  for (const int64_t channels : {1, 5, 16, 17, 40}) {
    KernelText k;
    const std::string x = k.argument({3, 4, channels}), bias = k.argument({channels}), row = k.argument({3, 4}),
                      whole = k.argument({}), image = k.argument({3, channels});
    k.returns({k.elementwise({{x, ""}, {bias, "(d2)"}, {row, "(d0, d1)"}, {whole, "()"}, {image, "(d0, d2)"}}, {3, 4, channels},
                             "%a = arith.mulf %i0, %i1 : f32\n%b = arith.addf %a, %i2 : f32\n%c = arith.subf %b, %i3 : f32\n"
                             "%d = arith.mulf %c, %i4 : f32\nyield %d")});
    expect_kernel(k.text());
  }
}

TEST_F(Kernels, ElementWiseOfIndices) {
  KernelText k;
  const std::string x = k.argument({5, 33});
  k.returns({k.elementwise({{x, ""}}, {5, 33},
                           "%r = linalg.index 0 : index\n%c = linalg.index 1 : index\n%d = arith.addi %r, %c : index\n"
                           "%i = arith.index_cast %d : index to i32\n%f = arith.sitofp %i : i32 to f32\n"
                           "%y = arith.mulf %f, %i0 : f32\nyield %y")});
  expect_kernel(k.text());
}

TEST_F(Kernels, Integers) {
  for (const int64_t length : {1, 15, 16, 17, 100}) {
    KernelText k;
    const std::string a = k.argument({3, length}, "i32"), b = k.argument({length}, "i32"), x = k.argument({3, length});
    k.returns({k.elementwise({{a, ""}, {b, "(d1)"}, {x, ""}}, {3, length},
                             "%zero = arith.constant 0.0 : f32\n%e = arith.cmpi eq, %i0, %i1 : i32\n"
                             "%s = arith.select %e, %i2, %zero : f32\nyield %s")});
    expect_kernel(k.text());
    KernelText sums;
    const std::string c = sums.argument({4, length}, "i32");
    const std::string start = sums.fill({4}, "0", "i32");
    sums.returns(sums.formula({{c, ""}}, {{start, "(d0)"}}, 2, 1, "%s = arith.addi %i0, %o0 : i32\nyield %s"));
    expect_kernel(sums.text());
  }
}

TEST_F(Kernels, DoublePrecision) {
  for (const int64_t length : {1, 7, 8, 9, 33}) {
    KernelText k;
    const std::string a = k.argument({5, length}, "f64"), b = k.argument({length}, "f64");
    k.returns({k.elementwise({{a, ""}, {b, "(d1)"}}, {5, length}, "%s = arith.divf %i0, %i1 : f64\nyield %s", "f64")});
    expect_kernel(k.text());
    KernelText sums;
    const std::string c = sums.argument({4, length}, "f64"), start = sums.fill({4}, "0.0", "f64");
    sums.returns(sums.formula({{c, ""}}, {{start, "(d0)"}}, 2, 1, "%s = arith.addf %i0, %o0 : f64\nyield %s"));
    expect_kernel(sums.text());
  }
}

TEST_F(Kernels, Transposes) {
  struct Case {
    Sizes shape;
    std::string map;  // of the source, by the loops of the result
    Sizes source;
  };
  for (const Case& c : std::vector<Case>{{{7, 5}, "(d1, d0)", {5, 7}},
                                         {{16, 16}, "(d1, d0)", {16, 16}},
                                         {{33, 17}, "(d1, d0)", {17, 33}},
                                         {{1, 40}, "(d1, d0)", {40, 1}},
                                         {{31, 64}, "(d1, d0)", {64, 31}},
                                         {{2, 3, 17, 5}, "(d0, d3, d1, d2)", {2, 5, 3, 17}},
                                         {{4, 19, 3}, "(d1, d0, d2)", {19, 4, 3}},
                                         {{3, 20, 18}, "(d2, d1, d0)", {18, 20, 3}}}) {
    KernelText k;
    const std::string x = k.argument(c.source);
    k.returns({k.elementwise({{x, c.map}}, c.shape, "yield %i0")});
    expect_kernel(k.text());
    KernelText with_sum;
    const std::string y = with_sum.argument(c.source), z = with_sum.argument(c.shape);
    with_sum.returns({with_sum.elementwise({{y, c.map}, {z, ""}}, c.shape, "%s = arith.addf %i0, %i1 : f32\nyield %s")});
    expect_kernel(with_sum.text());
  }
}

TEST_F(Kernels, CopiesFillsAndReversals) {
  KernelText copy;
  const std::string x = copy.argument({3, 19});
  copy.returns({copy.elementwise({{x, ""}}, {3, 19}, "yield %i0")});
  expect_kernel(copy.text());
  for (const Sizes& shape : std::vector<Sizes>{{}, {1}, {17}, {3, 40}}) {
    KernelText fill;
    const std::string value = fill.scalar("1.5");
    fill.returns({fill.elementwise({}, shape, "yield " + value)});
    expect_kernel(fill.text());
  }
  KernelText scalar;
  const std::string a = scalar.argument({}), b = scalar.argument({});
  scalar.returns({scalar.elementwise({{a, ""}, {b, ""}}, {}, "%s = arith.mulf %i0, %i1 : f32\nyield %s")});
  expect_kernel(scalar.text());
}

TEST_F(Kernels, SlicesAndPaddingOfElementWiseWork) {
  for (const int64_t channels : {3, 16, 17}) {
    KernelText slice;
    const std::string x = slice.argument({2, 9, 8, channels});
    const std::string part = slice.slice(x, {0, 1, 0, 0}, {2, 4, 4, channels}, {1, 2, 2, 1});
    slice.returns({slice.elementwise({{part, ""}}, {2, 4, 4, channels}, "%s = arith.mulf %i0, %i0 : f32\nyield %s")});
    expect_kernel(slice.text());
    KernelText pad;
    const std::string y = pad.argument({2, 5, channels});
    const std::string padded = pad.pad(y, {0, 2, 0}, {0, 1, 0}, "-1.0");
    pad.returns({pad.elementwise({{padded, ""}}, {2, 8, channels}, "%s = arith.addf %i0, %i0 : f32\nyield %s")});
    expect_kernel(pad.text());
    KernelText channel_pad;
    const std::string z = channel_pad.argument({4, channels});
    const std::string wider = channel_pad.pad(z, {0, 3}, {1, 2});
    channel_pad.returns({channel_pad.elementwise({{wider, ""}}, {5, channels + 5}, "yield %i0")});
    expect_kernel(channel_pad.text());
  }
}

TEST_F(Kernels, InsertionsInPlace) {
  for (const int64_t channels : {1, 5, 16, 17}) {
    KernelText k;
    const std::string into = k.argument({2, 9, 9, channels}), x = k.argument({2, 4, 4, channels});
    const std::string y = k.elementwise({{x, ""}}, {2, 4, 4, channels}, "%s = arith.addf %i0, %i0 : f32\nyield %s");
    k.returns({k.insert(y, into, {0, 1, 0, 0}, {1, 2, 2, 1})});
    expect_kernel(k.text());
  }
  // Ranges of channels, as concatenation writes them.
  KernelText k;
  const std::string into = k.argument({6, 40}), x = k.argument({6, 17});
  k.returns({k.insert(k.elementwise({{x, ""}}, {6, 17}, "yield %i0"), into, {0, 3}, {1, 1})});
  expect_kernel(k.text());
}

// One phase of a strided input gradient: a contraction inserted with strides.
TEST_F(Kernels, ContractionInsertedInPlace) {
  for (const int64_t channels : {3, 16, 33}) {
    KernelText k;
    const std::string dx = k.argument({2, 8, 8, channels}), dy = k.argument({2, 4, 4, 12}),
                      w = k.argument({2, 2, channels, 12});
    const std::string padded = k.pad(dy, {0, 1, 1, 0}, {0, 0, 0, 0}), start = k.fill({2, 4, 4, channels}, "0.0");
    const std::string phase =
        k.formula({{padded, "(d0, d1 - d4 + 1, d2 - d5 + 1, d6)"}, {w, "(d4, d5, d3, d6)"}}, {{start, "(d0, d1, d2, d3)"}}, 7,
                  4, "%p = arith.mulf %i0, %i1 : f32\n%s = arith.addf %o0, %p : f32\nyield %s")[0];
    k.returns({k.insert(phase, dx, {0, 1, 0, 0}, {1, 2, 2, 1})});
    expect_kernel(k.text());
  }
}

TEST_F(Kernels, UpdatesInPlace) {
  for (const int64_t length : {1, 15, 17, 1000, 40000}) {
    KernelText k;
    const std::string parameter = k.argument({length}), momentum = k.argument({length}), gradient = k.argument({length}),
                      rate = k.argument({});
    const auto results =
        k.formula({{parameter, ""}, {momentum, ""}, {gradient, ""}, {rate, "()"}},
                  {{k.empty({length}), ""}, {k.empty({length}), ""}}, 1, 1,
                  "%keep = arith.constant 0.9 : f32\n%m = arith.mulf %i1, %keep : f32\n%v = arith.addf %m, %i2 : f32\n"
                  "%step = arith.mulf %i3, %v : f32\n%p = arith.subf %i0, %step : f32\nyield %p, %v");
    k.returns(results);
    k.in_place(0, 0);
    k.in_place(1, 1);
    expect_kernel(k.text());
  }
}

// The update of a parameter in the kernel that computes its gradient.
TEST_F(Kernels, ContractionThatUpdatesInPlace) {
  KernelText k;
  const std::string x = k.argument({20, 33}), dy = k.argument({20, 17}), w = k.argument({33, 17});
  const std::string start = k.fill({33, 17}, "0.0");
  const std::string gradient = k.formula({{x, "(d2, d0)"}, {dy, "(d2, d1)"}}, {{start, "(d0, d1)"}}, 3, 2,
                                         "%p = arith.mulf %i0, %i1 : f32\n%s = arith.addf %o0, %p : f32\nyield %s")[0];
  k.returns({k.elementwise({{gradient, ""}, {w, ""}}, {33, 17}, "%s = arith.subf %i1, %i0 : f32\nyield %s")});
  k.in_place(0, 2);
  expect_kernel(k.text());
}

// The backward pass of max pooling: every input cell takes the gradient of the outputs whose tap selected it.
TEST_F(Kernels, SelectionByTap) {
  for (const int64_t channels : {3, 16, 17}) {
    KernelText k;
    const std::string into = k.argument({2, 6, 6, channels}), dy = k.argument({2, 3, 3, channels}),
                      taps = k.argument({2, 3, 3, channels}, "i32");
    const std::string chosen =
        k.elementwise({{dy, ""}, {taps, ""}}, {2, 3, 3, channels},
                      "%tap = arith.constant 3 : i32\n%zero = arith.constant 0.0 : f32\n"
                      "%e = arith.cmpi eq, %i1, %tap : i32\n%s = arith.select %e, %i0, %zero : f32\nyield %s");
    k.returns({k.insert(chosen, into, {0, 1, 1, 0}, {1, 2, 2, 1})});
    expect_kernel(k.text());
  }
}

// The gradient of a softmax row: a row reduction followed by an element-wise operation on its results.
TEST_F(Kernels, RowReductionWithEpilogue) {
  for (const int64_t length : {1, 10, 17, 64}) {
    KernelText k;
    const std::string x = k.argument({9, length}), y = k.argument({9});
    const std::string sum = k.formula({{x, ""}}, {{k.fill({9}, "0.0"), "(d0)"}}, 2, 1,
                                      "%e = math.exp %i0 : f32\n%s = arith.addf %e, %o0 : f32\nyield %s")[0];
    k.returns({k.elementwise({{sum, ""}, {y, ""}}, {9}, "%l = math.log %i0 : f32\n%s = arith.addf %l, %i1 : f32\nyield %s")});
    expect_kernel(k.text());
  }
}

// What minimum and maximum over a dimension of one element become when it is dropped.
TEST_F(Kernels, ReductionsOfSingleElements) {
  expect_kernel(R"(
    func.func @kernel(%x: tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>) attributes {fovea.kernel} {
      %most = arith.constant 0x7F800000 : f32
      %least = arith.constant 0xFF800000 : f32
      %empty = tensor.empty() : tensor<32xf32>
      %a = linalg.fill ins(%most : f32) outs(%empty : tensor<32xf32>) -> tensor<32xf32>
      %b = linalg.fill ins(%least : f32) outs(%empty : tensor<32xf32>) -> tensor<32xf32>
      %y:2 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                             iterator_types = ["parallel"]}
          ins(%x : tensor<32xf32>) outs(%a, %b : tensor<32xf32>, tensor<32xf32>) {
      ^bb0(%in: f32, %low: f32, %high: f32):
        %0 = arith.minimumf %low, %in : f32
        %1 = arith.maximumf %high, %in : f32
        linalg.yield %0, %1 : f32, f32
      } -> (tensor<32xf32>, tensor<32xf32>)
      return %y#0, %y#1 : tensor<32xf32>, tensor<32xf32>
    })");
}

}  // namespace
}  // namespace fovea
