// SPDX-License-Identifier: Apache-2.0
/// \file
/// Runs a plan on a device, and knows which of the caller's tensors the device's copies are equal to.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "fovea/runtime/device.h"
#include "fovea/runtime/program.h"

namespace fovea {

/// The device's side of a Program. Inputs are copied at every run. Parameters and state are copied when they are new, have
/// moved in memory, or after values_changed(); where the plan replaces them, they are copied back after the run unless they
/// stay.
class DeviceExecution {
 public:
  /// `plan` names a device and must outlive this object.
  explicit DeviceExecution(const ProgramPlan& plan);

  int64_t device_bytes() const { return program_ ? program_->device_bytes() : 0; }
  void values_changed() { uploaded_.clear(); }
  /// Makes replaced arguments stay on the device until read_back().
  void keep_arguments() { keep_ = true; }
  /// Copies every argument that the plan replaces to the caller's tensor.
  void read_back(const std::vector<Tensor*>& arguments);
  /// Runs the plan; the tensors are those of Program::run(), already checked.
  void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results);
  /// The same call by call; calls `after` with the number of calls done.
  void run_each(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                const std::function<void(size_t)>& after);
  void read_operand(size_t call, size_t operand, std::byte* bytes, int64_t count) {
    program_->read_operand(call, operand, bytes, count);
  }
  /// Frees the device's memory until the next run, after read_back() where arguments stay.
  void release();

 private:
  void prepare(const std::vector<Tensor*>& arguments);
  void finish(const std::vector<Tensor*>& arguments);

  const ProgramPlan& plan_;
  std::unique_ptr<DeviceProgram> program_;
  std::vector<bool> replaced_;              // for each argument
  std::vector<const std::byte*> uploaded_;  // where each argument was when it was copied; empty: none was
  bool keep_ = false, ahead_ = false;       // whether the device has newer values than the caller
};

}  // namespace fovea
