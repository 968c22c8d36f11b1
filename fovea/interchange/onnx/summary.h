// SPDX-License-Identifier: Apache-2.0
/// \file
/// A summary of an .onnx file.
#pragma once

#include <filesystem>

#include "fovea/graph/file_summary.h"

namespace fovea {

/// Summarizes a file. Fails in one line on a corrupt file; operators need not be supported.
FileSummary summarize_onnx(const std::filesystem::path& path);

}  // namespace fovea
