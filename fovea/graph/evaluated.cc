// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/evaluated.h"

#include <algorithm>
#include <span>

#include "fovea/core/tensor_arithmetic.h"
#include "fovea/graph/operators.h"

namespace fovea {
namespace {

template <typename Function>
struct Row {
  std::string_view op;
  Function function;
};
constexpr Row<BinaryFunction> binary_operators[] = {
    {ops::Add::name, BinaryFunction::add},
    {ops::Sub::name, BinaryFunction::subtract},
    {ops::Mul::name, BinaryFunction::multiply},
    {ops::Div::name, BinaryFunction::divide},
};
constexpr Row<UnaryFunction> unary_operators[] = {
    {ops::Neg::name, UnaryFunction::negate},
    {ops::Exp::name, UnaryFunction::exponential},
    {ops::Log::name, UnaryFunction::logarithm},
    {ops::Sqrt::name, UnaryFunction::square_root},
    {ops::Rsqrt::name, UnaryFunction::reciprocal_square_root},
};

// The row of an operator; null when there is none.
template <typename Function>
const Row<Function>* row_of(std::span<const Row<Function>> rows, std::string_view op) {
  const auto row = std::ranges::find(rows, op, &Row<Function>::op);
  return row == rows.end() ? nullptr : &*row;
}

const Row<BinaryFunction>* binary(std::string_view op) { return row_of<BinaryFunction>(binary_operators, op); }
const Row<UnaryFunction>* unary(std::string_view op) { return row_of<UnaryFunction>(unary_operators, op); }

}  // namespace

bool is_evaluated(std::string_view op) { return binary(op) || unary(op) || op == ops::Reshape::name || op == ops::Cast::name; }

std::optional<Tensor> evaluated(std::string_view op, const std::vector<Tensor>& operands, const Shape& shape) {
  if (const auto* row = binary(op)) return computed(row->function, operands.at(0), operands.at(1));
  if (const auto* row = unary(op)) return computed(row->function, operands.at(0));
  if (op == ops::Reshape::name) return operands.at(0).reshaped(shape);
  if (op == ops::Cast::name) return operands.at(0);
  return std::nullopt;
}

}  // namespace fovea
