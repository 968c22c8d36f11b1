// SPDX-License-Identifier: Apache-2.0
// Optimizers that use a whole tensor of a layer: LARS and Muon.
#include <cmath>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/optimizer_parts.h"

namespace fovea {
namespace {

std::vector<int64_t> all_dimensions(Value x) {
  std::vector<int64_t> dimensions(static_cast<size_t>(x.rank()));
  std::iota(dimensions.begin(), dimensions.end(), int64_t{0});
  return dimensions;
}

Value norm(Value x) { return operators::unary(ops::Sqrt::name, operators::reduce_sum(x * x, all_dimensions(x))); }

// The matrix [rows, columns] with its singular values moved towards 1. Products are taken over the longer side.
Value orthogonalized(Value matrix, int64_t steps) {
  constexpr double a = 3.4445, b = -4.7750, c = 2.0315;
  Value x = matrix / (norm(matrix) + 1e-7);  // makes every singular value at most 1
  const bool tall = matrix.extent(0) > matrix.extent(1);
  for (int64_t step = 0; step < steps; ++step) {
    const Value square = tall ? operators::matmul(x, x, {.transpose_a = true}) : operators::matmul(x, x, {.transpose_b = true});
    const Value polynomial = square * b + operators::matmul(square, square) * c;
    x = x * a + (tall ? operators::matmul(x, polynomial) : operators::matmul(polynomial, x));
  }
  return x;
}

}  // namespace

Optimizer lars(LarsOptions options) {
  check_share("lars", "momentum", options.momentum);
  check_decay("lars", options.weight_decay);
  check_positive("lars", "trust", options.trust);
  return [options](Recorder& recorder) -> ParameterUpdate {
    return [options, &recorder](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      Value local = rate;
      if (spec.decayed) {
        const Value size = norm(parameter), slope = norm(gradient);
        const Value ratio = size * options.trust / (slope + size * options.weight_decay);
        const Value zero = operators::constant(recorder, 0), one = operators::constant(recorder, 1);
        local = rate * operators::select_greater(operators::minimum(size, slope), zero, ratio, one);
        gradient = gradient + parameter * options.weight_decay;
      }
      return parameter - with_momentum(recorder, spec, local * gradient, options.momentum);
    };
  };
}

Optimizer muon(MuonOptions options) {
  check_share("muon", "momentum", options.momentum);
  check_nesterov("muon", options.nesterov, options.momentum);
  if (options.steps < 1) refuse("muon: steps is {}, must be at least 1", options.steps);
  return [options](Recorder& recorder) -> ParameterUpdate {
    return [options, &recorder](const ParameterSpec& spec, Value parameter, Value gradient, Value rate) {
      if (spec.shape.size() < 2) {
        refuse("muon: \"{}\" is {}, neither a filter nor a matrix; give it to a group with another optimizer", spec.name,
               to_string(spec.shape));
      }
      if (options.momentum > 0) {
        const Value velocity = with_momentum(recorder, spec, gradient, options.momentum);
        gradient = options.nesterov ? gradient + velocity * options.momentum : velocity;
      }
      const int64_t outputs = spec.shape.back();
      const Value matrix = operators::reshape(gradient, {element_count(spec.shape) / outputs, outputs});
      const Value step = operators::reshape(orthogonalized(matrix, options.steps), spec.shape);
      return parameter * (std::sqrt(static_cast<double>(outputs)) / norm(parameter)) - rate * step;
    };
  };
}

}  // namespace fovea
