// SPDX-License-Identifier: Apache-2.0
// Weights packed before the run: the same bits as packed by every grid tile, over sizes that leave rests.
#include <gtest/gtest.h>

#include <cstring>

#include "fovea/codegen/driver/compile.h"
#include "fovea/runtime/thread_pool.h"
#include "tests/support/noise.h"

namespace fovea {
namespace {

Tensor noise(const Shape& shape, uint64_t stream) { return normal_noise(shape, 11, stream); }

struct Layer {
  const char* name;
  Shape input, filter;  // a dense layer's filter has two dimensions
  Attributes attributes;
  bool packed = true;  // whether there is more than one tile of columns, or a transposition
};

class PackAhead : public testing::TestWithParam<Layer> {
 protected:
  // x * w + b for a layer whose weights are parameters.
  static Graph graph_of(const Layer& layer) {
    Graph graph;
    const Ref x = graph.argument("x", {layer.input, DType::f32}, Role::input);
    const Ref w = graph.argument("w", {layer.filter, DType::f32}, Role::parameter);
    const Ref b = graph.argument("b", {{layer.filter.back()}, DType::f32}, Role::parameter);
    const Ref y = graph.add(layer.filter.size() == 2 ? "dense" : "conv", {x, w}, layer.attributes, "layer")[0];
    graph.finish({{"y", graph.add("add", {y, b}, {}, "layer")[0]}});
    return graph;
  }

  static Tensor answer(Program& program, const Layer& layer, int threads) {
    Tensor x = noise(layer.input, 1), w = noise(layer.filter, 2), b = noise({layer.filter.back()}, 3);
    Tensor y(program.plan().results[0].shape, DType::f32);
    ThreadPool pool(threads);
    program.run({&x, &w, &b}, {&y}, pool);
    return y;
  }
};

TEST_P(PackAhead, GivesTheSameBits) {
  const Layer& layer = GetParam();
  const Graph graph = graph_of(layer);
  Program plain = compile(graph), hoisted = compile(graph, {.inference = true});
  EXPECT_TRUE(plain.plan().hoisted.empty());
  ASSERT_EQ(hoisted.plan().hoisted.size(), layer.packed ? 1u : 0u);
  const Tensor wanted = answer(plain, layer, 2);
  for (const int threads : {1, 3}) {
    const Tensor value = answer(hoisted, layer, threads);
    EXPECT_EQ(std::memcmp(value.raw(), wanted.raw(), wanted.bytes()), 0) << threads;
  }
  if (!layer.packed) return;
  const ProgramPort& panel = hoisted.plan().hoisted[0];
  EXPECT_GE(element_count(panel.shape), element_count(layer.filter));
  EXPECT_EQ(hoisted.hoisted()[0].shape(), panel.shape);
}

const Attributes same = {{"padding", "same"}};
INSTANTIATE_TEST_SUITE_P(
    Layers, PackAhead,
    testing::Values(Layer{"three_by_three", {1, 14, 14, 20}, {3, 3, 20, 96}, same},
                    Layer{"columns_left_over", {2, 9, 7, 5}, {3, 3, 5, 77}, same},
                    Layer{"pointwise", {1, 11, 11, 37}, {1, 1, 37, 131}, {}},
                    Layer{"long_reduction", {1, 7, 7, 520}, {3, 3, 520, 72}, same},
                    Layer{"groups", {1, 8, 8, 12}, {3, 3, 4, 195}, {{"groups", int64_t{3}}, {"padding", "same"}}},
                    Layer{"one_row", {1, 1000}, {1000, 130}, {}}, Layer{"rows", {33, 70}, {70, 100}, {}},
                    Layer{"one_tile", {1, 8, 8, 3}, {3, 3, 3, 16}, same, false}),
    [](const testing::TestParamInfo<Layer>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace fovea
