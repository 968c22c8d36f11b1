// SPDX-License-Identifier: Apache-2.0
// Networks compiled with and without folded batch norm give the same values.
#include <gtest/gtest.h>

#include <cmath>

#include "fovea/codegen/driver/compile.h"
#include "fovea/core/random.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

Tensor uniform(const Shape& shape, uint64_t stream, double low, double high) {
  Random random(5, stream);
  Tensor tensor(shape, DType::f32);
  for (float& value : tensor.values<float>()) value = static_cast<float>(low + (high - low) * random.uniform());
  return tensor;
}

// How the network's weights are given: as constants of the graph, as inputs of every run, or known before the runs.
enum class Weights : uint8_t { constants, inputs, parameters };

// A network under construction.
class Builder {
 public:
  explicit Builder(Weights weights) : weights_(weights) {}

  Ref input(const Shape& shape) { return argument(uniform(shape, 1, -1, 1), Role::input); }
  Ref parameter(const Shape& shape, double low = -1, double high = 1) {
    Tensor value = uniform(shape, 100 + arguments_.size() + constants_made_++, low, high);
    if (weights_ == Weights::inputs) return argument(std::move(value), Role::input);
    if (weights_ == Weights::parameters) return argument(std::move(value), Role::parameter);
    return graph_.add("constant", {}, {{"value", std::move(value)}}, "")[0];
  }
  Ref add(const char* op, const std::vector<Ref>& operands, const Attributes& attributes = {}) {
    return graph_.add(op, operands, attributes, op)[0];
  }
  Ref batch_norm(Ref x) {
    const Shape channels{graph_.type(x).shape.back()};
    const Ref scale = parameter(channels), shift = parameter(channels), mean = parameter(channels),
              variance = parameter(channels, 0.1, 2);
    return add("batch_norm", {x, scale, shift, mean, variance}, {{"epsilon", 1e-3}});
  }
  Tensor value(Ref result, bool inference) {
    if (!finished_) graph_.finish({{"value", result}});
    finished_ = true;
    Program program = compile(graph_, {.inference = inference});
    ThreadPool threads(2);
    std::vector<Tensor*> inputs;
    for (Tensor& tensor : arguments_) inputs.push_back(&tensor);
    Tensor output(program.plan().results[0].shape, DType::f32);
    program.run(inputs, {&output}, threads);
    return output;
  }

 private:
  Ref argument(Tensor value, Role role) {
    const Ref ref = graph_.argument("argument" + std::to_string(arguments_.size()), {value.shape(), DType::f32}, role);
    arguments_.push_back(std::move(value));
    return ref;
  }

  Weights weights_;
  bool finished_ = false;
  uint64_t constants_made_ = 0;
  Graph graph_;
  std::vector<Tensor> arguments_;
};

void expect_same(Builder& network, Ref result) {
  const Tensor plain = network.value(result, false), folded = network.value(result, true);
  double largest = 0;
  for (int64_t i = 0; i < plain.size(); ++i) {
    const double wanted = plain.data<float>()[i];
    largest = std::max(largest, std::abs(wanted));
    ASSERT_NEAR(folded.data<float>()[i], wanted, 1e-5 * std::max(1.0, std::abs(wanted))) << i;
  }
  EXPECT_GT(largest, 0.1);
}

class FoldBatchNorm : public testing::TestWithParam<Weights> {};

TEST_P(FoldBatchNorm, Convolutions) {
  Builder n(GetParam());
  Ref x = n.input({2, 9, 9, 3});
  x = n.batch_norm(n.add("conv", {x, n.parameter({3, 3, 3, 17}, -0.3, 0.3)}, {{"padding", "same"}}));
  x = n.add("relu", {x});
  x = n.add("add", {n.add("conv", {x, n.parameter({1, 1, 17, 6}, -0.3, 0.3)}), n.parameter({6})});
  expect_same(n, n.batch_norm(x));
}

TEST_P(FoldBatchNorm, GroupsAndDepthwise) {
  Builder n(GetParam());
  Ref x = n.input({1, 8, 8, 6});
  x = n.batch_norm(n.add("conv", {x, n.parameter({3, 3, 1, 12})}, {{"groups", int64_t{6}}, {"padding", "same"}}));
  x = n.batch_norm(n.add("conv", {x, n.parameter({3, 3, 4, 9}, -0.3, 0.3)}, {{"groups", int64_t{3}}}));
  expect_same(n, x);
}

TEST_P(FoldBatchNorm, DenseAndTransposed) {
  Builder n(GetParam());
  Ref x = n.input({3, 4, 4, 5});
  x = n.batch_norm(n.add("conv_transpose", {x, n.parameter({3, 3, 4, 5}, -0.3, 0.3)}, {{"padding", "same"}}));
  x = n.add("reshape", {x}, {{"shape", std::vector<int64_t>{3, 64}}});
  x = n.add("add", {n.parameter({10}), n.add("dense", {x, n.parameter({64, 10}, -0.2, 0.2)})});
  expect_same(n, n.batch_norm(x));
}

TEST_P(FoldBatchNorm, TwoReaders) {
  Builder n(GetParam());
  const Ref x = n.input({3, 8});
  const Ref y = n.add("dense", {x, n.parameter({8, 8}, -0.5, 0.5)});
  expect_same(n, n.add("add", {y, n.batch_norm(y)}));
}

std::string name_of(const testing::TestParamInfo<Weights>& info) {
  static const std::vector<std::string> names = {"constants", "inputs", "parameters"};
  return names[static_cast<size_t>(info.param)];
}

INSTANTIATE_TEST_SUITE_P(Kinds, FoldBatchNorm, testing::Values(Weights::constants, Weights::inputs, Weights::parameters),
                         name_of);

}  // namespace
}  // namespace fovea
