// SPDX-License-Identifier: Apache-2.0
/// \file
/// Entries of the catalogs, which are TOML files, with their position for messages.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>

namespace fovea {

/// A key with its value. It refers to the table and to the name of the file, which must outlive it.
struct CatalogEntry {
  const toml::node& node;  ///< the value
  std::string key;         ///< its key; of an element of a list, the list's
  std::string_view file;   ///< the name of the file, for messages

  /// The position as it stands before a message: "catalog.toml:12: ".
  std::string at() const;
  /// The position and the key: "catalog.toml:12: key".
  std::string where() const;
  /// The value as text. Refuses what is not a string, and an empty one.
  std::string text() const;
};

/// Whether the text holds hexadecimal digits in lower case alone.
bool is_hexadecimal(std::string_view text);

/// The table in a file's text. Refuses what is not TOML, with its line.
toml::table parse_catalog_table(std::string_view text, std::string_view file);

}  // namespace fovea
