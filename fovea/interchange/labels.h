// SPDX-License-Identifier: Apache-2.0
// Label files: the name of class i on line i, UTF-8.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// Whether numbers of lines are a part of the names: in a run's own labels they are.
enum class LabelNumbers : uint8_t { drop, keep };

// Fails when the file is empty or a line before the last is, or where a line is no UTF-8. Line ends of Windows and a byte-order
// mark are dropped. Where every line starts with its own number ("3 cat" or "3:cat", counted from 0, as in the files of Coral's
// models), the numbers are, too.
std::vector<std::string> read_labels(const std::filesystem::path& path, LabelNumbers numbers = LabelNumbers::drop);

// The same of a file's content; `name` stands for the path in messages.
std::vector<std::string> labels_of(std::string_view text, const std::string& name, LabelNumbers numbers = LabelNumbers::drop);

void write_labels(const std::filesystem::path& path, const std::vector<std::string>& labels);

// One name for each of the `classes` of the network `model`: `labels` as given, without its first where that is the background
// and the network has none, or with it where only the network has; numbers without labels. Fails, naming `from`, on another
// count.
std::vector<std::string> class_labels(const std::vector<std::string>& labels, int64_t classes, const std::string& model,
                                      const std::string& from);

}  // namespace fovea
