// Label files: the name of class i on line i, UTF-8.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

// Fails when the file is empty or a line before the last is. Line ends of Windows and a byte-order mark are dropped. Where
// every line starts with its own number ("3 cat" or "3:cat", counted from 0, as in the files of Coral's models), the numbers
// are, too.
std::vector<std::string> read_labels(const std::filesystem::path& path);

void write_labels(const std::filesystem::path& path, const std::vector<std::string>& labels);

}  // namespace fovea
