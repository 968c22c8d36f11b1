// SPDX-License-Identifier: Apache-2.0
// Kernels on a device compared with the interpreter.
#pragma once

#include <memory>
#include <string>

#include "fovea/runtime/device.h"

namespace fovea {

// The first device of this machine; null, with the reason in `reason`, where there is none.
std::shared_ptr<Device> test_device(std::string& reason);

// Compiled for `target`, or the device's own, expects the kernel to compute on the device what the interpreter does from random
// arguments, twice the same bytes, and spirv-val to accept its binary where it is installed.
void expect_device_kernel(const std::string& text, const std::shared_ptr<Device>& device, const std::string& target = "");

}  // namespace fovea
