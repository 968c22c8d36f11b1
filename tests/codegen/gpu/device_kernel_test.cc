// SPDX-License-Identifier: Apache-2.0
// Kernels of every kind on a Vulkan device against plain loops in double.
#include <gtest/gtest.h>

#include "fovea/core/settings.h"
#include "tests/codegen/gpu/device_run.h"
#include "tests/codegen/kernel/kernel_text.h"

namespace fovea {
namespace {

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

class DeviceKernels : public testing::Test {
 protected:
  static void SetUpTestSuite() { set_settings({}); }
  void SetUp() override {
    std::string reason;
    device_ = test_device(reason);
    if (!device_) GTEST_SKIP() << reason;
  }
  void expect(const std::string& text) { expect_device_kernel(text, device_); }

  std::shared_ptr<Device> device_;
};

// Tiles in workgroup memory, with whole and partial tiles, and one result at a time where there are few channels.
TEST_F(DeviceKernels, Convolution) {
  int next = 0;
  for (const ConvolutionCase& conv :
       {square(1, 1, 1, 1, 1, 0, 1, 1), square(2, 7, 3, 1, 1, 1, 3, 16), square(1, 9, 3, 2, 1, 1, 5, 17),
        square(3, 8, 3, 1, 2, 2, 16, 15), square(1, 15, 7, 2, 1, 3, 3, 64), square(2, 5, 3, 1, 1, 1, 33, 31),
        square(1, 8, 1, 1, 1, 0, 16, 64), square(2, 9, 3, 1, 1, 1, 6, 70)})
    expect(forward_text(conv, static_cast<Epilogue>(next++ % 4)));
  expect(forward_text({.batch = 2, .size = {37}, .kernel = {5}, .low = {2}, .high = {2}, .in = 3, .out = 17}));
  expect(forward_text(
      {.batch = 2, .size = {4, 5, 6}, .kernel = {3, 3, 3}, .low = {1, 1, 1}, .high = {1, 1, 1}, .in = 3, .out = 9}));
}

TEST_F(DeviceKernels, Dense) {
  for (const bool left : {false, true})
    for (const bool right : {false, true}) expect(dense_text(70, 67, 33, left, right, Epilogue::bias_relu));
  expect(dense_text(1, 10, 300, false, false, Epilogue::bias_relu));
  expect(dense_text(64, 64, 64, false, false, Epilogue::residual));
  expect(dense_text(13, 17, 31, false, true, Epilogue::none, "i32"));
}

TEST_F(DeviceKernels, Depthwise) {
  expect(depthwise_text(square(2, 7, 3, 1, 1, 1, 1, 1, 19), Epilogue::bias_relu));
  expect(depthwise_text(square(1, 9, 5, 2, 1, 2, 1, 1, 32)));
  expect(grouped_text(square(2, 6, 3, 1, 1, 1, 9, 11, 3)));
}

TEST_F(DeviceKernels, Gradients) {
  expect(input_gradient_text(square(2, 7, 3, 1, 1, 1, 5, 17)));
  expect(filter_gradient_text(square(2, 7, 3, 1, 1, 1, 5, 17)));
  expect(filter_gradient_text(square(4, 9, 3, 2, 1, 1, 1, 3)));
  expect(depthwise_filter_gradient_text(square(3, 8, 3, 1, 1, 1, 1, 1, 11)));
}

TEST_F(DeviceKernels, Windows) {
  for (const Pool kind : {Pool::max, Pool::average, Pool::argmax}) {
    expect(pool_text(square(2, 7, 3, 2, 1, 0, 9, 9), kind));
    expect(pool_text(square(1, 6, 2, 2, 1, 0, 16, 16), kind));
  }
}

// By one invocation, and by those of a workgroup.
TEST_F(DeviceKernels, Reductions) {
  for (const RowReduction kind :
       {RowReduction::max, RowReduction::sum, RowReduction::exp_sum, RowReduction::two_sums, RowReduction::product}) {
    expect(row_reduction_text({5, 10}, kind));
    if (kind != RowReduction::product) expect(row_reduction_text({3, 1000}, kind));
  }
  expect(column_sums_text({4, 9, 7, 21}));
  expect(column_sums_text({2, 5, 3}));
}

// Numbers of 16 bits in memory, computed in f32.
TEST_F(DeviceKernels, Bf16) {
  expect(forward_text(square(1, 7, 3, 1, 1, 1, 5, 17), Epilogue::bias_relu, "bf16"));
  expect(dense_text(13, 17, 131, false, true, Epilogue::residual, "bf16"));
  expect(depthwise_text(square(1, 9, 3, 2, 1, 1, 1, 1, 17), Epilogue::bias_relu, "bf16"));
  expect(filter_gradient_text(square(2, 7, 3, 1, 1, 1, 5, 12), "bf16"));
}

// On devices whose workgroups have less than 256 invocations.
TEST_F(DeviceKernels, SmallWorkgroups) {
  for (const std::string& text :
       {forward_text(square(2, 9, 3, 1, 1, 1, 6, 70)), row_reduction_text({3, 1000}, RowReduction::sum),
        dense_text(70, 67, 33, false, true, Epilogue::bias_relu)})
    expect_device_kernel(text, device_, "vulkan-128");
}

TEST_F(DeviceKernels, IntegersAndBytes) {
  expect(integer_dense_text(9, 12, 40, {.requantize = true}));
  expect(integer_forward_text(square(1, 6, 3, 1, 1, 1, 5, 9), {.requantize = true, .zero = -3}));
}

}  // namespace
}  // namespace fovea
