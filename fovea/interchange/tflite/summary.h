// SPDX-License-Identifier: Apache-2.0
// What a .tflite file holds.
#pragma once

#include <filesystem>

#include "fovea/graph/file_summary.h"

namespace fovea {

// Of the file's first network. Fails in one line on a damaged file; operators that are not read do not matter.
FileSummary summarize_tflite(const std::filesystem::path& path);

}  // namespace fovea
