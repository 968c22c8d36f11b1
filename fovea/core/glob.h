// SPDX-License-Identifier: Apache-2.0
/// \file
/// Names by pattern, as in a shell.
#pragma once

#include <string>

namespace fovea {

/// Whether the whole name fits the pattern: `*` stands for any text (dots and slashes too), `?` for any character, and [abc]
/// for one of those listed. A backslash takes the meaning of the next character away.
bool fits_pattern(const std::string& name, const std::string& pattern);

/// The pattern that this name alone fits.
std::string pattern_of(const std::string& name);

}  // namespace fovea
