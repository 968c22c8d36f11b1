// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/catalog.h"

#include "fovea/core/error.h"
#include "fovea/fetch/catalog_entry.h"
#include "fovea/fetch/catalog_text.h"

namespace fovea {
namespace {

// A name that becomes a file's or folder's name must not lead out of its folder.
std::string plain_name(const CatalogEntry& entry) {
  std::string name = entry.text();
  if (name.find_first_of("/\\") != std::string::npos || name.front() == '.') {
    refuse("{} is \"{}\"; it must be a plain name, without / and no dot in front", entry.where(), name);
  }
  return name;
}

std::string checksum_of(const CatalogEntry& entry, size_t digits) {
  const std::string sum = entry.text();
  if (sum.size() != digits || !is_hexadecimal(sum))
    refuse("{} must be {} hexadecimal digits in lower case", entry.where(), digits);
  return sum;
}

RemoteFile file_of(const CatalogEntry& entry) {
  if (!entry.node.is_table()) refuse("{}files must be a list of tables", entry.at());
  RemoteFile file;
  for (const auto& [name, value] : *entry.node.as_table()) {
    const CatalogEntry inner{value, std::string(name.str()), entry.file};
    const std::string& key = inner.key;
    if (key == "name") {
      file.name = plain_name(inner);
    } else if (key == "bytes") {
      file.bytes = value.value_exact<int64_t>().value_or(0);
    } else if (key == "md5") {
      file.md5 = checksum_of(inner, 32);
    } else if (key == "sha256") {
      file.sha256 = checksum_of(inner, 64);
    } else {
      refuse_unknown(inner.at() + "key of a file", key, std::vector<std::string>{"name", "bytes", "md5", "sha256"});
    }
  }
  if (file.name.empty() || file.bytes < 1) refuse("{}a file needs its name and its size in bytes", entry.at());
  if (file.md5.empty() && file.sha256.empty()) refuse("{}{} needs its md5 or its sha256", entry.at(), file.name);
  return file;
}

// The elements of a list, each under the list's key.
std::vector<CatalogEntry> list_of(const CatalogEntry& entry) {
  if (!entry.node.is_array()) refuse("{} must be a list", entry.where());
  std::vector<CatalogEntry> elements;
  for (const toml::node& element : *entry.node.as_array()) elements.push_back({element, entry.key, entry.file});
  return elements;
}

RemoteDataset dataset_of(const CatalogEntry& entry) {
  if (!entry.node.is_table()) refuse("{}\"{}\" stands outside of a data set's table", entry.at(), entry.key);
  RemoteDataset set{.name = entry.key};
  if (set.name.find_first_of("/\\:") != std::string::npos || set.name.front() == '.') {
    refuse("{}\"{}\" cannot be the name of a data set", entry.at(), set.name);
  }
  for (const auto& [name, value] : *entry.node.as_table()) {
    const CatalogEntry inner{value, std::string(name.str()), entry.file};
    const std::string& key = inner.key;
    if (key == "title") {
      set.title = inner.text();
    } else if (key == "mirrors") {
      for (const CatalogEntry& mirror : list_of(inner)) set.mirrors.push_back(mirror.text());
    } else if (key == "files") {
      for (const CatalogEntry& file : list_of(inner)) set.files.push_back(file_of(file));
    } else if (key == "unpack") {
      set.unpack = plain_name(inner);
    } else {
      refuse_unknown(inner.at() + "key of a data set", key, std::vector<std::string>{"title", "mirrors", "files", "unpack"});
    }
  }
  if (set.mirrors.empty() || set.files.empty()) refuse("{}{} needs mirrors and files", entry.at(), set.name);
  return set;
}

}  // namespace

const Catalog& built_in_catalog() {
  static const Catalog catalog = parse_catalog(catalog_text, "catalog.toml");
  return catalog;
}

Catalog parse_catalog(std::string_view toml, std::string_view file) {
  const toml::table table = parse_catalog_table(toml, file);
  Catalog catalog;
  for (const auto& [name, node] : table) catalog.push_back(dataset_of({node, std::string(name.str()), file}));
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
