// SPDX-License-Identifier: Apache-2.0
#include "app/suspects.h"

#include <fmt/format.h>

#include "app/interrupt.h"
#include "fovea/workflows/suspects.h"

namespace fovea {
namespace {

constexpr int64_t most_suspects = 50;  // printed on a terminal

std::string text_of(const Suspects& found) {
  const std::vector<std::string>& classes = found.images->class_names();
  std::string text = fmt::format("{} of {} training images likely have a wrong label; the likeliest first\n", found.confident,
                                 with_separators(std::ssize(found.ranked)));
  int64_t listed = 0;
  for (const LabelSuspicion& each : found.ranked) {
    if (!each.confident) continue;
    if (++listed > most_suspects) break;
    text += fmt::format("  {:6.3f}  {}: {} rather than {}\n", each.margin, found.images->image_name(each.image),
                        classes[static_cast<size_t>(each.likelier)], classes[static_cast<size_t>(each.label)]);
  }
  if (found.confident > most_suspects)
    text += fmt::format("  and {} more (--json has every image in this order)\n", found.confident - most_suspects);
  return text;
}

nlohmann::ordered_json json_of(const Suspects& found) {
  const std::vector<std::string>& classes = found.images->class_names();
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const LabelSuspicion& each : found.ranked) {
    list.push_back({{"index", each.image},
                    {"name", found.images->image_name(each.image)},
                    {"label", classes[static_cast<size_t>(each.label)]},
                    {"likelier", classes[static_cast<size_t>(each.likelier)]},
                    {"margin", each.margin},
                    {"confident", each.confident}});
  }
  return list;
}

}  // namespace

void list_suspects(const CommonOptions& common, const std::string& run, int folds) {
  Progress progress(false);
  const InterruptGuard guard;
  const SuspectOptions options{.folds = folds, .threads = common.threads, .stop = [&guard] { return guard.signal(); }};
  const Suspects found = find_suspects(run, options, progress);
  print_text(common, text_of(found));
  if (common.json) print_json({{"folds", folds}, {"confident", found.confident}, {"images", json_of(found)}});
}

}  // namespace fovea
