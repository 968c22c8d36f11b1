// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/ops/arithmetic.h"

#include <numeric>

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/linalg_builders.h"

using namespace mlir;

namespace fovea::dialect {

Value Arithmetic::number(double value) {
  const auto type = RankedTensorType::get({}, element_);
  return builder_.create<ConstantOp>(location_, type,
                                     DenseElementsAttr::get(type, Attribute(dialect::number(element_, value))));
}

Value Arithmetic::add(Term a, Term b) { return builder_.create<AddOp>(location_, value(a), value(b)); }
Value Arithmetic::sub(Term a, Term b) { return builder_.create<SubOp>(location_, value(a), value(b)); }

namespace {

// The number that a term holds, if it is a scalar constant.
std::optional<double> known_number(Arithmetic::Term term) {
  if (!term.value) return term.number;
  auto constant = term.value.getDefiningOp<ConstantOp>();
  const auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  if (!elements || elements.getType().getRank() != 0 || !isa<FloatType>(elements.getElementType())) return std::nullopt;
  return elements.getSplatValue<APFloat>().convertToDouble();
}

}  // namespace

Value Arithmetic::mul(Term a, Term b) {
  // The gradient of a loss starts from 1, so the factors that follow fold into one number and not into a chain of kernels on
  // scalars.
  if (const auto left = known_number(a), right = known_number(b); left && right) return number(*left * *right);
  return builder_.create<MulOp>(location_, value(a), value(b));
}
Value Arithmetic::div(Term a, Term b) { return builder_.create<DivOp>(location_, value(a), value(b)); }
Value Arithmetic::maximum(Term a, Term b) { return builder_.create<MaximumOp>(location_, value(a), value(b)); }
Value Arithmetic::pow(Term a, Term b) { return builder_.create<PowOp>(location_, value(a), value(b)); }
Value Arithmetic::neg(Value a) { return builder_.create<NegOp>(location_, a); }
Value Arithmetic::abs(Value a) { return builder_.create<AbsOp>(location_, a); }
Value Arithmetic::exp(Value a) { return builder_.create<ExpOp>(location_, a); }
Value Arithmetic::log(Value a) { return builder_.create<LogOp>(location_, a); }
Value Arithmetic::rsqrt(Value a) { return builder_.create<RsqrtOp>(location_, a); }
Value Arithmetic::sigmoid(Value a) { return builder_.create<SigmoidOp>(location_, a); }

Value Arithmetic::select(Term a, StringRef comparison, Term b, Term on_true, Term on_false) {
  return builder_.create<SelectOp>(location_, value(a), value(b), value(on_true), value(on_false), comparison);
}

Value Arithmetic::sum(Value a, ArrayRef<int64_t> dims, bool keep_dims) {
  return builder_.create<ReduceSumOp>(location_, a, dims, keep_dims);
}
Value Arithmetic::mean(Value a, ArrayRef<int64_t> dims, bool keep_dims) {
  return builder_.create<ReduceMeanOp>(location_, a, dims, keep_dims);
}
Value Arithmetic::max(Value a, ArrayRef<int64_t> dims, bool keep_dims) {
  return builder_.create<ReduceMaxOp>(location_, a, dims, keep_dims);
}

Value Arithmetic::mean_of_all(Value a) {
  SmallVector<int64_t> dims(shape_of(a).size());
  std::iota(dims.begin(), dims.end(), 0);
  return mean(a, dims);
}

Value Arithmetic::reshape(Value a, ArrayRef<int64_t> shape) {
  if (shape_of(a) == shape) return a;
  return builder_.create<ReshapeOp>(location_, a, shape);
}

Value Arithmetic::broadcast(Value a, ArrayRef<int64_t> shape) {
  if (shape_of(a) == shape) return a;
  return builder_.create<BroadcastOp>(location_, a, shape);
}

Value Arithmetic::sum_to(Value gradient, ArrayRef<int64_t> shape) {
  const ArrayRef<int64_t> from = shape_of(gradient);
  const size_t missing = from.size() - shape.size();
  SmallVector<int64_t> dims;
  for (size_t dim = 0; dim < from.size(); ++dim) {
    if (dim < missing || (shape[dim - missing] == 1 && from[dim] != 1)) dims.push_back(static_cast<int64_t>(dim));
  }
  if (!dims.empty()) gradient = sum(gradient, dims);
  return reshape(gradient, shape);
}

}  // namespace fovea::dialect
