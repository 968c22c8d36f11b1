// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "fovea/core/random.h"
#include "fovea/nn/layers.h"
#include "tests/nn/compiled.h"
#include "tests/support/refusal.h"

namespace fovea {
namespace {

constexpr int64_t batch = 6, features = 5, classes = 3;

Traced linear_step(Optimizer optimizer) {
  const Network network{
      .name = "linear", .function = dense({.units = classes, .name = "fc"}), .input = {features}, .classes = classes};
  return trace_training(network, batch, {.optimizer = std::move(optimizer), .return_gradients = true});
}

// The rule for one number in double precision: parameter, gradient, rate, step from 1, whether it decays -> new parameter.
using Rule = std::function<double(double parameter, double gradient, double rate, int step, bool decayed, double (&kept)[2])>;

// Runs some steps on random data with a changing learning rate, and repeats the path of every number by `rule` from the
// gradients of the program.
void check(Optimizer optimizer, const Rule& rule) {
  Compiled step(linear_step(std::move(optimizer)));
  Random random(5, 0);
  struct Number {
    double value, kept[2] = {0, 0};
  };
  std::map<std::string, std::vector<Number>> numbers;
  for (const char* name : {"fc.weight", "fc.bias"}) {
    for (const float value : step.tensors.at(name).values<float>()) numbers[name].push_back({value});
  }
  for (int count = 1; count <= 6; ++count) {
    for (float& value : step.tensors.at("image").values<float>()) value = random.normal();
    for (int32_t& label : step.tensors.at("label").values<int32_t>()) label = static_cast<int32_t>(random.below(classes));
    const float rate = 0.1f / static_cast<float>(count);
    step.tensors.at("rate").data<float>()[0] = rate;
    step.run();
    for (auto& [name, values] : numbers) {
      const Tensor& gradient = step.outputs.at("gradient." + name);
      for (size_t i = 0; i < values.size(); ++i) {
        Number& number = values[i];
        const double slope = gradient.values<float>()[i];
        EXPECT_NE(slope, 0);
        number.value = rule(number.value, slope, rate, count, name == "fc.weight", number.kept);
        EXPECT_NEAR(step.tensors.at(name).values<float>()[i], number.value, 2e-6) << name << " " << i << " step " << count;
      }
    }
  }
}

TEST(Optimizer, PlainGradientDescent) {
  check(sgd({.momentum = 0}), [](double p, double g, double rate, int, bool, double(&)[2]) { return p - rate * g; });
}

TEST(Optimizer, MomentumAndDecay) {
  for (const bool nesterov : {false, true}) {
    for (const bool all : {false, true}) {
      check(sgd({.momentum = 0.8,
                 .nesterov = nesterov,
                 .weight_decay = 0.1,
                 .decay_on = all ? DecayScope::all : DecayScope::weights}),
            [=](double p, double g, double rate, int, bool decayed, double(&kept)[2]) {
              if (decayed || all) g += 0.1 * p;
              kept[0] = 0.8 * kept[0] + g;
              return p - rate * (nesterov ? g + 0.8 * kept[0] : kept[0]);
            });
    }
  }
}

double adam_step(double g, int step, double (&kept)[2]) {
  kept[0] = 0.9 * kept[0] + 0.1 * g;
  kept[1] = 0.99 * kept[1] + 0.01 * g * g;
  return kept[0] / (1 - std::pow(0.9, step)) / (std::sqrt(kept[1] / (1 - std::pow(0.99, step))) + 1e-8);
}

TEST(Optimizer, Adam) {
  check(adam({.beta2 = 0.99, .weight_decay = 0.2}),
        [](double p, double g, double rate, int step, bool decayed, double(&kept)[2]) {
          return p - rate * adam_step(decayed ? g + 0.2 * p : g, step, kept);
        });
}

TEST(Optimizer, AdamW) {
  check(adamw({.beta2 = 0.99, .weight_decay = 0.2}),
        [](double p, double g, double rate, int step, bool decayed, double(&kept)[2]) {
          return p * (1 - (decayed ? rate * 0.2 : 0)) - rate * adam_step(g, step, kept);
        });
}

TEST(Optimizer, DecoupledDecay) {
  check(sgd({.momentum = 0.8, .weight_decay = 0.2, .decay_on = DecayScope::all_but_norms, .decoupled = true}),
        [](double p, double g, double rate, int, bool, double(&kept)[2]) {
          kept[0] = 0.8 * kept[0] + g;
          return p * (1 - rate * 0.2) - rate * kept[0];
        });
}

// TensorFlow's form: the mean square starts at 1, epsilon is inside the root, and the rate is inside the momentum.
TEST(Optimizer, RmsPropOfTensorFlow) {
  check(rmsprop({.momentum = 0.8, .epsilon = 0.01, .weight_decay = 0.1}),
        [](double p, double g, double rate, int step, bool decayed, double(&kept)[2]) {
          if (step == 1) kept[1] = 1;
          if (decayed) g += 0.1 * p;
          kept[1] = 0.9 * kept[1] + 0.1 * g * g;
          kept[0] = 0.8 * kept[0] + rate * g / std::sqrt(kept[1] + 0.01);
          return p - kept[0];
        });
}

TEST(Optimizer, RmsPropWithEpsilonOutside) {
  check(rmsprop({.momentum = 0, .epsilon = 0.01, .epsilon_outside = true}),
        [](double p, double g, double rate, int, bool, double(&kept)[2]) {
          kept[1] = 0.9 * kept[1] + 0.1 * g * g;
          return p - rate * g / (std::sqrt(kept[1]) + 0.01);
        });
}

TEST(Optimizer, GroupsHaveRulesAndRatesOfTheirOwn) {
  const Optimizer grouped =
      by_group({{"fc", "*.bias", sgd({.momentum = 0}), "rate.shifts"}}, adam());  // a layer has the same name
  const Network network{
      .name = "linear", .function = dense({.units = classes, .name = "fc"}), .input = {features}, .classes = classes};
  Compiled step(trace_training(network, batch, {.optimizer = grouped, .return_gradients = true}));
  ASSERT_TRUE(step.tensors.contains("rate.shifts"));
  EXPECT_FALSE(step.tensors.contains("moment1.fc.bias"));
  const Tensor weight = step.tensors.at("fc.weight").clone();
  for (float& value : step.tensors.at("image").values<float>()) value = 0.5f;
  step.tensors.at("rate").data<float>()[0] = 0.001f;
  step.tensors.at("rate.shifts").data<float>()[0] = 0.25f;
  step.run();
  for (size_t i = 0; i < classes; ++i) {
    EXPECT_NEAR(step.tensors.at("fc.bias").values<float>()[i], -0.25f * step.outputs.at("gradient.fc.bias").values<float>()[i],
                1e-7);
  }
  // Adam's first step has the length of the learning rate, whatever the gradient is.
  for (size_t i = 0; i < weight.values<float>().size(); ++i) {
    EXPECT_NEAR(std::abs(step.tensors.at("fc.weight").values<float>()[i] - weight.values<float>()[i]), 0.001, 1e-5);
  }
  const Optimizer wrong = by_group({{"heads", "head.*", sgd(), ""}}, adam());
  try {
    trace_training(network, batch, {.optimizer = wrong});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "optimizer group heads: no parameter is called head.*");
  }
}

TEST(Optimizer, DecayPullsOnWhatItIsToldTo) {
  const Network network{.name = "normed",
                        .function = dense({.units = classes, .name = "fc"}) | batch_norm({.name = "bn"}),
                        .input = {features},
                        .classes = classes};
  const auto pulled = [&](DecayScope scope) {
    std::string names;
    Compiled with(trace_training(network, batch, {.optimizer = sgd({.weight_decay = 0.5, .decay_on = scope})}));
    Compiled without(trace_training(network, batch, {.optimizer = sgd()}));
    for (Compiled* step : {&with, &without}) {
      Random random(3, 1);
      for (const char* name : {"image", "fc.weight", "fc.bias", "bn.weight", "bn.bias"}) {
        for (float& value : step->tensors.at(name).values<float>()) value = random.normal();
      }
      step->tensors.at("rate").data<float>()[0] = 0.1f;
      step->run();
    }
    for (const char* name : {"fc.weight", "fc.bias", "bn.weight", "bn.bias"}) {
      const float difference = with.tensors.at(name).data<float>()[0] - without.tensors.at(name).data<float>()[0];
      if (std::abs(difference) > 1e-5) names += std::string(name) + " ";
    }
    return names;
  };
  EXPECT_EQ(pulled(DecayScope::weights), "fc.weight ");
  EXPECT_EQ(pulled(DecayScope::all_but_norms), "fc.weight fc.bias ");
  EXPECT_EQ(pulled(DecayScope::all), "fc.weight fc.bias bn.weight bn.bias ");
}

TEST(Optimizer, KeepsItsStateByName) {
  const Traced traced = linear_step(adam());
  std::map<std::string, Role> roles;
  for (const Graph::Argument& argument : traced.graph.arguments()) roles[argument.name] = argument.role;
  for (const char* name : {"moment1.fc.weight", "moment2.fc.weight", "moment1.fc.bias", "moment2.fc.bias", "moment1.correction",
                           "moment2.correction"}) {
    ASSERT_TRUE(roles.contains(name)) << name;
    EXPECT_EQ(roles[name], Role::state);
  }
  EXPECT_EQ(roles["fc.weight"], Role::parameter);
}

TEST(Optimizer, RefusesImpossibleNumbers) {
  EXPECT_EQ(refusal_of([] { sgd({.momentum = 1}); }), "sgd: momentum is 1, must be at least 0 and below 1");
  EXPECT_EQ(refusal_of([] { sgd({.weight_decay = -0.1}); }), "sgd: weight_decay is -0.1, must not be negative");
  EXPECT_EQ(refusal_of([] { sgd({.momentum = 0, .nesterov = true}); }), "sgd: nesterov needs a momentum above 0");
  EXPECT_EQ(refusal_of([] { adam({.beta1 = -1}); }), "adam: beta1 is -1, must be at least 0 and below 1");
  EXPECT_EQ(refusal_of([] { adamw({.epsilon = 0}); }), "adamw: epsilon is 0, must be positive");
  EXPECT_EQ(refusal_of([] { rmsprop({.decay = 1}); }), "rmsprop: decay is 1, must be at least 0 and below 1");
  EXPECT_EQ(refusal_of([] { lars({.trust = 0}); }), "lars: trust is 0, must be positive");
  EXPECT_EQ(refusal_of([] { muon({.momentum = 0}); }), "muon: nesterov needs a momentum above 0");
  EXPECT_NE(refusal_of([] { linear_step(muon()); }).find("muon: \"fc.bias\" is [3], neither a filter nor a matrix"),
            std::string::npos);
  EXPECT_NE(refusal_of([] { adam({.beta2 = std::nan("")}); }).find("beta2"), std::string::npos);
}

}  // namespace
}  // namespace fovea
