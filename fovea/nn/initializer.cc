// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/initializer.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/random.h"

namespace fovea {
namespace {

// The standard deviation of a unit normal distribution truncated at two; truncated numbers are widened by the inverse.
constexpr double cut_deviation = 0.87962566103423978;

double fan_of(const ParameterSpec& parameter) {
  switch (parameter.initializer.fan) {
    case Initializer::Fan::in:
      return static_cast<double>(parameter.fan_in);
    case Initializer::Fan::out:
      return static_cast<double>(parameter.fan_out);
    case Initializer::Fan::out_of_groups:
      return static_cast<double>(parameter.fan_out * parameter.groups);
    case Initializer::Fan::both:
      return 0.5 * static_cast<double>(parameter.fan_in + parameter.fan_out);
    case Initializer::Fan::none:
      break;
  }
  return 1;
}

// Half the width of a uniform distribution, or the standard deviation of a normal one before truncation.
double width_of(const ParameterSpec& parameter) {
  const Initializer& initializer = parameter.initializer;
  if (initializer.fan == Initializer::Fan::none) return initializer.scale;
  const double deviation = std::sqrt(initializer.scale / fan_of(parameter));
  switch (initializer.distribution) {
    case Initializer::Distribution::uniform:
      return std::sqrt(3.0) * deviation;
    case Initializer::Distribution::truncated_normal:
      return deviation / cut_deviation;
    default:
      return deviation;
  }
}

float cut_normal(Random& random) {
  for (;;) {
    const float drawn = random.normal();
    if (std::abs(drawn) <= 2) return drawn;
  }
}

// Makes the first filters of [taps..., in, out] pass their channel through at the middle tap.
void set_identity(Tensor& tensor) {
  const Shape& shape = tensor.shape();
  const int64_t in = shape[shape.size() - 2], out = shape.back(), filters = std::min(in, out);
  int64_t middle = 0;  // row-major index over the taps
  for (size_t i = 0; i + 2 < shape.size(); ++i) middle = middle * shape[i] + shape[i] / 2;
  float* values = tensor.data<float>();
  for (int64_t row = 0; row < tensor.size() / out; ++row) {
    for (int64_t filter = 0; filter < filters; ++filter) {
      values[row * out + filter] = row == middle * in + filter ? 1.0F : 0.0F;
    }
  }
}

}  // namespace

Tensor initial_value(const ParameterSpec& parameter, uint64_t seed) {
  Tensor tensor(parameter.shape, DType::f32);
  Random random(seed, hash_of(parameter.stream.empty() ? parameter.name : parameter.stream));
  const auto width = static_cast<float>(width_of(parameter));
  const auto fill = [&](auto draw) { std::generate_n(tensor.data<float>(), tensor.size(), draw); };
  switch (parameter.initializer.distribution) {
    case Initializer::Distribution::constant:
      fill([&] { return width; });
      break;
    case Initializer::Distribution::uniform:
      fill([&] { return random.uniform(-width, width); });
      break;
    case Initializer::Distribution::normal:
      fill([&] { return width * random.normal(); });
      break;
    case Initializer::Distribution::truncated_normal:
      fill([&] { return width * cut_normal(random); });
      break;
  }
  if (parameter.initializer.identity) set_identity(tensor);
  return tensor;
}

}  // namespace fovea
