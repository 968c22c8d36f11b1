// SPDX-License-Identifier: Apache-2.0
/// \file
/// The layers of a network with their sizes and costs for one image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/nn/trace.h"

namespace fovea {

/// One layer.
struct LayerRow {
  std::string name;        ///< "layer1.0.conv1"
  std::string operation;   ///< "conv"
  Shape output;            ///< without the batch
  int64_t parameters = 0;  ///< trained numbers, counted where a shared layer is first used
  int64_t macs = 0;        ///< multiply-accumulates of convolutions and dense layers
};

/// A network's layers and totals.
struct Summary {
  std::vector<LayerRow> layers;  ///< in the order of execution
  int64_t parameters = 0;        ///< trained numbers in total
  int64_t macs = 0;              ///< multiply-accumulates in total
};

/// Traces the network for one image and counts.
Summary summarize(const Network& network);

}  // namespace fovea
