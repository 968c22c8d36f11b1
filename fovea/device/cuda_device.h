// SPDX-License-Identifier: Apache-2.0
// A device of NVIDIA's driver: its context, its limits, compiled kernels, and memory on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/device/cuda_driver.h"
#include "fovea/runtime/device.h"

namespace fovea {

class CudaDevice : public Device {
 public:
  /// Opens device `number` of the driver. Fails on a device that is older than compute capability 7.0.
  CudaDevice(std::shared_ptr<CudaDriver> driver, int number);
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;
  ~CudaDevice() override;

  const std::string& name() const override { return name_; }
  /// LLVM's name of the chip: "sm_80".
  const std::string& chip() const { return chip_; }
  std::unique_ptr<DeviceProgram> load(const ProgramPlan& plan) override;

  /// Makes this device that of the calling thread.
  void use() const;
  /// Compiles a kernel; the calling thread uses the device. The driver keeps what it compiled on disk. Fails on a kernel that
  /// exceeds a limit.
  CudaHandle compile(const DeviceKernel& kernel) const;
  int attribute(int which) const;
  void check(CudaResult result, const std::string& what) const { driver->check(result, name_, what); }

  std::shared_ptr<CudaDriver> driver;

 private:
  void check_limits(const DeviceKernel& kernel) const;

  int device_ = 0;
  std::string name_, chip_;
  CudaHandle context_ = nullptr;
};

/// Attributes of a device, by the numbers of the driver's interface.
namespace cuda_attribute {
inline constexpr int block_threads = 1, shared_bytes = 8, integrated = 18, major = 75, minor = 76;
}

}  // namespace fovea
