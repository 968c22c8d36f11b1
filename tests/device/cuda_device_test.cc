// SPDX-License-Identifier: Apache-2.0
// How a plan runs through NVIDIA's driver, whose place a library of the tests takes (fake_cuda.cc).
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "fovea/core/error.h"
#include "fovea/device/devices.h"
#include "fovea/device/kernel_target.h"
#include "fovea/runtime/program.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

using Place = KernelOperand::Place;
using testing::HasSubstr;

DeviceKernel kernel(const std::string& name, const std::string& ptx, int64_t count) {
  DeviceKernel made{.name = name, .entry = name};
  made.code.resize(ptx.size() / sizeof(uint32_t) + 1);
  std::memcpy(made.code.data(), ptx.data(), ptx.size());
  made.workgroups = {static_cast<uint32_t>(count / 128), 2};
  made.invocations = 64;
  made.operand_bytes = {count * 4, count * 4};
  made.element_bytes = {4, 4};
  return made;
}

// sum = 2x + sum, where the sum is state; and y = 2 (2x).
ProgramPlan plan_of(int64_t count) {
  ProgramPlan plan;
  plan.device = open_device("cuda");
  plan.arguments = {{.name = "x", .shape = {count}}, {.name = "sum", .shape = {count}, .input = false}};
  plan.results = {{.name = "sum", .shape = {count}}, {.name = "y", .shape = {count}}};
  plan.result_replaces = {1, -1};
  plan.arena_bytes = count * 4;
  plan.device_kernels = {kernel("twice", ".visible .entry twice(", count), kernel("add", ".visible .entry add(", count)};
  const auto call = [&](int64_t number, KernelOperand from, KernelOperand to) {
    plan.calls.push_back({.name = "call", .device_kernel = number, .operands = {from, to}, .outputs = {{1, count}}});
  };
  call(0, {Place::argument, 0}, {Place::arena});
  call(1, {Place::arena}, {Place::argument, 1});
  call(0, {Place::arena}, {Place::result, 1});
  return plan;
}

class CudaDevices : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    library_ = ::dlopen(FOVEA_FAKE_CUDA, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << ::dlerror();
  }
  static int live() { return reinterpret_cast<int (*)()>(::dlsym(library_, "fake_cuda_live"))(); }
  static void set_capability(int value) { reinterpret_cast<void (*)(int)>(::dlsym(library_, "fake_cuda_capability"))(value); }
  static std::string failure(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  }
  static void* library_;
};

void* CudaDevices::library_ = nullptr;

TEST_F(CudaDevices, AreListedAndNamed) {
  const auto devices = list_devices();
  ASSERT_GE(devices.size(), 2U);
  EXPECT_EQ(devices[1].name, "cuda:0");
  EXPECT_EQ(devices[1].description, "Fake GPU");
  EXPECT_EQ(devices[1].kind, "discrete GPU");
  EXPECT_EQ(devices[1].memory_bytes, 1 << 20);
  EXPECT_EQ(devices[1].driver, "CUDA 12.4, compute capability 8.6");
  const auto device = open_device("gpu");
  EXPECT_EQ(device->name(), "Fake GPU");
  EXPECT_EQ(kernel_target(*device), "sm_86");
  EXPECT_EQ(open_device("cuda:0"), device);
  EXPECT_THAT(failure([] { open_device("cuda:1"); }), HasSubstr("NVIDIA's driver reports 1"));
  EXPECT_THAT(failure([] { open_device("cuda:"); }), HasSubstr("did you mean \"cuda\""));
}

TEST_F(CudaDevices, RunPlans) {
  constexpr int64_t count = 256;
  {
    Program program(plan_of(count));
    Tensor x({count}, DType::f32), sum({count}, DType::f32), y({count}, DType::f32);
    for (int64_t i = 0; i < count; ++i) {
      x.data<float>()[i] = static_cast<float>(i);
      sum.data<float>()[i] = 1;
    }
    ThreadPool threads(1);
    program.run({&x, &sum}, {&y}, threads);
    EXPECT_EQ(sum.data<float>()[3], 7);
    EXPECT_EQ(y.data<float>()[3], 12);
    program.keep_on_device();
    program.run({&x, &sum}, {&y}, threads);
    EXPECT_EQ(sum.data<float>()[255], 511) << "the state is not to be copied back";
    program.read_back({&x, &sum});
    EXPECT_EQ(sum.data<float>()[255], 1021);
    std::vector<double> seconds(3);
    program.profile({&x, &sum}, {&y}, threads, seconds);
    program.read_back({&x, &sum});
    EXPECT_EQ(sum.data<float>()[255], 1531);
    EXPECT_GT(live(), 0);
  }
  EXPECT_EQ(live(), 0) << "something of the driver was not freed";
}

TEST_F(CudaDevices, SayWhatTheyRefuse) {
  const auto running = [](ProgramPlan plan) {
    return failure([&] {
      const int64_t count = element_count(plan.arguments[0].shape);
      Program program(std::move(plan));
      Tensor x({count}, DType::f32), sum({count}, DType::f32), y({count}, DType::f32);
      ThreadPool threads(1);
      program.run({&x, &sum}, {&y}, threads);
    });
  };
  ProgramPlan plan = plan_of(256);
  plan.device_kernels[1] = kernel("add", "not PTX", 256);
  EXPECT_EQ(running(std::move(plan)), "Fake GPU refuses: compiling kernel \"add\": ptxas fatal: no entry");
  plan = plan_of(256);
  plan.device_kernels[0].invocations = 2048;
  EXPECT_EQ(running(std::move(plan)), "kernel \"twice\" needs 2048 invocations in a workgroup; Fake GPU allows 1024");
  EXPECT_THAT(running(plan_of(1 << 20)), HasSubstr("Fake GPU is out of memory: the network with its tensors takes"));
  set_capability(61);
  EXPECT_EQ(failure([] { open_device("cuda"); }), "Fake GPU has compute capability 6.1; kernels need 7.0 or later");
  set_capability(86);
  EXPECT_EQ(live(), 0) << "something of the driver was not freed";
}

}  // namespace
}  // namespace fovea
