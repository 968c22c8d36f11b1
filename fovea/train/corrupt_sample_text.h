// SPDX-License-Identifier: Apache-2.0
/// \file
/// Corrupt samples as text, in which processes tell them to each other.
#pragma once

#include <string>
#include <vector>

#include "fovea/data/loader.h"

namespace fovea {

/// The samples as one line of JSON. Bytes of their messages that are not UTF-8 are replaced.
std::string text_of(const std::vector<CorruptSample>& samples);

/// The samples that text_of() wrote.
std::vector<CorruptSample> corrupt_samples_in(const std::string& text);

}  // namespace fovea
