// SPDX-License-Identifier: Apache-2.0
// Enumerates the cases.
#include <algorithm>
#include <array>

#include "fovea/core/random.h"
#include "tests/sweep/case.h"

namespace fovea::sweep {
namespace {

struct Kind {
  Operator op;
  Element element;
  Way way;
};

constexpr std::array kinds{
    Kind{Operator::conv, Element::f32, Way::run},
    Kind{Operator::conv, Element::f32, Way::gradients},
    Kind{Operator::conv, Element::f32, Way::inference},
    Kind{Operator::conv, Element::f32, Way::winograd_two},
    Kind{Operator::conv, Element::f32, Way::winograd_four},
    Kind{Operator::conv, Element::f32, Way::ahead_of_time},
    Kind{Operator::conv, Element::bf16, Way::run},
    Kind{Operator::conv, Element::bf16, Way::gradients},
    Kind{Operator::conv, Element::i8, Way::run},
    Kind{Operator::conv, Element::i8, Way::inference},
    Kind{Operator::conv, Element::i8, Way::ahead_of_time},
    Kind{Operator::conv, Element::u8, Way::inference},
    Kind{Operator::conv_transpose, Element::f32, Way::run},
    Kind{Operator::conv_transpose, Element::f32, Way::gradients},
    Kind{Operator::conv_transpose, Element::f32, Way::inference},
    Kind{Operator::conv_transpose, Element::f32, Way::ahead_of_time},
    Kind{Operator::conv_transpose, Element::bf16, Way::run},
    Kind{Operator::conv_transpose, Element::bf16, Way::gradients},
    Kind{Operator::max_pool, Element::f32, Way::run},
    Kind{Operator::max_pool, Element::f32, Way::gradients},
    Kind{Operator::max_pool, Element::f32, Way::ahead_of_time},
    Kind{Operator::max_pool, Element::bf16, Way::run},
    Kind{Operator::max_pool, Element::bf16, Way::gradients},
    Kind{Operator::max_pool, Element::i8, Way::inference},
    Kind{Operator::max_pool, Element::u8, Way::run},
    Kind{Operator::avg_pool, Element::f32, Way::run},
    Kind{Operator::avg_pool, Element::f32, Way::gradients},
    Kind{Operator::avg_pool, Element::f32, Way::ahead_of_time},
    Kind{Operator::avg_pool, Element::bf16, Way::run},
    Kind{Operator::avg_pool, Element::bf16, Way::gradients},
    Kind{Operator::avg_pool, Element::i8, Way::run},
    Kind{Operator::avg_pool, Element::u8, Way::inference},
    Kind{Operator::dense, Element::f32, Way::gradients},
    Kind{Operator::dense, Element::f32, Way::inference},
    Kind{Operator::dense, Element::bf16, Way::gradients},
    Kind{Operator::dense, Element::i8, Way::inference},
    Kind{Operator::dense, Element::u8, Way::run},
    Kind{Operator::matmul, Element::f32, Way::run},
    Kind{Operator::matmul, Element::f32, Way::gradients},
    Kind{Operator::matmul, Element::bf16, Way::gradients},
};

enum class Padding : uint8_t { none, same, even, uneven };

constexpr int64_t most_dimensions = 3, sizes = 9, kernels = 5, strides = 4, dilations = 2, paddings = 4;
// Bounds the time of the plain loops, which are slower for integers.
constexpr int64_t most_work = 4'000'000, most_integer_work = 200'000;

class Draw {
 public:
  Draw(uint64_t seed, int64_t index) : random_(seed, static_cast<uint64_t>(index)) {}

  int64_t from(int64_t least, int64_t most) { return least + random_.below(static_cast<uint32_t>(most - least + 1)); }
  bool one_in(uint32_t count) { return random_.below(count) == 0; }
  template <size_t count>
  int64_t one_of(const std::array<int64_t, count>& numbers) {
    return numbers[random_.below(count)];
  }

  // The window of one dimension: `code` numbers all combinations of size, kernel, stride and dilation.
  void window(Case& layer, int64_t code, Padding padding) {
    layer.size.push_back(1 + code % sizes);
    code /= sizes;
    layer.kernel.push_back(1 + code % kernels);
    code /= kernels;
    layer.stride.push_back(1 + code % strides);
    layer.dilation.push_back(1 + code / strides % dilations);
    const int64_t reach = (layer.kernel.back() - 1) * layer.dilation.back() + 1;
    if (padding == Padding::even) {
      const int64_t cells = from(0, reach - 1);
      layer.padding.insert(layer.padding.end(), {cells, cells});
    } else if (padding == Padding::uneven) {
      layer.padding.insert(layer.padding.end(), {from(0, reach), from(0, reach)});
    } else if (padding == Padding::none) {
      layer.padding.insert(layer.padding.end(), {0, 0});
    }
    layer.output_padding.push_back(layer.is_transposed() ? from(0, layer.stride.back() - 1) : 0);
  }

  void channels(Case& layer) {
    static constexpr std::array<int64_t, 5> counts{1, 2, 3, 8, 17};
    layer.batch = one_in(16) ? 8 : from(1, 3);
    layer.in = one_of(counts);
    layer.out = one_of(counts);
    if (layer.is_pool()) layer.out = 1;
    if (layer.is_pool()) return;
    if (layer.op == Operator::matmul) {
      layer.groups = from(1, 3);
      layer.transpose_lhs = one_in(2);
      layer.transpose_rhs = one_in(2);
    }
    if (layer.op == Operator::dense || layer.op == Operator::matmul) {
      static constexpr std::array<int64_t, 9> lengths{1, 2, 3, 5, 8, 16, 17, 33, 70};
      layer.batch = one_of(lengths);
      layer.in = one_of(lengths);
      layer.out = one_of(lengths);
    } else if (one_in(5)) {
      layer.groups = from(2, 3);
    } else if (one_in(4)) {  // depthwise, sometimes with several filters for each channel
      layer.groups = std::max<int64_t>(2, layer.in);
      layer.in = 1;
      layer.out = one_in(4) ? 2 : 1;
    }
  }

 private:
  Random random_;
};

// A 3x3 convolution of stride 1, which Winograd's algorithm can compute.
void make_winograd(Case& layer) {
  const size_t dims = 2;
  for (auto* numbers : {&layer.size, &layer.kernel, &layer.stride, &layer.dilation, &layer.output_padding})
    numbers->resize(dims, numbers->front());
  layer.kernel.assign(dims, 3);
  layer.stride.assign(dims, 1);
  layer.dilation.assign(dims, 1);
  if (!layer.padding.empty()) {
    layer.padding.resize(2 * dims, layer.padding.front());
    for (int64_t& cells : layer.padding) cells = std::min<int64_t>(cells, 2);
  }
  layer.in *= layer.groups;
  layer.groups = 1;
}

}  // namespace

int64_t case_count() {
  return static_cast<int64_t>(kinds.size()) * most_dimensions * sizes * kernels * strides * dilations * paddings;
}

bool case_at(int64_t index, uint64_t seed, Case& layer) {
  Draw draw(seed, index);
  const Kind kind = kinds[static_cast<size_t>(index) % kinds.size()];
  layer = {.op = kind.op, .element = kind.element, .way = kind.way};
  index /= static_cast<int64_t>(kinds.size());
  const int64_t dimensions = 1 + index % most_dimensions;
  index /= most_dimensions;
  const auto padding = static_cast<Padding>(index % paddings);
  const int64_t code = index / paddings;
  const bool any_target = layer.way == Way::run || layer.way == Way::gradients;
  if (!draw.one_in(3)) layer.cpu = any_target && draw.one_in(2) ? narrow : "haswell";
  layer.small_caches = any_target && draw.one_in(4);
  draw.channels(layer);
  layer.before = !layer.is_integer() && layer.op != Operator::matmul && (layer.element == Element::bf16 || draw.one_in(2));
  layer.after = !layer.is_integer() && layer.way != Way::gradients && layer.op != Operator::matmul && draw.one_in(2);
  if (layer.is_window()) {
    for (int64_t dim = 0; dim < dimensions; ++dim)
      draw.window(layer, dim == 0 ? code : draw.from(0, sizes * kernels * strides * dilations - 1), padding);
    if (layer.is_integer() && layer.op == Operator::avg_pool) layer.dilation.assign(layer.dilation.size(), 1);
    if (layer.op == Operator::avg_pool) {
      layer.dilation.assign(layer.dilation.size(), 1);
      layer.count_padding = !layer.is_integer() && draw.one_in(2);
    }
    if (layer.way == Way::winograd_two || layer.way == Way::winograd_four) make_winograd(layer);
  }
  if (!fits(layer)) return false;
  while (work(layer) > (layer.is_integer() ? most_integer_work : most_work)) {
    if (layer.batch == 1 && layer.in == 1 && layer.out == 1) return false;
    layer.batch = 1;
    layer.in = (layer.in + 1) / 2;
    layer.out = (layer.out + 1) / 2;
  }
  return true;
}

}  // namespace fovea::sweep
