// SPDX-License-Identifier: Apache-2.0
// Layers that select, add and reorder channels and positions without computing anything.
#include <fmt/format.h>

#include "fovea/core/error.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/recorder.h"

namespace fovea {
namespace {

std::string called(Value x, const char* kind) { return fmt::format("{} \"{}\"", kind, x.recorder().path()); }

Value take_channels(Value x, const ChannelSliceOptions& options) {
  const int64_t channels = x.extent(-1);
  if (options.offset < 0 || options.count < 1 || options.offset + options.count > channels) {
    refuse("{}: {} channels from {} on, where there are {}", called(x, "channel_slice"), options.count, options.offset,
           channels);
  }
  Shape offsets(x.shape().size(), 0), sizes = x.shape();
  offsets.back() = options.offset;
  sizes.back() = options.count;
  return operators::slice(x, offsets, sizes);
}

Value pad_channels(Value x, const ChannelPadOptions& options) {
  if (options.before < 0 || options.after < 0) {
    refuse("{}: {} channels before and {} after, must not be negative", called(x, "channel_pad"), options.before,
           options.after);
  }
  std::vector<int64_t> padding(2 * x.shape().size(), 0);
  padding[padding.size() - 2] = options.before;
  padding.back() = options.after;
  return operators::pad(x, padding, 0);
}

Value shuffle(Value x, int64_t groups) {
  const int64_t channels = x.extent(-1), rank = x.rank();
  if (groups < 1 || channels % groups != 0) {
    refuse("{}: groups is {}, must divide the {} channels", called(x, "channel_shuffle"), groups, channels);
  }
  Shape split = x.shape();
  split.back() = groups;
  split.push_back(channels / groups);
  std::vector<int64_t> permutation;
  for (int64_t i = 0; i < rank - 1; ++i) permutation.push_back(i);
  permutation.insert(permutation.end(), {rank, rank - 1});
  return operators::reshape(operators::transpose(operators::reshape(x, split), permutation), x.shape());
}

Value every_stride(Value x, const SubsampleOptions& options) {
  const std::string layer = called(x, "subsample");
  if (x.rank() < 3) refuse("{}: the input {} must be [batch, spatial..., channels]", layer, to_string(x.shape()));
  const std::vector<int64_t> strides = options.stride.of_rank(x.rank() - 2, layer + ": stride");
  Shape sizes = x.shape(), steps(sizes.size(), 1);
  for (size_t i = 0; i < strides.size(); ++i) {
    steps[i + 1] = strides[i];
    sizes[i + 1] = (sizes[i + 1] + strides[i] - 1) / strides[i];
  }
  return operators::slice(x, Shape(sizes.size(), 0), sizes, steps);
}

}  // namespace

Layer subsample(SubsampleOptions options) {
  const std::string name = options.name;
  return named_layer("subsample", name, [options = std::move(options)](Value x) { return every_stride(x, options); });
}

Layer channel_slice(ChannelSliceOptions options) {
  const std::string name = options.name;
  return named_layer("channel_slice", name, [options = std::move(options)](Value x) { return take_channels(x, options); });
}

Layer channel_pad(ChannelPadOptions options) {
  const std::string name = options.name;
  return named_layer("channel_pad", name, [options = std::move(options)](Value x) { return pad_channels(x, options); });
}

Layer channel_shuffle(ChannelShuffleOptions options) {
  const std::string name = options.name;
  return named_layer("channel_shuffle", name, [groups = options.groups](Value x) { return shuffle(x, groups); });
}

}  // namespace fovea
