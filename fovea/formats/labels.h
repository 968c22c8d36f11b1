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

// The same of a file's content; `name` stands for the path in messages.
std::vector<std::string> labels_of(std::string text, const std::string& name);

void write_labels(const std::filesystem::path& path, const std::vector<std::string>& labels);

}  // namespace fovea
