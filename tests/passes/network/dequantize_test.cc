// SPDX-License-Identifier: Apache-2.0
// An integer convolution as the real one that it stands for, compared with arithmetic by hand.
#include "fovea/passes/network/dequantize.h"

#include <gtest/gtest.h>

#include "tests/nn/compiled.h"

namespace fovea {
namespace {

TEST(Dequantized, WeightsBiasAndPreprocessing) {
  Graph graph("integers");
  const QuantizedType output{DType::i8, {.scales = {0.5F}, .zeros = {3}}};
  const Ref image = graph.argument("image", {{1, 1, 1, 2}, DType::u8, Quantization{{0.25F}, {100}}}, Role::input);
  const Ref filter =
      graph.argument("filter", {{1, 1, 2, 2}, DType::i8, Quantization{{0.5F, 2.0F}, {0, 0}, 3}}, Role::parameter);
  const Ref bias = graph.argument("bias", {{2}, DType::i32}, Role::parameter);
  const Ref moved = graph.add("quantize", {image}, {{"output", QuantizedType{DType::i8, {{0.25F}, {-28}}}}}, "in")[0];
  const Ref sum =
      graph.add("quantized_conv", {moved, filter, bias}, {{"activation", std::string("relu")}, {"output", output}}, "conv")[0];
  graph.finish({{"output", graph.add("dequantize", {sum}, {}, "out")[0]}});
  const InferenceModel model{
      .name = "integers",
      .graph = std::move(graph),
      .tensors = {{"filter", Tensor::of<int8_t>({1, 1, 2, 2}, {2, 1, -4, 3})}, {"bias", Tensor::of<int32_t>({2}, {8, -2})}}};
  const InferenceModel real = dequantized(model);
  // (pixel / 255 - mean) / standard deviation is 0.25 * (pixel - 100).
  EXPECT_NEAR((200 / 255.0 - real.preprocessing.mean[0]) / real.preprocessing.deviation[0], 25, 1e-4);
  Compiled compiled(real.graph);
  for (const auto& [name, tensor] : real.tensors) compiled.tensors.at(name) = tensor;
  compiled.tensors.at("image") = Tensor::of<float>({1, 1, 1, 2}, {3, 0.5F});
  compiled.run();
  const auto values = compiled.outputs.at("output").values<float>();
  EXPECT_FLOAT_EQ(values[0], 3 * 1.0F + 0.5F * -2.0F + 8 * 0.125F);
  EXPECT_FLOAT_EQ(values[1], 3 * 2.0F + 0.5F * 6.0F - 2 * 0.5F);
}

}  // namespace
}  // namespace fovea
