// SPDX-License-Identifier: Apache-2.0
// Links object files in memory to functions of this process.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "fovea/runtime/program.h"

namespace fovea {

/// Links object files, each under the name of the function that it defines, and returns these functions. They are valid as long
/// as `code`, which owns the machine code. Fails on an object that does not link.
std::map<std::string, KernelFunction> link_objects(const std::map<std::string, std::string>& objects,
                                                   std::shared_ptr<void>& code);

}  // namespace fovea
