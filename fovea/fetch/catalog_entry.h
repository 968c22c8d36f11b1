// SPDX-License-Identifier: Apache-2.0
// Entries of the catalogs, which are TOML, with their position for messages.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>

namespace fovea {

// A key with its value. It refers to the table and to the name of the file.
struct CatalogEntry {
  const toml::node& node;
  std::string key;
  std::string_view file;

  std::string at() const;     // "catalog.toml:12: "
  std::string where() const;  // "catalog.toml:12: key"
  std::string text() const;   // refuses what is no string, and an empty one
};

bool is_hexadecimal(std::string_view text);  // digits in lower case alone

// Refuses text that is no TOML with its line.
toml::table parse_catalog_table(std::string_view text, std::string_view file);

}  // namespace fovea
