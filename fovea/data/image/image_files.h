// SPDX-License-Identifier: Apache-2.0
// Which files of a folder are data, and which of them pictures.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// No data, whatever it holds: names that start with a dot (.DS_Store, ._photo.jpg, .ipynb_checkpoints), and what systems and
// archives leave behind (__MACOSX, @eaDir, Thumbs.db, desktop.ini).
bool is_hidden(std::string_view name);

// The entries of `folder` that are not hidden, sorted, so that no numbering depends on the file system. Fails with the reason
// where the folder cannot be read.
std::vector<std::filesystem::path> entries_in(const std::filesystem::path& folder);

// Whether the name ends as those of pictures do, in any case. HEIC, AVIF and TIFF count, so that they are named where they
// cannot be read, and not passed over in silence.
bool has_picture_ending(const std::filesystem::path& path);

// The pictures in `folder` and in the folders below it, sorted by path: what ends as pictures do, and what has no ending and
// begins as one.
std::vector<std::filesystem::path> pictures_in(const std::filesystem::path& folder);

}  // namespace fovea
