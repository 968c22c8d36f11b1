// SPDX-License-Identifier: Apache-2.0
/// \file
/// What Program needs of an accelerator: memory of its own, in which the calls of a plan run. The folder fovea/device
/// implements it. Includes no MLIR.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

struct ProgramPlan;

/// Optional abilities of a device.
struct DeviceFeatures {
  bool long_integers = false;          ///< arithmetic on 64-bit integers
  bool short_integers = false;         ///< arithmetic on 16-bit integers
  bool bytes = false;                  ///< arithmetic on 8-bit integers
  bool stored_bytes = false;           ///< 8-bit numbers in buffers
  bool stored_short_integers = false;  ///< 16-bit numbers in buffers
};

/// A compiled kernel for a device. In SPIR-V, binding i is operand i, and the last one is a table with an i32 for each operand:
/// the number of elements before it in its binding. In PTX, parameter i is a pointer to operand i.
struct DeviceKernel {
  std::string name;                          ///< the kernel's symbol, for messages
  std::string entry;                         ///< the name of the function in `code`
  std::vector<uint32_t> code;                ///< SPIR-V, or PTX as text that a zero ends
  std::array<uint32_t, 2> workgroups{1, 1};  ///< along x and y
  int64_t invocations = 1;                   ///< of one workgroup
  int64_t workgroup_bytes = 0;               ///< memory that the invocations of a workgroup share
  DeviceFeatures needs;                      ///< what the device must be able to do
  std::vector<int64_t> operand_bytes;        ///< the size of each operand
  std::vector<int64_t> element_bytes;        ///< the size of one of its elements
};

/// A plan in a device's memory, with that of its initializer. For one thread at a time.
class DeviceProgram {
 public:
  virtual ~DeviceProgram() = default;

  /// Bytes of the device's memory that it holds.
  virtual int64_t device_bytes() const = 0;
  /// Copies a tensor to argument `index` of the plan. run() does it for the plan's inputs.
  virtual void upload(size_t index, const Tensor& tensor) = 0;
  /// Copies argument `index` back.
  virtual void download(size_t index, Tensor& tensor) = 0;
  /// Computes the hoisted tensors.
  virtual void initialize() = 0;
  /// Copies the inputs, runs all calls, and copies the results that replace no argument, in the plan's order.
  virtual void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results) = 0;
  /// The same one call after the other: calls `after` with the number of calls done, the first time with 0.
  virtual void run_each(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                        const std::function<void(size_t)>& after) = 0;
  /// Copies what operand `operand` of call `call` is now to `bytes`, which has room for its `count` bytes.
  virtual void read_operand(size_t call, size_t operand, std::byte* bytes, int64_t count) = 0;
};

/// An accelerator. Several threads may use it.
class Device {
 public:
  virtual ~Device() = default;

  /// The name that the driver gives it.
  virtual const std::string& name() const = 0;
  /// Allocates memory for a plan, which must outlive the result, and makes its kernels ready. Fails on a kernel that exceeds
  /// the device's limits, and when memory is short.
  virtual std::unique_ptr<DeviceProgram> load(const ProgramPlan& plan) = 0;
};

}  // namespace fovea
