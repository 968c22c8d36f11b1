// SPDX-License-Identifier: Apache-2.0
/// \file
/// Small parts of a layer's input with the results that follow from them.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/quant/plan.h"

namespace fovea {

/// Where tiles of a convolution's result are, and which part of its input each depends on. The one "tile" of a dense layer is
/// its row.
class SampleTiles {
 public:
  /// Tiles of up to `extent` x `extent` results of the layer, `each` of every image, at places that are drawn by seed and
  /// layer.
  SampleTiles(const Graph& graph, const QuantizationPlan::Layer& layer, int64_t extent, int64_t each, uint64_t seed);

  /// Samples of one image: 1 for dense layers, and for convolutions whose result is one tile.
  int64_t each() const { return each_; }
  Shape input_shape(int64_t images) const;   ///< [images * each(), ...]; of convolutions with the padding
  Shape target_shape(int64_t images) const;  ///< [images * each(), ..., outputs]

  /// Copies the parts of a batch of the layer's input, whose first image has the number `first`, to their samples. Cells
  /// outside of the input are 0.
  void gather_inputs(const Tensor& batch, int64_t first, Tensor& samples) const;
  /// The same for the layer's result.
  void gather_targets(const Tensor& batch, int64_t first, Tensor& samples) const;

 private:
  // How a window moves along one spatial dimension.
  struct Axis {
    int64_t inputs = 1, results = 1, stride = 1, before = 0;  // `before`: cells of padding
    int64_t tile = 1;                                         // results of a tile
    int64_t cells = 1;                                        // cells of the input that it depends on
  };

  std::vector<int64_t> place(int64_t image, int64_t tile) const;
  template <typename Copy>
  void gather(const Tensor& batch, int64_t first, Tensor& samples, const Copy& copy) const;

  Axis axes_[2];
  bool spatial_;
  int64_t each_, channels_, outputs_;
  uint64_t seed_, stream_;
};

}  // namespace fovea
