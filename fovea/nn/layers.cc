// SPDX-License-Identifier: Apache-2.0
// Layers without weights: activations, pooling, and layers that reshape.
#include "fovea/nn/layers.h"

#include <fmt/format.h>

#include <numeric>

#include "fovea/core/error.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/recorder.h"

namespace fovea {
namespace {

std::string called(Value x, const char* kind) { return fmt::format("{} \"{}\"", kind, x.recorder().path()); }

int64_t spatial_rank(Value x, const std::string& layer) {
  const int64_t spatial = x.rank() - 2;
  if (spatial >= 1 && spatial <= 3) return spatial;
  refuse("{}: the input {} must be [batch, spatial..., channels] with 1 to 3 spatial dimensions", layer, to_string(x.shape()));
}

// Increases the padding behind the image so that the last window which begins inside the image or the padding before it is
// whole. This is PyTorch's rule, by which a window that is in padding alone does not count.
void widen_padding(Value x, const std::vector<int64_t>& window, operators::Movement& movement, const std::string& layer) {
  std::vector<int64_t> padding(2 * window.size(), 0);
  if (const auto* pairs = movement.padding.cells()) padding = *pairs;
  if (movement.padding.rule() == "same")
    refuse("{}: partial windows need a padding of valid or numbers; same rounds up already", layer);
  for (size_t i = 0; i < window.size(); ++i) {
    const int64_t extent = x.extent(static_cast<int64_t>(i) + 1), before = padding[2 * i], stride = movement.strides[i];
    const int64_t room = std::max<int64_t>(extent + before + padding[2 * i + 1] - window[i], 0);
    int64_t last = (room + stride - 1) / stride * stride;
    if (last >= extent + before) last -= stride;
    padding[2 * i + 1] = std::max(padding[2 * i + 1], last + window[i] - extent - before);
  }
  movement.padding = padding;
}

Value pool(Value x, const PoolOptions& options, bool maximum) {
  const std::string layer = called(x, maximum ? "max_pool" : "avg_pool");
  const int64_t spatial = spatial_rank(x, layer);
  const std::vector<int64_t> window = options.window.of_rank(spatial, layer + ": window");
  operators::Movement movement{
      .strides = options.stride.value_or(options.window).of_rank(spatial, layer + ": stride"),
      .padding = ops::Padding(options.padding.attribute(spatial, layer + ": padding")),
  };
  if (options.partial) widen_padding(x, window, movement, layer);
  return maximum ? operators::max_pool(x, window, movement) : operators::avg_pool(x, window, movement, options.count_padding);
}

std::vector<int64_t> spatial_dimensions(Value x, const std::string& layer) {
  std::vector<int64_t> dimensions(static_cast<size_t>(spatial_rank(x, layer)));
  std::iota(dimensions.begin(), dimensions.end(), 1);
  return dimensions;
}

}  // namespace

Value Activation::operator()(Value x) const { return operators::activation(x, *this); }

Layer max_pool(PoolOptions options) {
  const std::string name = options.name;
  return named_layer("max_pool", name, [options = std::move(options)](Value x) { return pool(x, options, true); });
}

Layer avg_pool(PoolOptions options) {
  const std::string name = options.name;
  return named_layer("avg_pool", name, [options = std::move(options)](Value x) { return pool(x, options, false); });
}

Layer global_avg_pool() {
  return named_layer("global_avg_pool", "",
                     [](Value x) { return operators::reduce_mean(x, spatial_dimensions(x, called(x, "global_avg_pool"))); });
}

Layer global_max_pool() {
  return named_layer("global_max_pool", "",
                     [](Value x) { return operators::reduce_max(x, spatial_dimensions(x, called(x, "global_max_pool"))); });
}

Layer flatten() {
  return named_layer("flatten", "", [](Value x) {
    const Value y = operators::reshape(x, {x.extent(0), -1});
    const Shape map = x.shape();
    if (map.size() > 2) y.recorder().mark_flattened(y, {Shape(map.begin() + 1, map.end())});
    return y;
  });
}

Layer reshape(Shape without_batch) {
  return named_layer("reshape", "", [without_batch = std::move(without_batch)](Value x) {
    Shape shape{x.extent(0)};
    shape.insert(shape.end(), without_batch.begin(), without_batch.end());
    return operators::reshape(x, shape);
  });
}

Value concat(const std::vector<Value>& parts, int64_t dimension) { return operators::concat(parts, dimension); }

Layer pad(PadOptions options) {
  const std::string name = options.name;
  return named_layer("pad", name, [options = std::move(options)](Value x) {
    const std::string layer = called(x, "pad");
    const Attribute spatial = options.padding.attribute(spatial_rank(x, layer), layer + ": padding");
    const auto* pairs = std::get_if<std::vector<int64_t>>(&spatial);
    if (pairs == nullptr) refuse("{}: padding must be numbers: a layer of its own has no window that `same` could fit", layer);
    std::vector<int64_t> all{0, 0};
    all.insert(all.end(), pairs->begin(), pairs->end());
    all.insert(all.end(), {0, 0});
    return operators::pad(x, all, options.value);
  });
}

}  // namespace fovea
