// SPDX-License-Identifier: Apache-2.0
/// \file
/// A summary of a .tflite file.
#pragma once

#include <filesystem>

#include "fovea/graph/file_summary.h"

namespace fovea {

/// Summarizes the file's first network. Fails in one line on a corrupt file; operators need not be supported.
FileSummary summarize_tflite(const std::filesystem::path& path);

}  // namespace fovea
