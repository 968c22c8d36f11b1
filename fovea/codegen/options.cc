// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/options.h"

#include <algorithm>
#include <vector>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// In the order of the enumeration.
const std::vector<std::string>& names() {
  static const std::vector<std::string> known{"never", "auto", "2", "4"};
  return known;
}

}  // namespace

Winograd winograd_named(const std::string& text) {
  const auto found = std::ranges::find(names(), text);
  if (found == names().end()) refuse_unknown("way to use Winograd's algorithm", text, names());
  return static_cast<Winograd>(found - names().begin());
}

const std::string& name(Winograd when) { return names().at(static_cast<size_t>(when)); }

}  // namespace fovea
