// SPDX-License-Identifier: Apache-2.0
#include "app/data_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "fovea/core/text.h"

namespace fovea {
namespace {

constexpr size_t most_listed = 10;

class Names {
 public:
  Names(const Dataset& train, const Dataset& test) : train_(train), test_(test) {}
  const Dataset& dataset(Split split) const { return split == Split::train ? train_ : test_; }
  // The images of a data set of pixels have no file names but numbers, which are only unique within a split.
  std::string operator()(const DatasetImage& image) const {
    const std::string own = dataset(image.split).image_name(image.index);
    return dataset(image.split).encoded() ? own : fmt::format("{} {}", name(image.split), own);
  }
  std::string class_name(const DatasetImage& image) const {
    const Dataset& split = dataset(image.split);
    return split.class_names()[static_cast<size_t>(split.label(image.index))];
  }

 private:
  const Dataset &train_, &test_;
};

std::string more_text(size_t count) {
  return count > most_listed ? fmt::format("    and {} more (--json has all)\n", count - most_listed) : std::string();
}

std::string duplicates_text(const std::vector<DuplicateImages>& duplicates, const Names& names) {
  if (duplicates.empty()) return {};
  const auto count = [&](auto member) { return std::ranges::count_if(duplicates, member); };
  std::string text = fmt::format(
      "  {} pictures more than once: {} with equal pixels, {} nearly the same; {} in training and test, {} in two classes\n",
      duplicates.size(), count([](const DuplicateImages& each) { return each.exact; }),
      count([](const DuplicateImages& each) { return !each.exact; }),
      count([](const DuplicateImages& each) { return each.across_splits; }),
      count([](const DuplicateImages& each) { return each.across_classes; }));
  // Duplicates across classes come first, then those across splits, because they do the most harm.
  std::vector<const DuplicateImages*> order;
  for (const DuplicateImages& each : duplicates) order.push_back(&each);
  std::ranges::stable_sort(order, std::greater(), [](const DuplicateImages* each) {
    return 2 * static_cast<int>(each->across_classes) + static_cast<int>(each->across_splits);
  });
  for (size_t i = 0; i < std::min(order.size(), most_listed); ++i) {
    text += order[i]->exact ? "    same:" : "    near:";
    for (size_t k = 0; k < std::min(order[i]->images.size(), most_listed); ++k) {
      const DatasetImage& image = order[i]->images[k];
      text += fmt::format("{} {}", k > 0 ? "," : "", names(image));
      if (order[i]->across_classes) text += fmt::format(" ({})", names.class_name(image));
    }
    if (order[i]->images.size() > most_listed) text += fmt::format(" and {} more", order[i]->images.size() - most_listed);
    text += '\n';
  }
  return text + more_text(order.size());
}

std::string list_text(const std::string& title, const std::vector<DatasetImage>& images, const Names& names) {
  if (images.empty()) return {};
  std::string text = fmt::format("  {} {}\n", images.size(), title);
  for (size_t i = 0; i < std::min(images.size(), most_listed); ++i) text += fmt::format("    {}\n", names(images[i]));
  return text + more_text(images.size());
}

nlohmann::ordered_json json_of(const std::vector<DatasetImage>& images, const Names& names) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const DatasetImage& image : images)
    list.push_back({{"split", name(image.split)}, {"index", image.index}, {"name", names(image)}});
  return list;
}

}  // namespace

std::string findings_text(const DatasetFindings& found, const Dataset& train, const Dataset& test) {
  const Names names(train, test);
  std::string text = duplicates_text(found.duplicates, names);
  text += list_text("of one color:", found.constant, names);
  text += list_text("blurred, the worst first:", found.blurred, names);
  text += list_text(fmt::format("tiny, the shorter side below {}:", found.tiny_below), found.tiny, names);
  if (found.imbalance >= notable_imbalance) {
    text +=
        fmt::format("  classes are not balanced: {:.1f} times as many of {} as of {}; fovea train --balance makes up for it\n",
                    found.imbalance, train.class_names()[static_cast<size_t>(found.largest_class)],
                    train.class_names()[static_cast<size_t>(found.smallest_class)]);
  }
  return text.empty() ? "nothing found: no duplicates, no blurred, tiny or empty pictures, classes balanced\n"
                      : "findings:\n" + text;
}

nlohmann::ordered_json findings_json(const DatasetFindings& found, const Dataset& train, const Dataset& test) {
  const Names names(train, test);
  nlohmann::ordered_json json = {{"duplicates", nlohmann::ordered_json::array()}};
  for (const DuplicateImages& each : found.duplicates) {
    json["duplicates"].push_back({{"images", json_of(each.images, names)},
                                  {"exact", each.exact},
                                  {"across_splits", each.across_splits},
                                  {"across_classes", each.across_classes}});
  }
  json["constant"] = json_of(found.constant, names);
  json["blurred"] = json_of(found.blurred, names);
  json["tiny"] = json_of(found.tiny, names);
  json["tiny_below"] = found.tiny_below;
  json["imbalance"] = found.imbalance;
  return json;
}

}  // namespace fovea
