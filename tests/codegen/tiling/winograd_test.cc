// SPDX-License-Identifier: Apache-2.0
// Convolutions by Winograd's algorithm against plain loops in double precision: sizes that leave partial tiles, with and
// without padding, several images, fused epilogues; and when the algorithm is chosen.
#include "fovea/codegen/tiling/winograd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "fovea/codegen/driver/compile.h"
#include "fovea/codegen/driver/stages.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/runtime/thread_pool.h"
#include "tests/reference/reference.h"
#include "tests/support/noise.h"

namespace fovea {
namespace {

Tensor noise(const Shape& shape, uint64_t stream) { return normal_noise(shape, 11, stream); }

struct Layer {
  const char* name;
  Shape input;
  int64_t filters;
  std::vector<int64_t> padding;  // before and after, of both dimensions
};

// relu(x * w + b + r) and x * w itself.
Graph graph_of(const Layer& layer, const Shape& result) {
  Graph graph;
  const Ref x = graph.argument("x", {layer.input, DType::f32}, Role::input);
  const Ref r = graph.argument("r", {result, DType::f32}, Role::input);
  const Ref w = graph.argument("w", {{3, 3, layer.input.back(), layer.filters}, DType::f32}, Role::parameter);
  const Ref b = graph.argument("b", {{layer.filters}, DType::f32}, Role::parameter);
  const Ref y = graph.add("conv", {x, w}, {{"padding", layer.padding}}, "layer")[0];
  const Ref sum = graph.add("add", {graph.add("add", {y, b}, {}, "layer")[0], r}, {}, "layer")[0];
  graph.finish({{"relu", graph.add("relu", {sum}, {}, "layer")[0]}, {"plain", y}});
  return graph;
}

class WinogradLayer : public testing::TestWithParam<Layer> {
 protected:
  void expect_right(Winograd when, const std::string& cpu, double tolerance) {
    const Layer& layer = GetParam();
    const auto& pad = layer.padding;
    const Shape result{layer.input[0], layer.input[1] + pad[0] + pad[1] - 2, layer.input[2] + pad[2] + pad[3] - 2,
                       layer.filters};
    Program program = compile(graph_of(layer, result), {.cpu = cpu, .inference = true, .winograd = when});
    ASSERT_EQ(program.plan().hoisted.size(), 1U);
    const int64_t side = when == Winograd::two ? 4 : 6;
    ASSERT_EQ(program.plan().hoisted[0].shape.at(1), side * side) << "not chosen";
    Tensor x = noise(layer.input, 1), r = noise(result, 2), w = noise({3, 3, layer.input.back(), layer.filters}, 3),
           b = noise({layer.filters}, 4);
    reference::Movement movement;
    movement.cells = pad;
    const Tensor wanted = reference::conv(to_double(x), to_double(w), movement);
    Tensor first;
    for (const int threads : {1, 3}) {
      Tensor relu(result, DType::f32), plain(result, DType::f32);
      for (float& value : plain.values<float>()) value = std::nanf("");
      ThreadPool pool(threads);
      program.run({&x, &r, &w, &b}, {&relu, &plain}, pool);
      double most = 0, largest = 0;
      for (size_t i = 0; i < plain.values<float>().size(); ++i) {
        const double exact = wanted.data<double>()[i], value = plain.values<float>()[i];
        ASSERT_FALSE(std::isnan(value)) << i;
        most = std::max(most, std::abs(value - exact));
        largest = std::max(largest, std::abs(exact));
        const double joined = exact + b.values<float>()[i % static_cast<size_t>(layer.filters)] + r.values<float>()[i];
        ASSERT_NEAR(relu.values<float>()[i], std::max(joined, 0.0), tolerance * std::max(largest, 10.0)) << i;
      }
      EXPECT_LT(most, tolerance * largest);
      if (threads == 1) first = plain;
      EXPECT_EQ(std::memcmp(plain.raw(), first.raw(), plain.bytes()), 0) << "other bits on " << threads << " threads";
    }
  }

  static Tensor to_double(const Tensor& tensor) {
    Tensor result(tensor.shape(), DType::f64);
    for (size_t i = 0; i < tensor.values<float>().size(); ++i) result.data<double>()[i] = tensor.values<float>()[i];
    return result;
  }
};

TEST_P(WinogradLayer, OfTwoByTwo) { expect_right(Winograd::two, "", 2e-6); }
TEST_P(WinogradLayer, OfFourByFour) { expect_right(Winograd::four, "", 2e-5); }
TEST_P(WinogradLayer, OfTwoByTwoOnAvx2) { expect_right(Winograd::two, "haswell", 2e-6); }
TEST_P(WinogradLayer, OfFourByFourOnAvx2) { expect_right(Winograd::four, "haswell", 2e-5); }

INSTANTIATE_TEST_SUITE_P(Layers, WinogradLayer,
                         testing::Values(Layer{"whole_tiles", {1, 8, 12, 16}, 32, {1, 1, 1, 1}},
                                         Layer{"parts_of_tiles", {1, 7, 9, 16}, 64, {1, 1, 1, 1}},
                                         Layer{"no_padding", {1, 10, 8, 32}, 32, {0, 0, 0, 0}},
                                         Layer{"no_padding_parts", {2, 9, 7, 16}, 32, {0, 0, 0, 0}},
                                         Layer{"padding_after", {1, 6, 5, 16}, 32, {0, 1, 0, 1}},
                                         Layer{"wide_padding", {1, 5, 5, 16}, 32, {2, 2, 2, 2}},
                                         Layer{"one_pixel", {1, 1, 1, 16}, 32, {1, 1, 1, 1}},
                                         Layer{"one_row", {1, 1, 13, 16}, 32, {1, 1, 1, 1}},
                                         Layer{"images", {6, 7, 7, 32}, 96, {1, 1, 1, 1}},
                                         Layer{"many_channels", {1, 9, 10, 144}, 160, {1, 1, 1, 1}},
                                         Layer{"large", {1, 21, 22, 32}, 64, {1, 1, 1, 1}}),
                         [](const testing::TestParamInfo<Layer>& info) { return std::string(info.param.name); });

// Which hoisted filter a layer of this shape has: none, one packed in panels, or a transformed one.
int64_t numbers_of(const Shape& input, int64_t filters, const Attributes& attributes = {{"padding", "same"}}) {
  Graph graph;
  const Ref x = graph.argument("x", {input, DType::f32}, Role::input);
  const Ref w = graph.argument("w", {{3, 3, input.back(), filters}, DType::f32}, Role::parameter);
  graph.finish({{"y", graph.add("conv", {x, w}, attributes, "layer")[0]}});
  // The processor need not be this one, because nothing is run.
  const auto module = kernels_for(Target::named("x86_64-linux-gnu", "skylake-avx512"), graph, {.inference = true});
  mlir::func::FuncOp main = network_of(*module);
  for (mlir::BlockArgument argument : main.getArguments()) {
    if (role_of(main, argument.getArgNumber()) != "hoisted") continue;
    const auto shape = mlir::cast<mlir::RankedTensorType>(argument.getType()).getShape();
    return shape.size() == 4 ? shape[1] : 0;
  }
  return -1;
}

TEST(WinogradChoice, LargeImagesOfManyChannels) {
  EXPECT_EQ(numbers_of({1, 56, 56, 64}, 64), 36);
  EXPECT_EQ(numbers_of({1, 28, 28, 256}, 256), 36);
}

TEST(WinogradChoice, NotWhereItCannotBe) {
  EXPECT_EQ(numbers_of({1, 56, 56, 64}, 64, {{"padding", "same"}, {"strides", std::vector<int64_t>{2, 2}}}), 0);
  EXPECT_EQ(numbers_of({1, 56, 56, 64}, 64, {{"padding", "same"}, {"dilations", std::vector<int64_t>{2, 2}}}), 0);
  EXPECT_EQ(numbers_of({1, 56, 56, 60}, 72), 0);
}

// A filter that the run itself computes is not known before it.
TEST(WinogradChoice, NotOfFiltersThatAreInputs) {
  Graph graph;
  const Ref x = graph.argument("x", {{1, 56, 56, 64}, DType::f32}, Role::input);
  const Ref w = graph.argument("w", {{3, 3, 64, 64}, DType::f32}, Role::input);
  graph.finish({{"y", graph.add("conv", {x, w}, {{"padding", "same"}}, "layer")[0]}});
  EXPECT_TRUE(compile(graph, {.inference = true}).plan().hoisted.empty());
}

TEST(WinogradChoice, NotInTraining) {
  const Layer layer{"", {1, 56, 56, 64}, 64, {1, 1, 1, 1}};
  EXPECT_TRUE(compile(graph_of(layer, {1, 56, 56, 64})).plan().hoisted.empty());
}

}  // namespace
}  // namespace fovea
