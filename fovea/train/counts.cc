#include "fovea/train/counts.h"

#include <algorithm>

namespace fovea {

Counts count(const Traced& traced) {
  Counts counts;
  for (const Operation& operation : traced.operations) {
    if (counts.layers.empty() || counts.layers.back().layer != operation.layer) {
      counts.layers.push_back({.layer = operation.layer, .operation = operation.name});
    }
    // A row is named by the operator that does the work, and shows what leaves the layer.
    if (operation.macs > 0) counts.layers.back().operation = operation.name;
    counts.layers.back().output = operation.result.shape;
    counts.layers.back().macs += operation.macs;
    counts.macs += operation.macs;
  }
  for (const ParameterSpec& parameter : traced.parameters) {
    if (!parameter.trained) continue;
    const int64_t size = element_count(parameter.shape);
    counts.parameters += size;
    const std::string layer = parameter.name.substr(0, parameter.name.rfind('.'));
    const auto row =
        std::find_if(counts.layers.begin(), counts.layers.end(), [&](const auto& each) { return each.layer == layer; });
    if (row != counts.layers.end()) row->parameters += size;
  }
  return counts;
}

}  // namespace fovea
