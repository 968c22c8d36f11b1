// SPDX-License-Identifier: Apache-2.0
// Reductions, shape operators, norms, losses and random numbers against plain loops, with numerical gradients.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/dialect/evaluate.h"
#include "tests/reference/reference.h"

namespace fovea {
namespace {

using Values = std::vector<double>;
using reference::at;

Network one(std::string name, Attributes attributes = {}) {
  return [name, attributes](Graph& graph, const std::vector<Ref>& x) { return graph.add(name, x, attributes, "layer")[0]; };
}

TEST(Reduction, ValueAndGradient) {
  const std::vector<std::pair<std::string, std::function<double(const Values&)>>> reductions = {
      {"reduce_sum", [](const Values& v) { return std::accumulate(v.begin(), v.end(), 0.0); }},
      {"reduce_mean", reference::mean},
      {"reduce_max", [](const Values& v) { return *std::max_element(v.begin(), v.end()); }},
      {"reduce_min", [](const Values& v) { return *std::min_element(v.begin(), v.end()); }}};
  const std::vector<std::pair<Shape, std::vector<int64_t>>> cases = {{{1}, {0}},
                                                                     {{17}, {0}},
                                                                     {{5, 33}, {0}},
                                                                     {{5, 33}, {1}},
                                                                     {{5, 7}, {0, 1}},
                                                                     {{2, 3, 5, 16}, {0, 1, 2}},
                                                                     {{2, 3, 5, 4}, {1, 2}},
                                                                     {{2, 3, 5, 4}, {0, 1, 2, 3}},
                                                                     {{2, 3, 5, 4}, {3}},
                                                                     {{2, 3, 5, 4}, {1, 3}},
                                                                     {{3, 4, 5}, {0, 2}},
                                                                     {{3, 4, 5}, {}}};
  for (const auto& [name, combine] : reductions) {
    for (const auto& [shape, dims] : cases) {
      SCOPED_TRACE(name + " of " + to_string(shape) + " over " + to_string(dims));
      const std::vector<Tensor> arguments{distinct_tensor(shape, 3)};
      const Tensor kept = reference::reduce(arguments[0], dims, combine);
      expect_value(one(name, {{"dims", dims}, {"keep_dims", true}}), arguments, kept);
      Shape without;
      for (size_t dim = 0; dim < shape.size(); ++dim)
        if (std::find(dims.begin(), dims.end(), static_cast<int64_t>(dim)) == dims.end()) without.push_back(shape[dim]);
      expect_value(one(name, {{"dims", dims}}), arguments, kept.reshaped(without));
      expect_gradients(one(name, {{"dims", dims}}), arguments);
    }
  }
}

TEST(Shapes, ValueAndGradient) {
  const std::vector<Tensor> x{random_tensor({2, 3, 4}, 1)};
  const auto moved = [&](const Shape& shape, const std::function<Shape(const Shape&)>& from) {
    Tensor wanted(shape, DType::f64);
    reference::each_index(shape, [&](const Shape& to) { at(wanted, to) = at(x[0], from(to)); });
    return wanted;
  };
  const auto check = [](const Network& network, const std::vector<Tensor>& arguments, const Tensor& wanted) {
    expect_value(network, arguments, wanted);
    expect_gradients(network, arguments);
  };
  check(one("reshape", {{"shape", Shape{4, -1}}}), x, x[0].reshaped({4, 6}));
  check(one("reshape", {{"shape", Shape{3, 8, 1}}}), x, x[0].reshaped({3, 8, 1}));
  check(one("transpose", {{"permutation", Shape{2, 0, 1}}}), x, moved({4, 2, 3}, [](const Shape& to) {
          return Shape{to[1], to[2], to[0]};
        }));
  check(one("slice", {{"offsets", Shape{0, 1, 1}}, {"sizes", Shape{2, 2, 2}}, {"strides", Shape{1, 1, 2}}}), x,
        moved({2, 2, 2}, [](const Shape& to) {
          return Shape{to[0], to[1] + 1, 2 * to[2] + 1};
        }));
  check(one("broadcast", {{"shape", Shape{3, 2, 3, 4}}}), x, moved({3, 2, 3, 4}, [](const Shape& to) {
          return Shape{to[1], to[2], to[3]};
        }));
  Tensor wider({2, 6, 4}, DType::f64);
  reference::each_index({2, 6, 4}, [&](const Shape& to) {
    const bool inside = to[1] >= 1 && to[1] < 4;
    at(wider, to) = inside ? at(x[0], {to[0], to[1] - 1, to[2]}) : 2.5;
  });
  check(one("pad", {{"padding", Shape{0, 0, 1, 2, 0, 0}}, {"value", 2.5}}), x, wider);
  const std::vector<Tensor> parts{random_tensor({2, 3}, 1), random_tensor({2, 1}, 2), random_tensor({2, 5}, 3)};
  Tensor all({2, 9}, DType::f64);
  reference::each_index({2, 9}, [&](const Shape& to) {
    if (to[1] < 3)
      at(all, to) = at(parts[0], to);
    else if (to[1] < 4)
      at(all, to) = at(parts[1], {to[0], 0});
    else
      at(all, to) = at(parts[2], {to[0], to[1] - 4});
  });
  check(one("concat", {{"dim", int64_t{1}}}), parts, all);
}

TEST(Normalization, BatchNormTraining) {
  const std::vector<Tensor> arguments{random_tensor({3, 4, 5, 7}, 1), random_tensor({7}, 2), random_tensor({7}, 3)};
  const Tensor mean = reference::reduce(arguments[0], {0, 1, 2}, reference::mean);
  const Tensor variance = reference::reduce(arguments[0], {0, 1, 2}, reference::variance);
  const auto formula = [](const Values& v) { return (v[0] - v[3]) / std::sqrt(v[4] + 1e-3) * v[1] + v[2]; };
  const Tensor wanted = reference::elementwise({arguments[0], arguments[1], arguments[2], mean, variance}, formula);
  expect_value(one("batch_norm_training", {{"epsilon", 1e-3}}), arguments, wanted);
  expect_gradients(one("batch_norm_training", {{"epsilon", 1e-3}}), arguments);
  for (size_t result : {1, 2}) {
    const Network network = [result](Graph& graph, const std::vector<Ref>& x) {
      return graph.add("batch_norm_training", x, {{"epsilon", 1e-3}}, "")[result];
    };
    expect_value(network, arguments, (result == 1 ? mean : variance).reshaped({7}));
    expect_gradients(network, arguments, {0});
  }
}

TEST(Normalization, BatchNorm) {
  const std::vector<Tensor> arguments{random_tensor({3, 5, 17}, 1), random_tensor({17}, 2), random_tensor({17}, 3),
                                      random_tensor({17}, 4), random_tensor({17}, 5, 0.5, 2)};
  const auto formula = [](const Values& v) { return (v[0] - v[3]) / std::sqrt(v[4] + 1e-5) * v[1] + v[2]; };
  expect_value(one("batch_norm"), arguments, reference::elementwise(arguments, formula));
  expect_gradients(one("batch_norm"), arguments);
}

TEST(Normalization, LayerNorm) {
  const std::vector<Tensor> arguments{random_tensor({3, 2, 15}, 1), random_tensor({15}, 2), random_tensor({15}, 3)};
  const auto formula = [](const Values& v) { return (v[0] - v[3]) / std::sqrt(v[4] + 1e-5) * v[1] + v[2]; };
  const Tensor mean = reference::reduce(arguments[0], {2}, reference::mean),
               variance = reference::reduce(arguments[0], {2}, reference::variance);
  expect_value(one("layer_norm"), arguments,
               reference::elementwise({arguments[0], arguments[1], arguments[2], mean, variance}, formula));
  expect_gradients(one("layer_norm"), arguments);
}

TEST(Normalization, GroupNorm) {
  const std::vector<Tensor> arguments{random_tensor({2, 3, 3, 6}, 1), random_tensor({6}, 2), random_tensor({6}, 3)};
  const Tensor grouped = arguments[0].reshaped({2, 9, 3, 2});
  const Tensor mean = reference::reduce(grouped, {1, 3}, reference::mean),
               variance = reference::reduce(grouped, {1, 3}, reference::variance);
  const auto formula = [](const Values& v) { return (v[0] - v[3]) / std::sqrt(v[4] + 1e-5) * v[1] + v[2]; };
  const Tensor wanted =
      reference::elementwise({grouped, arguments[1].reshaped({3, 2}), arguments[2].reshaped({3, 2}), mean, variance}, formula);
  expect_value(one("group_norm", {{"groups", int64_t{3}}}), arguments, wanted.reshaped({2, 3, 3, 6}));
  expect_gradients(one("group_norm", {{"groups", int64_t{3}}}), arguments);
}

Tensor labels_of(std::initializer_list<int32_t> labels) {
  return Tensor::of<int32_t>({static_cast<int64_t>(labels.size())}, labels);
}

TEST(Loss, SoftmaxAndCrossEntropy) {
  const std::vector<Tensor> x{random_tensor({5, 17}, 1, -5, 5)};
  const Tensor probabilities = reference::softmax(x[0]);
  expect_value(one("softmax"), x, probabilities);
  expect_gradients(one("softmax"), x);
  expect_value(one("log_softmax"), x, reference::elementwise({probabilities}, [](const Values& v) { return std::log(v[0]); }));
  expect_gradients(one("log_softmax"), x);
  const std::vector<Tensor> with_labels{x[0], labels_of({0, 16, 3, 3, 8})};
  for (const double smoothing : {0.0, 0.1}) {
    const double wanted = reference::softmax_cross_entropy(x[0], {0, 16, 3, 3, 8}, smoothing);
    expect_value(one("softmax_cross_entropy", {{"label_smoothing", smoothing}}), with_labels, Tensor::of<double>({}, {wanted}));
    expect_gradients(one("softmax_cross_entropy", {{"label_smoothing", smoothing}}), with_labels);
  }
}

TEST(Loss, LargeLogitsDoNotOverflow) {
  const std::vector<Tensor> x{Tensor::of<double>({1, 3}, {1000, 0, -1000}), labels_of({1})};
  expect_value(one("softmax_cross_entropy"), x, Tensor::of<double>({}, {1000}));
}

TEST(Loss, Pairwise) {
  const std::vector<Tensor> x{random_tensor({3, 7}, 1, -3, 3), random_tensor({3, 7}, 2, 0, 1)};
  const auto mean_of = [&](const std::function<double(const Values&)>& function) {
    const Tensor each = reference::elementwise(x, function);
    return Tensor::of<double>({}, {reference::mean({each.values<double>().begin(), each.values<double>().end()})});
  };
  expect_value(one("sigmoid_cross_entropy"), x, mean_of([](const Values& v) {
                 const double p = 1 / (1 + std::exp(-v[0]));
                 return -v[1] * std::log(p) - (1 - v[1]) * std::log(1 - p);
               }));
  expect_gradients(one("sigmoid_cross_entropy"), x);
  expect_value(one("mean_squared_error"), x, mean_of([](const Values& v) { return (v[0] - v[1]) * (v[0] - v[1]); }));
  expect_gradients(one("mean_squared_error"), x);
  expect_value(one("huber_loss", {{"delta", 1.5}}), x, mean_of([](const Values& v) {
                 const double e = std::abs(v[0] - v[1]);
                 return e <= 1.5 ? e * e / 2 : 1.5 * (e - 0.75);
               }));
  expect_gradients(one("huber_loss", {{"delta", 1.5}}), x);
}

TEST(Metrics, ArgmaxAndTopK) {
  const Tensor logits = Tensor::of<double>({4, 3}, {1, 3, 2, 5, 5, 0, 0, 1, 2, 0, std::nan(""), 1});
  Graph graph;
  const Ref x = graph.argument("x", {{4, 3}, DType::f64}, Role::input),
            labels = graph.argument("labels", {{4}, DType::i32}, Role::input);
  std::vector<std::pair<std::string, Ref>> results{{"argmax", graph.add("argmax", {x}, {}, "")[0]}};
  for (const int64_t k : {1, 2, 3})
    results.emplace_back("top" + std::to_string(k), graph.add("top_k_correct", {x, labels}, {{"k", k}}, "")[0]);
  graph.finish(results);
  const auto found = evaluate(graph, {logits, labels_of({2, 1, 0, 1})});
  const std::vector<int32_t> classes(found[0].values<int32_t>().begin(), found[0].values<int32_t>().end());
  EXPECT_EQ(classes, (std::vector<int32_t>{1, 0, 2, 2}));
  EXPECT_EQ(found[1].data<int32_t>()[0], 0);  // a tie goes to the first; a NaN never counts
  EXPECT_EQ(found[2].data<int32_t>()[0], 2);
  EXPECT_EQ(found[3].data<int32_t>()[0], 3);
}

// The number that kernels draw by fovea/core/random.h.
double drawn(uint32_t position, uint32_t step, uint32_t stream, uint32_t seed) {
  return static_cast<double>(philox({position, step, stream, 0}, {seed, 0})[0] >> 8) * 0x1p-24;
}

TEST(RandomNumbers, AreThoseOfTheHost) {
  const std::vector<Tensor> arguments{Tensor::of<int32_t>({}, {-5}), Tensor::of<int32_t>({}, {12})};
  Tensor wanted({3, 17}, DType::f64);
  for (uint32_t i = 0; i < 51; ++i) wanted.data<double>()[i] = drawn(i, 12, 4, static_cast<uint32_t>(-5));
  expect_value(one("random_uniform", {{"shape", Shape{3, 17}}, {"stream", int64_t{4}}}), arguments, wanted);
}

TEST(RandomNumbers, DropoutAndDropConnect) {
  const std::vector<Tensor> arguments{random_tensor({4, 3, 5}, 1), Tensor::of<int32_t>({}, {42}), Tensor::of<int32_t>({}, {7})};
  for (const bool whole_images : {false, true}) {
    Tensor wanted({4, 3, 5}, DType::f64);
    for (uint32_t i = 0; i < 60; ++i) {
      const bool kept = drawn(whole_images ? i / 15 : i, 7, 2, 42) >= 0.4;
      wanted.data<double>()[i] = kept ? arguments[0].data<double>()[i] / 0.6 : 0;
    }
    const Network network = one(whole_images ? "drop_connect" : "dropout", {{"rate", 0.4}, {"stream", int64_t{2}}});
    expect_value(network, arguments, wanted);
    expect_gradients(network, arguments);
  }
}

}  // namespace
}  // namespace fovea
