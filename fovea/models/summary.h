// SPDX-License-Identifier: Apache-2.0
// A network's layers, sizes and costs, for one image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/nn/trace.h"

namespace fovea {

struct LayerRow {
  std::string name;        // "layer1.0.conv1"
  std::string operation;   // "conv"
  Shape output;            // without the batch
  int64_t parameters = 0;  // trained numbers, counted where a shared layer is first used
  int64_t macs = 0;        // multiply-accumulates of convolutions and dense layers
};

struct Summary {
  std::vector<LayerRow> layers;
  int64_t parameters = 0;
  int64_t macs = 0;
};

Summary summarize(const Network& network);

}  // namespace fovea
