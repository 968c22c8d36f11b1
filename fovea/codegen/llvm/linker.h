// SPDX-License-Identifier: Apache-2.0
// Links object files in memory to functions of this process.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "fovea/runtime/program.h"

namespace fovea {

/// `objects` has each object under the name of the function that it defines. `code` keeps the machine code mapped.
std::map<std::string, KernelFunction> link_objects(const std::map<std::string, std::string>& objects,
                                                   std::shared_ptr<void>& code);

}  // namespace fovea
