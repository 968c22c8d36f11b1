// SPDX-License-Identifier: Apache-2.0
#include "fovea/fetch/weights_catalog.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/fetch/catalog_entry.h"
#include "fovea/fetch/weights_text.h"

namespace fovea {
namespace {

// A key of weights, and the values that it may have.
struct Entry : CatalogEntry {
  int64_t whole() const {
    const auto value = node.value_exact<int64_t>();
    if (!value || *value < 1) refuse("{} must be a whole number of at least 1", where());
    return *value;
  }
  double number() const {
    const auto value = node.value<double>();
    if (!node.is_number() || !(*value > 0)) refuse("{} must be a number above 0", where());
    return *value;
  }
  std::vector<double> numbers() const {
    std::vector<double> values;
    if (const toml::array* list = node.as_array())
      for (const toml::node& element : *list) values.push_back(element.value<double>().value_or(-1));
    if (values.empty() || std::ranges::any_of(values, [](double value) { return value < 0; }))
      refuse("{} must be a list of numbers", where());
    return values;
  }
  std::string one_of(const std::vector<std::string>& words) const {
    const std::string word = text();
    if (std::ranges::find(words, word) == words.end()) refuse_unknown(where(), word, words);
    return word;
  }
  // The names of published files contain at least the first eight digits of the checksum.
  std::string checksum() const {
    const std::string sum = text();
    if (sum.size() < 8 || sum.size() > 64 || !is_hexadecimal(sum))
      refuse("{} must be 8 to 64 hexadecimal digits in lower case, the first of a sha256", where());
    return sum;
  }
};

void read_key(RemoteWeights& weights, const Entry& entry) {
  const std::string& key = entry.key;
  if (key == "model") {
    weights.model = entry.text();
  } else if (key == "address") {
    weights.address = entry.text();
  } else if (key == "sha256") {
    weights.file.sha256 = entry.checksum();
  } else if (key == "bytes") {
    weights.file.bytes = entry.whole();
  } else if (key == "license") {
    weights.license = entry.text();
  } else if (key == "top1") {
    weights.top1 = entry.number();
  } else if (key == "size") {
    weights.size = entry.whole();
  } else if (key == "resize") {
    weights.resize = entry.whole();
  } else if (key == "interpolation") {
    weights.interpolation = entry.one_of({"bilinear", "bicubic"});
  } else if (key == "convention") {
    weights.convention = entry.one_of({"torch", "tensorflow"});
  } else if (key == "mean") {
    weights.mean = entry.numbers();
  } else if (key == "deviation") {
    weights.deviation = entry.numbers();
  } else if (key == "width") {
    weights.width = entry.number();
  } else {
    refuse_unknown(entry.at() + "key of weights", key,
                   std::vector<std::string>{"model", "address", "sha256", "bytes", "license", "top1", "size", "resize",
                                            "interpolation", "convention", "mean", "deviation", "width"});
  }
}

RemoteWeights weights_of(std::string name, const toml::node& node, std::string_view file) {
  const std::string where = fmt::format("{}:{}: ", file, node.source().begin.line);
  if (!node.is_table()) refuse("{}\"{}\" stands outside of a table of weights", where, name);
  RemoteWeights weights{.name = std::move(name)};
  for (const auto& [key, value] : *node.as_table()) read_key(weights, {{value, std::string(key.str()), file}});
  if (weights.model.empty() || weights.address.empty() || weights.file.sha256.empty() || weights.file.bytes == 0)
    refuse("{}{} needs its model, address, sha256 and size in bytes", where, weights.name);
  if (weights.mean.size() != weights.deviation.size()) refuse("{}{}: mean and deviation go together", where, weights.name);
  weights.file.name = weights.address.substr(weights.address.rfind('/') + 1);
  if (weights.file.name.empty() || weights.file.name.front() == '.')
    refuse("{}{}: its address ends in no name of a file", where, weights.name);
  weights.file.exact = weights.file.sha256.size() == 64;
  return weights;
}

}  // namespace

const WeightsCatalog& built_in_weights() {
  static const WeightsCatalog catalog = parse_weights(weights_text, "weights.toml");
  return catalog;
}

WeightsCatalog parse_weights(std::string_view toml, std::string_view file) {
  const toml::table table = parse_catalog_table(toml, file);
  // A TOML table has no order, so the entries are sorted by their position in the file.
  std::vector<std::pair<std::string, const toml::node*>> entries;
  for (const auto& [name, node] : table) entries.emplace_back(name.str(), &node);
  std::ranges::stable_sort(entries, {}, [](const auto& entry) { return entry.second->source().begin.line; });
  WeightsCatalog catalog;
  for (const auto& [name, node] : entries) catalog.push_back(weights_of(name, *node, file));
  return catalog;
}

const RemoteWeights* find_weights(const WeightsCatalog& catalog, std::string_view name, std::string_view model) {
  const auto first = [&](auto fits) -> const RemoteWeights* {
    const auto found = std::ranges::find_if(catalog, fits);
    return found == catalog.end() ? nullptr : &*found;
  };
  const auto of_model = [&](std::string_view wanted) {
    return first([&](const RemoteWeights& weights) { return weights.model == wanted; });
  };
  if (name == "imagenet") return of_model(model.empty() ? "mobilenet-v2" : model);
  if (const RemoteWeights* found = first([&](const RemoteWeights& weights) { return weights.name == name; })) return found;
  if (const RemoteWeights* found = first([&](const RemoteWeights& weights) { return weights.file.name == name; })) return found;
  return of_model(name);
}

FetchedWeights fetch_weights(const RemoteWeights& weights, const WeightsPlaces& places, const FetchEvents& events) {
  std::vector<std::filesystem::path> folders = places.caches;
  folders.push_back(places.home);
  for (const std::filesystem::path& folder : folders) {
    if (folder.empty() || !std::filesystem::exists(folder / weights.file.name)) continue;
    if (is_whole(weights.file, folder / weights.file.name, events)) return {folder / weights.file.name};
    if (events.say)
      events.say(fmt::format("{} is not the file it should be; it is passed over", (folder / weights.file.name).string()));
  }
  if (places.offline) {
    std::vector<std::string> names;
    for (const std::filesystem::path& folder : folders)
      if (!folder.empty()) names.push_back(folder.string());
    fail(ErrorCode::not_found, "{} ({}) is in none of {}, and --offline forbids downloading it", weights.name,
         weights.file.name, fmt::join(names, ", "));
  }
  if (places.home.empty()) refuse("there is no folder to download to; set FOVEA_HOME or HOME, or give --folder");
  make_folder(places.home);
  std::string address = weights.address;
  if (!places.mirror.empty()) {
    address = places.mirror;
    while (address.ends_with('/')) address.pop_back();
    address += "/" + weights.file.name;
  }
  const std::filesystem::path target = places.home / weights.file.name;
  return {target, download(weights.file, {address}, target, events)};
}

}  // namespace fovea
