// SPDX-License-Identifier: Apache-2.0
/// \file
/// Names by pattern, as in a shell.
#pragma once

#include <string>

namespace fovea {

/// Whether the whole name fits the pattern: `*` stands for any text (dots and slashes too), `?` for any character, and [abc]
/// for one of those listed.
bool fits_pattern(const std::string& name, const std::string& pattern);

}  // namespace fovea
