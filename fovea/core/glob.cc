// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/glob.h"

#include <fnmatch.h>

namespace fovea {

bool fits_pattern(const std::string& name, const std::string& pattern) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

}  // namespace fovea
