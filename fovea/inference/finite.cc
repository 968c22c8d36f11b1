// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/finite.h"

#include <fmt/format.h>

#include <algorithm>

#include "fovea/core/finiteness.h"

namespace fovea {

TensorMap::const_iterator not_finite(const TensorMap& tensors) {
  return std::ranges::find_if(tensors, [](const auto& item) { return finiteness(item.second) != Finiteness::finite; });
}

std::string not_finite_text(const NotFinite& found) {
  const std::string value = found.nan ? "nan" : "infinity";
  const std::string layer = found.layer.empty() ? "kernel " + found.kernel : fmt::format("layer \"{}\"", found.layer);
  if (found.tensor.empty()) return fmt::format("it began in {}, which gave {} (kernel {})", layer, value, found.kernel);
  return fmt::format("it began in {}, where \"{}\" became {}", layer, found.tensor, value);
}

}  // namespace fovea
