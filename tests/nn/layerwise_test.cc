// SPDX-License-Identifier: Apache-2.0
// LARS and Muon against plain loops in double precision, from the gradients of the program.
#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "fovea/nn/optimizer.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

using Numbers = std::vector<double>;

Numbers numbers_of(const Tensor& tensor) {
  const auto values = tensor.values<float>();
  return {values.begin(), values.end()};
}

double norm_of(const Numbers& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// The filters, as matrices [outputs, rest], are wide or tall.
Network small_network(int64_t channels, int64_t filters) {
  const Layer function = conv({.filters = filters, .kernel = 2, .name = "conv"}) | batch_norm({.name = "bn"}) |
                         global_avg_pool() | dense({.units = 4, .name = "fc"});
  return {.name = "small", .function = function, .input = {5, 5, channels}, .classes = 4};
}

// Runs three steps. `update` gets each parameter, its gradient, its state and the learning rate, and changes it.
template <typename Update>
void check(const Network& network, Optimizer optimizer, Update update) {
  constexpr int64_t batch = 6;
  Compiled step(trace_training(network, batch, {.optimizer = std::move(optimizer), .return_gradients = true}));
  const std::vector<std::string> names = {"conv.weight", "conv.bias", "bn.weight", "bn.bias", "fc.weight", "fc.bias"};
  std::map<std::string, Numbers> values, momenta;
  for (const std::string& name : names) values[name] = numbers_of(step.tensors.at(name));
  for (const std::string& name : names) momenta[name].resize(values[name].size());
  Random random(9, 0);
  for (int count = 1; count <= 3; ++count) {
    for (float& value : step.tensors.at("image").values<float>()) value = random.normal();
    for (int32_t& label : step.tensors.at("label").values<int32_t>()) label = static_cast<int32_t>(random.below(4));
    const float rate = 0.3f / static_cast<float>(count);
    step.tensors.at("rate").data<float>()[0] = rate;
    step.run();
    for (const std::string& name : names) {
      const Tensor& now = step.tensors.at(name);
      const int64_t outputs = now.shape().back();
      update(values[name], numbers_of(step.outputs.at("gradient." + name)), momenta[name], rate, name, outputs);
      for (size_t i = 0; i < values[name].size(); ++i) {
        EXPECT_NEAR(now.values<float>()[i], values[name][i], 2e-5) << name << " " << i << " step " << count;
      }
      values[name] = numbers_of(now);  // rounding errors do not accumulate
    }
  }
}

TEST(Lars, MovesEveryLayerInProportionToItsNorm) {
  check(small_network(3, 7), lars({.momentum = 0.8, .weight_decay = 0.01, .trust = 0.02}),
        [](Numbers& values, const Numbers& gradient, Numbers& velocity, double rate, const std::string& name, int64_t) {
          const bool adapted = name == "conv.weight" || name == "fc.weight";
          const double size = norm_of(values), slope = norm_of(gradient);
          const double local = adapted && size > 0 && slope > 0 ? rate * 0.02 * size / (slope + 0.01 * size) : rate;
          for (size_t i = 0; i < values.size(); ++i) {
            velocity[i] = 0.8 * velocity[i] + local * (gradient[i] + (adapted ? 0.01 * values[i] : 0));
            values[i] -= velocity[i];
          }
        });
}

// Three Newton-Schulz steps on [rows, columns] by their definition: X = aX + (b XX' + c XX'XX') X.
Numbers newton_schulz(Numbers x, int64_t rows, int64_t columns) {
  const double norm = norm_of(x) + 1e-7;
  for (double& value : x) value /= norm;
  const auto product = [](const Numbers& a, const Numbers& b, int64_t m, int64_t k, int64_t n, bool transposed) {
    Numbers c(static_cast<size_t>(m * n));
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        for (int64_t l = 0; l < k; ++l) {
          c[static_cast<size_t>(i * n + j)] +=
              a[static_cast<size_t>(i * k + l)] * b[static_cast<size_t>(transposed ? j * k + l : l * n + j)];
        }
      }
    }
    return c;
  };
  for (int step = 0; step < 3; ++step) {
    const Numbers square = product(x, x, rows, columns, rows, true);
    Numbers polynomial = product(square, square, rows, rows, rows, false);
    for (size_t i = 0; i < polynomial.size(); ++i) polynomial[i] = 2.0315 * polynomial[i] - 4.7750 * square[i];
    const Numbers moved = product(polynomial, x, rows, rows, columns, false);
    for (size_t i = 0; i < x.size(); ++i) x[i] = 3.4445 * x[i] + moved[i];
  }
  return x;
}

TEST(Muon, StepsAlongTheOrthogonalizedMomentum) {
  for (const auto& [channels, filters] : {std::pair<int64_t, int64_t>{3, 7}, {2, 11}, {2, 8}}) {
    const Optimizer grouped = by_group({{"filters", "conv.weight", muon({.momentum = 0.6}), ""}}, sgd({.momentum = 0}));
    check(
        small_network(channels, filters), grouped,
        [](Numbers& values, const Numbers& gradient, Numbers& velocity, double rate, const std::string& name, int64_t outputs) {
          if (name != "conv.weight") {
            for (size_t i = 0; i < values.size(); ++i) values[i] -= rate * gradient[i];
            return;
          }
          const int64_t rest = static_cast<int64_t>(values.size()) / outputs;
          Numbers matrix(values.size());  // [outputs, rest]
          const double scale = std::sqrt(static_cast<double>(outputs)) / norm_of(values);
          for (int64_t i = 0; i < rest; ++i) {
            for (int64_t o = 0; o < outputs; ++o) {
              const auto at = static_cast<size_t>(i * outputs + o);
              velocity[at] = 0.6 * velocity[at] + gradient[at];
              matrix[static_cast<size_t>(o * rest + i)] = gradient[at] + 0.6 * velocity[at];
            }
          }
          const Numbers step = newton_schulz(matrix, outputs, rest);
          for (int64_t i = 0; i < rest; ++i) {
            for (int64_t o = 0; o < outputs; ++o) {
              double& value = values[static_cast<size_t>(i * outputs + o)];
              value = value * scale - rate * step[static_cast<size_t>(o * rest + i)];
            }
          }
        });
  }
}

}  // namespace
}  // namespace fovea
