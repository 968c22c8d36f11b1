// SPDX-License-Identifier: Apache-2.0
// The last resort for crashes: one line that asks for a report, and exit status 1.
#pragma once

#include <string>

namespace fovea {

// From now on a fault of this process (an invalid access, an abort) ends in that line, which names the command. When LLVM is at
// fault, the work ends in an InternalError as other failures do.
void watch_for_faults(const std::string& command);

const char* watched_command();  // "" before watch_for_faults()

}  // namespace fovea
