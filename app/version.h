// SPDX-License-Identifier: Apache-2.0
// The output of `fovea --version --json`: what has to be known about the program and the machine to reproduce a report.
#pragma once

#include <string>

namespace fovea {

// JSON without a line end: the versions of fovea, of its compiler and of LLVM, the processor as code generation sees it, and
// the folder of the kernel cache (null when there is none). "format" is increased when a name is removed or changes its
// meaning. Refuses the value of FOVEA_CPU as Target::host does.
std::string version_json();

}  // namespace fovea
