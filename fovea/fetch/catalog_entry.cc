// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/catalog_entry.h"

#include "fovea/core/error.h"

namespace fovea {

std::string CatalogEntry::at() const { return fmt::format("{}:{}: ", file, node.source().begin.line); }

std::string CatalogEntry::where() const { return at() + key; }

std::string CatalogEntry::text() const {
  const auto value = node.value_exact<std::string>();
  if (!value || value->empty()) refuse("{} must be a string", where());
  return *value;
}

bool is_hexadecimal(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == text.npos; }

toml::table parse_catalog_table(std::string_view text, std::string_view file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    refuse("{}:{}: {}", file, error.source().begin.line, error.description());
  }
}

}  // namespace fovea
