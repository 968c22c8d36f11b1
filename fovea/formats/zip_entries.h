// What lies in a zip file that stores its entries as they are: the form in which PyTorch saves. Nothing that the file says of
// itself is trusted: the central directory, every entry's own header and the checksum have to agree.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace fovea {

bool is_zip(std::span<const std::byte> bytes);

// The bytes of each entry, by its name. Fails naming `file` and the entry: compressed or encrypted ones, ranges outside of the
// file.
std::map<std::string, std::span<const std::byte>> zip_entries(std::span<const std::byte> bytes, const std::string& file);

}  // namespace fovea
