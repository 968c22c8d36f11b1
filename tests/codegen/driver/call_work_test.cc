// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/call_work.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fovea/nn/layers.h"
#include "fovea/nn/trace.h"

namespace fovea {
namespace {

Traced small() {
  const auto function = [](Value image) {
    return image | conv({.filters = 16, .kernel = 3, .padding = same, .activation = relu}) | flatten() | dense({.units = 10});
  };
  return trace_inference({.name = "small", .function = function, .input = {8, 8, 4}, .classes = 10}, 2);
}

// Multiply-adds and bytes by hand: the convolution and the dense layer, with what they read and write.
TEST(CallWork, CountsProductsAndBytes) {
  const std::vector<CallWork> calls = work_of(small().graph, {.inference = true});
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].flops, 2.0 * 2 * 8 * 8 * 16 * 3 * 3 * 4);
  EXPECT_EQ(calls[0].bytes_read, 4 * (2 * 8 * 8 * 4 + 3 * 3 * 4 * 16 + 16));
  EXPECT_EQ(calls[0].bytes_written, 4 * 2 * 8 * 8 * 16);
  EXPECT_EQ(calls[0].products, DType::f32);
  EXPECT_EQ(calls[1].flops, 2.0 * 2 * 1024 * 10);
  EXPECT_EQ(calls[1].bytes_read, 4 * (2 * 1024 + 1024 * 10 + 10));
  EXPECT_EQ(calls[1].bytes_written, 4 * 2 * 10);
}

TEST(CallWork, KnowsProductsOfBf16) {
  const std::vector<CallWork> calls = work_of(small().graph, {.inference = true, .dtype = DType::bf16});
  const auto products = std::count_if(calls.begin(), calls.end(),
                                      [](const CallWork& call) { return call.flops > 0 && call.products == DType::bf16; });
  EXPECT_EQ(products, 2);
}

}  // namespace
}  // namespace fovea
