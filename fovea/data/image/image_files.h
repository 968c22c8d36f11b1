// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which files of a folder are data, and which of those are images.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// Whether a name is that of no data, whatever the file contains: names that begin with a dot (.DS_Store, ._photo.jpg,
/// .ipynb_checkpoints), and what systems and archives leave behind (__MACOSX, `@eaDir`, Thumbs.db, desktop.ini).
bool is_hidden(std::string_view name);

/// The entries of `folder` that are not hidden, sorted, so that no numbering depends on the file system. Fails with the reason
/// when the folder cannot be read.
std::vector<std::filesystem::path> entries_in(const std::filesystem::path& folder);

/// Whether the name has an extension of image files, in any case. TIFF counts, so that such files are reported as
/// unreadable and not silently ignored.
bool has_picture_ending(const std::filesystem::path& path);

/// The image files in `folder` and the folders below it, sorted by path: files with an extension of images, and files without
/// an extension that begin like an image.
std::vector<std::filesystem::path> pictures_in(const std::filesystem::path& folder);

}  // namespace fovea
