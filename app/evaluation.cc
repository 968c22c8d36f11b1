// SPDX-License-Identifier: Apache-2.0
#include "app/evaluation.h"

#include <fmt/format.h>

#include "app/command.h"

namespace fovea {

namespace {

// Of five classes or fewer every answer is among the first five.
bool tells_by_five(const Metrics& metrics) { return metrics.classes() > 5; }

}  // namespace

std::string evaluation_text(const Metrics& metrics) {
  const std::string five = tells_by_five(metrics) ? fmt::format("  top-5 {:.2f}%", 100 * metrics.top5()) : "";
  return fmt::format("top-1 {:.2f}%{}  loss {:.4f}  on {} images", 100 * metrics.top1(), five, metrics.loss(),
                     with_separators(metrics.count()));
}

nlohmann::ordered_json evaluation_json(const Metrics& metrics) {
  nlohmann::ordered_json json = {{"top1", metrics.top1()}};
  if (tells_by_five(metrics)) json["top5"] = metrics.top5();
  json.update({{"loss", metrics.loss()}, {"count", metrics.count()}});
  return json;
}

}  // namespace fovea
