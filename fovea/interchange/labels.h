// SPDX-License-Identifier: Apache-2.0
/// \file
/// Label files in UTF-8, with the name of class i on line i.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// Whether numbers at the start of lines are dropped or belong to the names, as in a run's own labels.
enum class LabelNumbers : uint8_t { drop, keep };

/// The names in a file. CRLF line ends and a byte order mark are dropped. When every line starts with its own number ("3 cat"
/// or "3:cat", counted from 0, as in the files of Coral's models), the numbers are dropped, too. Fails when the file or a line
/// before the last is empty, or when a line is not UTF-8.
std::vector<std::string> read_labels(const std::filesystem::path& path, LabelNumbers numbers = LabelNumbers::drop);

/// The same from a file's content; `name` stands for the path in messages.
std::vector<std::string> labels_of(std::string_view text, const std::string& name, LabelNumbers numbers = LabelNumbers::drop);

/// Writes one name in a line, like write_file().
void write_labels(const std::filesystem::path& path, const std::vector<std::string>& labels);

/// One name for each of the `classes` of the network `model`: `labels` as given, without the first when that is the background
/// and the network has none, or with it when only the network has one; numbers when there are no labels. Fails, naming `from`,
/// on another count.
std::vector<std::string> class_labels(const std::vector<std::string>& labels, int64_t classes, const std::string& model,
                                      const std::string& from);

}  // namespace fovea
