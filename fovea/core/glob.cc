// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/glob.h"

#include <fnmatch.h>

namespace fovea {

bool fits_pattern(const std::string& name, const std::string& pattern) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

std::string pattern_of(const std::string& name) {
  std::string pattern;
  for (const char letter : name) {
    if (std::string("*?[]\\").find(letter) != std::string::npos) pattern += '\\';
    pattern += letter;
  }
  return pattern;
}

}  // namespace fovea
