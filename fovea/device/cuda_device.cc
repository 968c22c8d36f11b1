// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/cuda_device.h"

#include <algorithm>
#include <array>

#include "fovea/core/error.h"
#include "fovea/device/cuda_program.h"

namespace fovea {

namespace {

// Of the driver's interface: threads that wait sleep; where the compiler writes what it has to say, and how much.
constexpr unsigned blocking_wait = 4;
constexpr int error_log = 5, error_log_bytes = 6;
// The memory of a kernel's parameters, of which each pointer takes 8 bytes.
constexpr int64_t most_operands = 4096 / 8;

std::string first_line(const char* text) {
  const std::string whole = text;
  return whole.substr(0, whole.find('\n'));
}

}  // namespace

CudaDevice::CudaDevice(std::shared_ptr<CudaDriver> opened, int number) : driver(std::move(opened)) {
  name_ = fmt::format("cuda:{}", number);
  check(driver->DeviceGet(&device_, number), "opening it");
  std::array<char, 256> name{};
  check(driver->DeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device_), "opening it");
  name_ = name.data();
  const int major = attribute(cuda_attribute::major), minor = attribute(cuda_attribute::minor);
  if (major < 7)
    fail(ErrorCode::unavailable, "{} has compute capability {}.{}; kernels need 7.0 or later", name_, major, minor);
  chip_ = fmt::format("sm_{}{}", major, minor);
  driver->PrimaryContextSetFlags(device_, blocking_wait);  // refused where another user of this process has set others
  check(driver->PrimaryContextRetain(&context_, device_), "opening it");
}

CudaDevice::~CudaDevice() {
  if (context_ != nullptr) driver->PrimaryContextRelease(device_);
}

int CudaDevice::attribute(int which) const {
  int value = 0;
  check(driver->DeviceGetAttribute(&value, which, device_), "asking for its limits");
  return value;
}

void CudaDevice::use() const { check(driver->ContextSetCurrent(context_), "using it"); }

void CudaDevice::check_limits(const DeviceKernel& kernel) const {
  const auto limit = [&](const char* what, int64_t needed, int64_t allowed) {
    if (needed > allowed)
      fail(ErrorCode::resource_exhausted, "kernel \"{}\" needs {} {}; {} allows {}", kernel.name, needed, what, name_, allowed);
  };
  limit("invocations in a workgroup", kernel.invocations, attribute(cuda_attribute::block_threads));
  limit("bytes of workgroup memory", kernel.workgroup_bytes, attribute(cuda_attribute::shared_bytes));
  limit("tensors", static_cast<int64_t>(kernel.operand_bytes.size()), most_operands);
}

CudaHandle CudaDevice::compile(const DeviceKernel& kernel) const {
  check_limits(kernel);
  std::array<char, 4096> log{};
  std::array<int, 2> options{error_log, error_log_bytes};
  std::array<void*, 2> values{log.data(), reinterpret_cast<void*>(log.size() - 1)};
  CudaHandle module = nullptr;
  const CudaResult result = driver->ModuleLoadData(&module, kernel.code.data(), 2, options.data(), values.data());
  if (log[0] != '\0' && result != 0)
    fail(ErrorCode::unavailable, "{} refuses: compiling kernel \"{}\": {}", name_, kernel.name, first_line(log.data()));
  check(result, fmt::format("compiling kernel \"{}\"", kernel.name));
  return module;
}

std::unique_ptr<DeviceProgram> CudaDevice::load(const ProgramPlan& plan) { return std::make_unique<CudaProgram>(*this, plan); }

}  // namespace fovea
