// SPDX-License-Identifier: Apache-2.0
// What an .onnx file holds.
#pragma once

#include <filesystem>

#include "fovea/graph/file_summary.h"

namespace fovea {

// Fails in one line on a damaged file; operators that are not read do not matter.
FileSummary summarize_onnx(const std::filesystem::path& path);

}  // namespace fovea
