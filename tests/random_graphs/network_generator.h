// SPDX-License-Identifier: Apache-2.0
// What generators of random networks share: the graph so far, its values, and choices.
#pragma once

#include <optional>
#include <random>
#include <vector>

#include "tests/random_graphs/random_network.h"

namespace fovea {

class NetworkGenerator {
 public:
  NetworkGenerator(uint32_t seed, std::string name);

  int64_t pick(int64_t count) { return static_cast<int64_t>(random_() % static_cast<uint32_t>(count)); }
  int64_t between(int64_t least, int64_t most) { return least + pick(most - least + 1); }
  bool chance(int percent) { return pick(100) < percent; }
  template <typename T>
  T one_of(std::initializer_list<T> list) {
    return *(list.begin() + pick(static_cast<int64_t>(list.size())));
  }
  double uniform(double low, double high) { return std::uniform_real_distribution<double>(low, high)(random_); }

  Ref input(const TensorType& type, double low, double high);
  Ref parameter(const TensorType& type, double low,
                double high);  // integers are over their whole range, except i32, which is in [low, high]
  Ref constant(const Shape& shape, double low, double high);  // few numbers, often one

  TensorType type(Ref value) const { return result_.model.graph.type(value); }
  Shape shape(Ref value) const { return type(value).shape; }

  // The first result; nothing when the shape rule refuses, or when the result is too large for an interpreter.
  std::optional<Ref> add(const char* operation, const std::vector<Ref>& operands, const Attributes& attributes = {});
  std::vector<Ref> add_all(const char* operation, const std::vector<Ref>& operands, const Attributes& attributes = {});

  // A value that later operators may read, and the magnitude of its numbers.
  void keep(Ref value, double size = 1);
  double size(Ref value) const { return sizes_.at(value.index); }
  const std::vector<Ref>& values() const { return values_; }
  // A recent value with such a rank.
  std::optional<Ref> some(int64_t least_rank = 0, int64_t most_rank = 5);

  // How a window moves over images of that rank: sizes, strides, dilations, and any kind of padding.
  Attributes movement(const Shape& window, bool dilated);
  Shape window(int64_t spatial, int64_t largest);
  Shape random_shape(int64_t rank);  // [batch, spatial..., channels]

  RandomNetwork& result() { return result_; }
  Graph& graph() { return result_.model.graph; }

 private:
  Ref argument(const TensorType& type, Role role, double low, double high);

  RandomNetwork result_;
  std::mt19937 random_;
  std::vector<Ref> values_;
  std::map<int32_t, double> sizes_;
  int arguments_ = 0, layers_ = 0;
};

// Adds `steps` operators on real numbers, or on integers, to the generator.
void add_real_operators(NetworkGenerator& generator, int steps, bool differentiable);
void add_integer_operators(NetworkGenerator& generator, int steps);

}  // namespace fovea
