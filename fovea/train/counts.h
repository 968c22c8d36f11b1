// Parameters and multiply-accumulates of a network, as papers count them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/nn/trace.h"

namespace fovea {

struct LayerCount {
  std::string layer;      // "conv1"
  std::string operation;  // "conv"
  Shape output;           // with the batch
  int64_t parameters = 0;
  int64_t macs = 0;
};

struct Counts {
  int64_t parameters = 0;          // what is trained: running means and variances are not counted
  int64_t macs = 0;                // of convolutions and dense layers, for one image
  std::vector<LayerCount> layers;  // in the order of the network; operators of one layer are one row
};

// `traced` for a batch of one.
Counts count(const Traced& traced);

}  // namespace fovea
