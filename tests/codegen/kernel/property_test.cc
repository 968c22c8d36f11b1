// SPDX-License-Identifier: Apache-2.0
// Random kernels of random shapes, always the same ones.
#include <gtest/gtest.h>

#include <random>

#include "fovea/core/settings.h"
#include "tests/codegen/kernel/kernel_run.h"
#include "tests/codegen/kernel/kernel_text.h"

namespace fovea {
namespace {

class RandomKernel {
 public:
  explicit RandomKernel(uint64_t seed) : random_(seed) {}

  std::string text() {
    switch (below(10)) {
      case 0:
      case 1:
        return forward_text(convolution(40), epilogue());
      case 2:
        return input_gradient_text(without_strides(convolution(24)));
      case 3:
        return filter_gradient_text(convolution(24));
      case 4:
        return grouped_text(grouped());
      case 5:
        return depthwise_text(depthwise(), epilogue());
      case 6:
        return depthwise_filter_gradient_text(depthwise());
      case 7:
        return dense_text(from(1, 70), from(1, 70), from(1, 200), below(2) == 1, below(2) == 1, epilogue());
      case 8:
        return pool_text(convolution(40), static_cast<Pool>(below(3)));
      default:
        return reduction();
    }
  }

 private:
  int64_t from(int64_t least, int64_t most) { return std::uniform_int_distribution<int64_t>(least, most)(random_); }
  int64_t below(int64_t count) { return from(0, count - 1); }
  // Vector lengths and their neighbors are more frequent than other numbers.
  int64_t channels(int64_t most) {
    static constexpr int64_t halos[] = {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33};
    const int64_t chosen = halos[below(std::size(halos))];
    return below(2) == 0 && chosen <= most ? chosen : from(1, most);
  }
  Epilogue epilogue() { return static_cast<Epilogue>(below(4)); }

  ConvolutionCase convolution(int64_t most_channels) {
    ConvolutionCase conv{.batch = from(1, 3), .in = channels(most_channels), .out = channels(most_channels)};
    const int64_t dimensions = below(4) == 0 ? (below(2) == 0 ? 1 : 3) : 2;
    for (int64_t i = 0; i < dimensions; ++i) {
      const int64_t most = dimensions == 3 ? 3 : 5, kernel = from(1, most), dilation = below(4) == 0 ? 2 : 1;
      const int64_t reach = (kernel - 1) * dilation + 1;
      conv.kernel.push_back(kernel);
      conv.dilation.push_back(dilation);
      conv.stride.push_back(below(3) == 0 ? from(2, 3) : 1);
      conv.low.push_back(below(2) == 0 ? 0 : below(reach));
      conv.high.push_back(below(2) == 0 ? 0 : below(reach));
      conv.size.push_back(reach + below(dimensions == 3 ? 4 : 9));
    }
    return conv;
  }
  static ConvolutionCase without_strides(ConvolutionCase conv) {
    conv.stride.assign(conv.size.size(), 1);
    return conv;
  }
  ConvolutionCase grouped() {
    ConvolutionCase conv = convolution(12);
    conv.groups = from(2, 5);
    return conv;
  }
  ConvolutionCase depthwise() {
    ConvolutionCase conv = convolution(1);
    conv.groups = channels(70);
    return conv;
  }
  std::string reduction() {
    Sizes shape;
    for (int64_t rank = from(1, 4); rank > 0; --rank) shape.push_back(from(1, 6));
    shape.back() = channels(100);
    if (shape.size() > 1 && below(3) == 0) return column_sums_text(shape);
    return row_reduction_text(shape, static_cast<RowReduction>(below(5)));
  }

  std::mt19937_64 random_;
};

TEST(Property, RandomKernelsComputeTheirFormula) {
  set_settings({});  // without a cache
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expect_kernel(RandomKernel(seed).text(), test_targets()[seed % test_targets().size()]);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace fovea
