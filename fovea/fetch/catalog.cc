// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/catalog.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/fetch/catalog_text.h"

namespace fovea {
namespace {

// A TOML file and the position of a node in it, for messages.
struct Source {
  std::string_view file;
  std::string at(const toml::node& node) const { return fmt::format("{}:{}: ", file, node.source().begin.line); }
};

std::string text_of(const toml::node& node, std::string_view key, const Source& source) {
  const auto value = node.value_exact<std::string>();
  if (!value || value->empty()) refuse("{}{} must be a string", source.at(node), key);
  return *value;
}

// A name that becomes a file's or folder's name must not lead out of its folder.
std::string plain_name(const toml::node& node, std::string_view key, const Source& source) {
  std::string name = text_of(node, key, source);
  if (name.find_first_of("/\\") != std::string::npos || name.front() == '.') {
    refuse("{}{} is \"{}\"; it must be a plain name, without / and no dot in front", source.at(node), key, name);
  }
  return name;
}

std::string checksum_of(const toml::node& node, std::string_view key, size_t digits, const Source& source) {
  const std::string sum = text_of(node, key, source);
  const bool hexadecimal = sum.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (sum.size() != digits || !hexadecimal) {
    refuse("{}{} must be {} hexadecimal digits in lower case", source.at(node), key, digits);
  }
  return sum;
}

RemoteFile file_of(const toml::node& node, const Source& source) {
  if (!node.is_table()) refuse("{}files must be a list of tables", source.at(node));
  RemoteFile file;
  for (const auto& [name, value] : *node.as_table()) {
    const std::string key(name.str());
    if (key == "name") {
      file.name = plain_name(value, key, source);
    } else if (key == "bytes") {
      file.bytes = value.value_exact<int64_t>().value_or(0);
    } else if (key == "md5") {
      file.md5 = checksum_of(value, key, 32, source);
    } else if (key == "sha256") {
      file.sha256 = checksum_of(value, key, 64, source);
    } else {
      refuse_unknown(source.at(value) + "key of a file", key, std::vector<std::string>{"name", "bytes", "md5", "sha256"});
    }
  }
  if (file.name.empty() || file.bytes < 1) refuse("{}a file needs its name and its size in bytes", source.at(node));
  if (file.md5.empty() && file.sha256.empty()) refuse("{}{} needs its md5 or its sha256", source.at(node), file.name);
  return file;
}

const toml::array& list_of(const toml::node& node, std::string_view key, const Source& source) {
  if (!node.is_array()) refuse("{}{} must be a list", source.at(node), key);
  return *node.as_array();
}

RemoteDataset dataset_of(std::string name, const toml::node& node, const Source& source) {
  if (!node.is_table()) refuse("{}\"{}\" stands outside of a data set's table", source.at(node), name);
  RemoteDataset set{.name = std::move(name)};
  if (set.name.find_first_of("/\\:") != std::string::npos || set.name.front() == '.') {
    refuse("{}\"{}\" cannot be the name of a data set", source.at(node), set.name);
  }
  for (const auto& [inner, value] : *node.as_table()) {
    const std::string key(inner.str());
    if (key == "title") {
      set.title = text_of(value, key, source);
    } else if (key == "mirrors") {
      for (const toml::node& mirror : list_of(value, key, source)) set.mirrors.push_back(text_of(mirror, key, source));
    } else if (key == "files") {
      for (const toml::node& file : list_of(value, key, source)) set.files.push_back(file_of(file, source));
    } else if (key == "unpack") {
      set.unpack = plain_name(value, key, source);
    } else {
      refuse_unknown(source.at(value) + "key of a data set", key,
                     std::vector<std::string>{"title", "mirrors", "files", "unpack"});
    }
  }
  if (set.mirrors.empty() || set.files.empty()) refuse("{}{} needs mirrors and files", source.at(node), set.name);
  return set;
}

}  // namespace

const Catalog& built_in_catalog() {
  static const Catalog catalog = parse_catalog(catalog_text, "catalog.toml");
  return catalog;
}

Catalog parse_catalog(std::string_view toml, std::string_view file) {
  std::optional<toml::table> table;
  try {
    table = toml::parse(toml, file);
  } catch (const toml::parse_error& error) {
    refuse("{}:{}: {}", file, error.source().begin.line, error.description());
  }
  Catalog catalog;
  for (const auto& [name, node] : *table) catalog.push_back(dataset_of(std::string(name.str()), node, {file}));
  return catalog;
}

const RemoteDataset& find_dataset(const Catalog& catalog, std::string_view name) {
  std::vector<std::string> names;
  for (const RemoteDataset& set : catalog) {
    if (set.name == name) return set;
    names.push_back(set.name);
  }
  refuse_unknown("data set to fetch", name, names);
}

}  // namespace fovea
