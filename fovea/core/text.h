// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace fovea {

std::string with_separators(int64_t number);  // 1,513,514
std::string bytes_text(int64_t bytes);        // "12.3 MB"
std::string count_text(double count);         // "12.3 G"

}  // namespace fovea
