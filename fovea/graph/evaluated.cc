// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/evaluated.h"

#include <algorithm>
#include <array>

#include "fovea/core/tensor_arithmetic.h"
#include "fovea/graph/operators.h"

namespace fovea {
namespace {

struct Binary {
  std::string_view op;
  BinaryFunction function;
};
constexpr std::array binary_operators{
    Binary{ops::Add::name, BinaryFunction::add},
    Binary{ops::Sub::name, BinaryFunction::subtract},
    Binary{ops::Mul::name, BinaryFunction::multiply},
    Binary{ops::Div::name, BinaryFunction::divide},
};

struct Unary {
  std::string_view op;
  UnaryFunction function;
};
constexpr std::array unary_operators{
    Unary{ops::Neg::name, UnaryFunction::negate},
    Unary{ops::Exp::name, UnaryFunction::exponential},
    Unary{ops::Log::name, UnaryFunction::logarithm},
    Unary{ops::Sqrt::name, UnaryFunction::square_root},
    Unary{ops::Rsqrt::name, UnaryFunction::reciprocal_square_root},
};

template <typename Rows>
const auto* row_of(const Rows& rows, std::string_view op) {
  const auto row = std::ranges::find_if(rows, [&](const auto& entry) { return entry.op == op; });
  return row == rows.end() ? nullptr : &*row;
}

}  // namespace

bool is_evaluated(std::string_view op) {
  return row_of(binary_operators, op) || row_of(unary_operators, op) || op == ops::Reshape::name || op == ops::Cast::name;
}

std::optional<Tensor> evaluated(std::string_view op, const std::vector<Tensor>& operands, const Shape& shape) {
  if (const Binary* row = row_of(binary_operators, op)) return computed(row->function, operands.at(0), operands.at(1));
  if (const Unary* row = row_of(unary_operators, op)) return computed(row->function, operands.at(0));
  if (op == ops::Reshape::name) return operands.at(0).reshaped(shape);
  if (op == ops::Cast::name) return operands.at(0);
  return std::nullopt;
}

}  // namespace fovea
