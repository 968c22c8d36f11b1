// SPDX-License-Identifier: Apache-2.0
// Names by pattern, as shells have it.
#pragma once

#include <string>

namespace fovea {

// `*` fits any text (dots too), `?` any letter, [abc] one of them. The whole name must fit.
bool fits_pattern(const std::string& name, const std::string& pattern);

}  // namespace fovea
