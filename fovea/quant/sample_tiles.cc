// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/sample_tiles.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "fovea/core/random.h"
#include "fovea/graph/operators.h"

namespace fovea {
namespace {

int64_t entry(const Graph::Node& node, const char* name, size_t axis) {
  const std::vector<int64_t> values = node.get(name, std::vector<int64_t>{});
  return values.empty() ? 1 : values[std::min(axis, values.size() - 1)];
}

}  // namespace

SampleTiles::SampleTiles(const Graph& graph, const QuantizationPlan::Layer& layer, int64_t extent, int64_t each, uint64_t seed)
    : spatial_(layer.node.is<ops::Conv>()),
      each_(1),
      channels_(graph.type(layer.inputs[0]).shape.back()),
      outputs_(graph.type(layer.output).shape.back()),
      seed_(seed),
      stream_(hash_of(layer.name)) {
  if (!spatial_) return;
  const Shape input = graph.type(layer.inputs[0]).shape, output = graph.type(layer.output).shape,
              filter = graph.type(layer.weight).shape;
  const Attribute* padding = layer.node.find("padding");
  for (size_t i = 0; i < 2; ++i) {
    Axis& axis = axes_[i];
    axis.inputs = input[i + 1];
    axis.results = output[i + 1];
    axis.stride = entry(layer.node, "strides", i);
    const int64_t window = (filter[i] - 1) * entry(layer.node, "dilations", i) + 1;
    axis.tile = std::min(extent, axis.results);
    axis.cells = (axis.tile - 1) * axis.stride + window;
    if (padding == nullptr) continue;
    if (const auto* cells = std::get_if<std::vector<int64_t>>(padding)) {
      axis.before = (*cells)[2 * i];
    } else if (std::get<std::string>(*padding) == "same") {
      axis.before = std::max<int64_t>((axis.results - 1) * axis.stride + window - axis.inputs, 0) / 2;
    }
  }
  if (axes_[0].tile < axes_[0].results || axes_[1].tile < axes_[1].results) each_ = each;
}

Shape SampleTiles::input_shape(int64_t images) const {
  return spatial_ ? Shape{images * each_, axes_[0].cells, axes_[1].cells, channels_} : Shape{images * each_, channels_};
}

Shape SampleTiles::target_shape(int64_t images) const {
  return spatial_ ? Shape{images * each_, axes_[0].tile, axes_[1].tile, outputs_} : Shape{images * each_, outputs_};
}

// The first result of a tile in both dimensions.
std::vector<int64_t> SampleTiles::place(int64_t image, int64_t tile) const {
  Random random(seed_ + static_cast<uint64_t>(image * each_ + tile), stream_);
  std::vector<int64_t> place;
  for (const Axis& axis : axes_) place.push_back(random.below(static_cast<uint32_t>(axis.results - axis.tile + 1)));
  return place;
}

// Calls copy(image, first result of the tile, sample) for each tile of the batch's images. What dense layers read and give is
// copied as it is.
template <typename Copy>
void SampleTiles::gather(const Tensor& batch, int64_t first, Tensor& samples, const Copy& copy) const {
  const int64_t images = batch.shape()[0], size = samples.size() / samples.shape()[0];
  if (!spatial_) {
    std::memcpy(samples.data<float>() + first * size, batch.raw(), batch.bytes());
    return;
  }
  for (int64_t image = 0; image < images; ++image) {
    for (int64_t tile = 0; tile < each_; ++tile)
      copy(image, place(first + image, tile),
           std::span(samples.data<float>() + ((first + image) * each_ + tile) * size, static_cast<size_t>(size)));
  }
}

void SampleTiles::gather_inputs(const Tensor& batch, int64_t first, Tensor& samples) const {
  gather(batch, first, samples, [&](int64_t image, const std::vector<int64_t>& at, std::span<float> sample) {
    std::ranges::fill(sample, 0.0F);
    const int64_t row0 = at[0] * axes_[0].stride - axes_[0].before, column0 = at[1] * axes_[1].stride - axes_[1].before;
    const int64_t begin = std::max<int64_t>(-column0, 0), end = std::min(axes_[1].cells, axes_[1].inputs - column0);
    for (int64_t row = 0; row < axes_[0].cells; ++row) {
      const int64_t from = row0 + row;
      if (from < 0 || from >= axes_[0].inputs || begin >= end) continue;
      std::copy_n(batch.data<float>() + ((image * axes_[0].inputs + from) * axes_[1].inputs + column0 + begin) * channels_,
                  (end - begin) * channels_, sample.data() + (row * axes_[1].cells + begin) * channels_);
    }
  });
}

void SampleTiles::gather_targets(const Tensor& batch, int64_t first, Tensor& samples) const {
  gather(batch, first, samples, [&](int64_t image, const std::vector<int64_t>& at, std::span<float> sample) {
    for (int64_t row = 0; row < axes_[0].tile; ++row)
      std::copy_n(batch.data<float>() + ((image * axes_[0].results + at[0] + row) * axes_[1].results + at[1]) * outputs_,
                  axes_[1].tile * outputs_, sample.data() + row * axes_[1].tile * outputs_);
  });
}

}  // namespace fovea
