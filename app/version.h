// SPDX-License-Identifier: Apache-2.0
// What `fovea --version --json` prints: what has to be known of a program and its machine to repeat what somebody reports.
#pragma once

#include <string>

namespace fovea {

// JSON, without a line end: the versions of fovea, of its compiler and of LLVM, the processor as code generation sees it, and
// the folder of the kernel cache (null where there is none). "format" grows when a name goes or changes its meaning. Refuses
// what FOVEA_CPU names where Target::host does.
std::string version_json();

}  // namespace fovea
