// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/summary.h"

#include <map>
#include <utility>

#include "fovea/graph/operators.h"

namespace fovea {
namespace {

// How many trained numbers each layer has; "conv1.weight" belongs to conv1.
std::map<std::string, int64_t> parameters_by_layer(const Traced& traced) {
  std::map<std::string, int64_t> counts;
  for (const ParameterSpec& spec : traced.parameters) {
    const size_t dot = spec.name.rfind('.');
    const std::string layer = dot == std::string::npos ? "" : spec.name.substr(0, dot);
    if (spec.trained) counts[layer] += element_count(spec.shape);
  }
  return counts;
}

}  // namespace

Summary summarize(const Network& network) {
  const Traced traced = trace_inference(network, 1);
  std::map<std::string, int64_t> parameters = parameters_by_layer(traced);
  Summary summary;
  for (const Operation& operation : traced.operations) {
    if (operation.name == ops::Constant::name) continue;
    // A convolution, its bias and its activation count as one layer.
    if (summary.layers.empty() || summary.layers.back().name != operation.layer) {
      summary.layers.push_back({.name = operation.layer, .operation = operation.name});
      summary.layers.back().parameters = std::exchange(parameters[operation.layer], 0);
    }
    LayerRow& row = summary.layers.back();
    if (operation.macs > 0) row.operation = operation.name;  // a row is named by the operator that does most of the work
    row.output = Shape(operation.result.shape.begin() + !operation.result.shape.empty(), operation.result.shape.end());
    row.macs += operation.macs;
  }
  for (const LayerRow& row : summary.layers) {
    summary.parameters += row.parameters;
    summary.macs += row.macs;
  }
  return summary;
}

}  // namespace fovea
