// SPDX-License-Identifier: Apache-2.0
#include "app/evaluation.h"

#include <fmt/format.h>

#include "app/command.h"

namespace fovea {

std::string evaluation_text(const Metrics& metrics) {
  return fmt::format("top-1 {:.2f}%  top-5 {:.2f}%  loss {:.4f}  on {} images", 100 * metrics.top1(), 100 * metrics.top5(),
                     metrics.loss(), with_separators(metrics.count()));
}

nlohmann::ordered_json evaluation_json(const Metrics& metrics) {
  return {{"top1", metrics.top1()}, {"top5", metrics.top5()}, {"loss", metrics.loss()}, {"count", metrics.count()}};
}

}  // namespace fovea
