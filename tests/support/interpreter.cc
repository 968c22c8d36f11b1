// SPDX-License-Identifier: Apache-2.0
#include "tests/support/interpreter.h"

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <stdexcept>

#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace fovea {
namespace {

using mlir::Operation;
using mlir::Value;
using Index = std::vector<int64_t>;

int64_t count(const Index& shape) {
  int64_t product = 1;
  for (int64_t size : shape) product *= size;
  return product;
}

int64_t row_major(const Index& shape, llvm::ArrayRef<int64_t> index) {
  int64_t at = 0;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    if (index[dim] < 0 || index[dim] >= shape[dim]) throw std::runtime_error("a formula reads out of range");
    at = at * shape[dim] + index[dim];
  }
  return at;
}

template <typename Visit>
void each_index(const Index& shape, Visit visit) {
  Index index(shape.size(), 0);
  for (int64_t left = count(shape); left > 0; --left) {
    visit(index);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim]) break;
      index[dim] = 0;
    }
  }
}

// One scalar: `real` for floating point, `integer` (sign-extended) for other types.
struct Scalar {
  double real = 0;
  int64_t integer = 0;
};

unsigned width(mlir::Type type) { return type.isIndex() ? 64 : type.getIntOrFloatBitWidth(); }

int64_t wrapped(int64_t value, unsigned bits) {
  return bits >= 64 ? value : static_cast<int64_t>(static_cast<uint64_t>(value) << (64 - bits)) >> (64 - bits);
}

uint64_t unsigned_bits(int64_t value, unsigned bits) {
  return bits >= 64 ? static_cast<uint64_t>(value) : static_cast<uint64_t>(value) & ((uint64_t{1} << bits) - 1);
}

bool compare_reals(mlir::arith::CmpFPredicate predicate, double a, double b) {
  using P = mlir::arith::CmpFPredicate;
  switch (predicate) {
    case P::OEQ:
      return a == b;
    case P::UNE:
      return a != b;
    case P::OLT:
      return a < b;
    case P::OLE:
      return a <= b;
    case P::OGT:
      return a > b;
    case P::OGE:
      return a >= b;
    case P::UGT:
      return !(a <= b);
    default:
      throw std::runtime_error("unknown comparison of reals");
  }
}

bool compare_integers(mlir::arith::CmpIPredicate predicate, int64_t a, int64_t b) {
  using P = mlir::arith::CmpIPredicate;
  switch (predicate) {
    case P::eq:
      return a == b;
    case P::ne:
      return a != b;
    case P::slt:
      return a < b;
    case P::sle:
      return a <= b;
    case P::sgt:
      return a > b;
    case P::sge:
      return a >= b;
    case P::ult:
      return static_cast<uint64_t>(a) < static_cast<uint64_t>(b);
    case P::uge:
      return static_cast<uint64_t>(a) >= static_cast<uint64_t>(b);
    default:
      throw std::runtime_error("unknown comparison of integers");
  }
}

// Rounds through f32, as every kernel does.
double to_bf16(double value) {
  llvm::APFloat number(static_cast<float>(value));
  bool loses = false;
  number.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &loses);
  return number.convertToDouble();
}

using RealFunction = double (*)(const double* x);

RealFunction real_function(Operation& op) {
  static const std::map<llvm::StringRef, RealFunction> functions{
      {"arith.addf", [](const double* x) { return x[0] + x[1]; }},
      {"arith.subf", [](const double* x) { return x[0] - x[1]; }},
      {"arith.mulf", [](const double* x) { return x[0] * x[1]; }},
      {"arith.divf", [](const double* x) { return x[0] / x[1]; }},
      {"arith.negf", [](const double* x) { return -x[0]; }},
      {"arith.maximumf", [](const double* x) { return std::isnan(x[0]) || x[0] > x[1] ? x[0] : x[1]; }},
      {"arith.minimumf", [](const double* x) { return std::isnan(x[0]) || x[0] < x[1] ? x[0] : x[1]; }},
      {"arith.extf", [](const double* x) { return x[0]; }},
      {"math.exp", [](const double* x) { return std::exp(x[0]); }},
      {"math.log", [](const double* x) { return std::log(x[0]); }},
      {"math.sqrt", [](const double* x) { return std::sqrt(x[0]); }},
      {"math.tanh", [](const double* x) { return std::tanh(x[0]); }},
      {"math.sin", [](const double* x) { return std::sin(x[0]); }},
      {"math.cos", [](const double* x) { return std::cos(x[0]); }},
      {"math.atan", [](const double* x) { return std::atan(x[0]); }},
      {"math.erf", [](const double* x) { return std::erf(x[0]); }},
      {"math.absf", [](const double* x) { return std::abs(x[0]); }},
      {"math.round", [](const double* x) { return std::round(x[0]); }},
      {"math.roundeven", [](const double* x) { return std::nearbyint(x[0]); }},
      {"math.powf", [](const double* x) { return std::pow(x[0], x[1]); }}};
  const llvm::StringRef name = op.getName().getStringRef();
  if (name == "arith.truncf")
    return op.getResult(0).getType().isBF16() ? [](const double* x) { return to_bf16(x[0]); }
                                              : [](const double* x) { return x[0]; };
  const auto found = functions.find(name);
  return found == functions.end() ? nullptr : found->second;
}

std::optional<int64_t> integer_result(Operation& op, llvm::ArrayRef<int64_t> x) {
  const llvm::StringRef name = op.getName().getStringRef();
  if (name == "arith.addi") return x[0] + x[1];
  if (name == "arith.subi") return x[0] - x[1];
  if (name == "arith.muli") return static_cast<int64_t>(static_cast<uint64_t>(x[0]) * static_cast<uint64_t>(x[1]));
  if (name == "arith.divsi") return x[0] / x[1];
  if (name == "arith.maxsi") return std::max(x[0], x[1]);
  if (name == "arith.minsi") return std::min(x[0], x[1]);
  if (name == "arith.andi") return x[0] & x[1];
  if (name == "arith.ori") return x[0] | x[1];
  if (name == "arith.xori") return x[0] ^ x[1];
  if (name == "arith.index_cast" || name == "arith.extsi" || name == "arith.trunci") return x[0];
  const unsigned bits = width(op.getOperand(0).getType());
  if (name == "arith.extui") return static_cast<int64_t>(unsigned_bits(x[0], bits));
  if (name == "arith.shli") return bits >= 64 || x[1] < 64 ? static_cast<int64_t>(static_cast<uint64_t>(x[0]) << x[1]) : 0;
  if (name == "arith.shrsi") return x[0] >> x[1];
  if (name == "arith.remsi") return x[0] % x[1];
  if (name == "arith.maxui" || name == "arith.minui")
    return (unsigned_bits(x[0], bits) > unsigned_bits(x[1], bits)) == (name == "arith.maxui") ? x[0] : x[1];
  if (name == "arith.shrui") return static_cast<int64_t>(unsigned_bits(x[0], bits) >> x[1]);
  return std::nullopt;
}

Scalar constant_scalar(mlir::Attribute value) {
  if (auto real = mlir::dyn_cast<mlir::FloatAttr>(value)) return {real.getValueAsDouble(), 0};
  return {0, mlir::cast<mlir::IntegerAttr>(value).getValue().getSExtValue()};
}

Scalar scalar_result(Operation& op, llvm::ArrayRef<Scalar> x) {
  if (auto cmp = mlir::dyn_cast<mlir::arith::CmpFOp>(op)) return {0, compare_reals(cmp.getPredicate(), x[0].real, x[1].real)};
  if (auto cmp = mlir::dyn_cast<mlir::arith::CmpIOp>(op))
    return {0, compare_integers(cmp.getPredicate(), x[0].integer, x[1].integer)};
  if (mlir::isa<mlir::arith::SelectOp>(op)) return (x[0].integer & 1) != 0 ? x[1] : x[2];
  if (mlir::isa<mlir::arith::SIToFPOp>(op)) return {static_cast<double>(x[0].integer), 0};
  if (mlir::isa<mlir::arith::FPToSIOp>(op)) return {0, static_cast<int64_t>(x[0].real)};
  const mlir::Type type = op.getResult(0).getType();
  if (mlir::isa<mlir::FloatType>(type))
    throw std::runtime_error("unknown scalar operation " + op.getName().getStringRef().str());
  llvm::SmallVector<int64_t> integers;
  for (const Scalar& scalar : x) integers.push_back(scalar.integer);
  const auto result = integer_result(op, integers);
  if (!result) throw std::runtime_error("unknown scalar operation " + op.getName().getStringRef().str());
  return {0, wrapped(*result, width(type))};
}

// The body of a linalg.generic with its values numbered.
class Body {
 public:
  Body(mlir::linalg::GenericOp op, const llvm::DenseMap<Value, Scalar>& outside) {
    for (Value argument : op.getBody()->getArguments()) number(argument);
    for (Operation& inner : op.getBody()->without_terminator()) {
      Step step{&inner, real_function(inner), {}, -1};
      for (Value operand : inner.getOperands()) {
        if (!numbers_.count(operand)) initial_[number(operand)] = outside.lookup(operand);
        step.operands.push_back(numbers_.lookup(operand));
      }
      step.result = number(inner.getResult(0));
      if (auto constant = mlir::dyn_cast<mlir::arith::ConstantOp>(inner))
        initial_[step.result] = constant_scalar(constant.getValue());
      else
        steps_.push_back(std::move(step));
    }
    for (Value value : op.getBody()->getTerminator()->getOperands()) {
      if (!numbers_.count(value)) initial_[number(value)] = outside.lookup(value);
      results_.push_back(numbers_.lookup(value));
    }
  }

  llvm::SmallVector<Scalar> run(llvm::ArrayRef<Scalar> arguments, const Index& index) {
    std::vector<Scalar>& values = initial_;
    std::copy(arguments.begin(), arguments.end(), values.begin());
    llvm::SmallVector<Scalar> operands;
    std::array<double, 4> reals;
    for (const Step& step : steps_) {
      if (step.function != nullptr) {
        for (size_t i = 0; i < step.operands.size(); ++i) reals[i] = values[step.operands[i]].real;
        values[step.result] = {step.function(reals.data()), 0};
        continue;
      }
      if (auto loop = mlir::dyn_cast<mlir::linalg::IndexOp>(step.op)) {
        values[step.result] = {0, index[loop.getDim()]};
        continue;
      }
      operands.clear();
      for (int operand : step.operands) operands.push_back(values[operand]);
      values[step.result] = scalar_result(*step.op, operands);
    }
    llvm::SmallVector<Scalar> results;
    for (int result : results_) results.push_back(values[result]);
    return results;
  }

 private:
  struct Step {
    Operation* op;
    RealFunction function;  // of real numbers; null for other operations
    llvm::SmallVector<int> operands;
    int result;
  };

  int number(Value value) {
    numbers_[value] = static_cast<int>(initial_.size());
    initial_.emplace_back();
    return numbers_[value];
  }

  llvm::DenseMap<Value, int> numbers_;
  std::vector<Scalar> initial_;
  std::vector<Step> steps_;
  std::vector<int> results_;
};

// Where an operand of a generic is read: a linear function of the loop indices, checked once against the operand's shape.
struct Walk {
  int64_t start = 0;
  Index steps;  // for each loop

  Walk(mlir::AffineMap map, const Index& shape, const Index& loops) : steps(loops.size(), 0) {
    int64_t stride = count(shape);
    for (unsigned dim = 0; dim < map.getNumResults(); ++dim) {
      stride /= shape[dim];
      const Index zero(loops.size(), 0);
      const mlir::AffineMap coordinate = map.getSubMap({dim});
      const int64_t first = coordinate.compose(zero)[0];
      int64_t least = first, most = first;
      for (size_t loop = 0; loop < loops.size(); ++loop) {
        Index one = zero;
        one[loop] = 1;
        const int64_t step = coordinate.compose(one)[0] - first;
        steps[loop] += step * stride;
        (step < 0 ? least : most) += step * (loops[loop] - 1);
      }
      if (least < 0 || most >= shape[dim]) throw std::runtime_error("a formula reads out of range");
      start += first * stride;
    }
  }
  int64_t at(const Index& index) const {
    int64_t place = start;
    for (size_t loop = 0; loop < index.size(); ++loop) place += steps[loop] * index[loop];
    return place;
  }
};

class Frame {
 public:
  explicit Frame(Noise* noise) : noise_(noise) {}

  std::vector<Array> run(mlir::func::FuncOp function, const std::vector<Array>& arguments) {
    for (size_t i = 0; i < arguments.size(); ++i) arrays_[function.getArgument(i)] = arguments[i];
    for (Operation& op : function.getBody().front().without_terminator()) step(op);
    std::vector<Array> results;
    for (Value value : function.getBody().front().getTerminator()->getOperands()) results.push_back(arrays_[value]);
    return results;
  }

 private:
  static Array array_of(mlir::Type type, double value) {
    Array result{mlir::cast<mlir::RankedTensorType>(type).getShape().vec(), {}};
    result.values.assign(count(result.shape), value);
    return result;
  }

  static double stored(Scalar scalar, mlir::Type type) {
    return mlir::isa<mlir::FloatType>(type) ? scalar.real : static_cast<double>(scalar.integer);
  }

  void step(Operation& op) {
    if (auto generic = mlir::dyn_cast<mlir::linalg::GenericOp>(op)) return run_generic(generic);
    if (auto pad = mlir::dyn_cast<mlir::tensor::PadOp>(op)) return run_pad(pad);
    if (auto slice = mlir::dyn_cast<mlir::tensor::ExtractSliceOp>(op)) return run_extract(slice);
    if (auto slice = mlir::dyn_cast<mlir::tensor::InsertSliceOp>(op)) return run_insert(slice);
    if (auto constant = mlir::dyn_cast<mlir::arith::ConstantOp>(op)) return run_constant(constant);
    if (auto call = mlir::dyn_cast<mlir::func::CallOp>(op)) return run_call(call);
    if (auto fill = mlir::dyn_cast<mlir::linalg::FillOp>(op)) {
      arrays_[op.getResult(0)] =
          array_of(op.getResult(0).getType(), stored(scalars_.lookup(fill.value()), fill.value().getType()));
    } else if (mlir::isa<mlir::tensor::EmptyOp>(op)) {
      arrays_[op.getResult(0)] = array_of(op.getResult(0).getType(), std::nan(""));
    } else if (mlir::isa<mlir::tensor::CollapseShapeOp, mlir::tensor::ExpandShapeOp>(op)) {
      Array result = array_of(op.getResult(0).getType(), 0);
      result.values = arrays_[op.getOperand(0)].values;
      arrays_[op.getResult(0)] = std::move(result);
    } else {
      throw std::runtime_error("a formula holds " + op.getName().getStringRef().str());
    }
  }

  void run_constant(mlir::arith::ConstantOp op) {
    auto dense = mlir::dyn_cast<mlir::DenseElementsAttr>(op.getValue());
    if (!dense) {
      scalars_[op] = constant_scalar(op.getValue());
      return;
    }
    Array result{dense.getType().getShape().vec(), {}};
    for (mlir::Attribute value : dense.getValues<mlir::Attribute>())
      result.values.push_back(stored(constant_scalar(value), dense.getElementType()));
    arrays_[op] = std::move(result);
  }

  void run_call(mlir::func::CallOp call) {
    auto callee = call->getParentOfType<mlir::ModuleOp>().lookupSymbol<mlir::func::FuncOp>(call.getCallee());
    std::vector<Array> arguments;
    for (Value operand : call.getOperands()) arguments.push_back(arrays_[operand]);
    const auto results = Frame(noise_).run(callee, arguments);
    for (size_t i = 0; i < results.size(); ++i) arrays_[call.getResult(i)] = results[i];
  }

  void run_pad(mlir::tensor::PadOp pad) {
    const Array& source = arrays_[pad.getSource()];
    const Value filling = pad.getConstantPaddingValue();
    Array result = array_of(pad.getType(), stored(scalars_.lookup(filling), filling.getType()));
    int64_t at = 0;
    each_index(source.shape, [&](Index index) {
      for (size_t dim = 0; dim < index.size(); ++dim) index[dim] += pad.getStaticLow()[dim];
      result.values[row_major(result.shape, index)] = source.values[at++];
    });
    arrays_[pad] = std::move(result);
  }

  // Visits the positions of a slice in the whole tensor, in row-major order of the slice.
  template <typename Slice, typename Visit>
  static void each_place(Slice slice, const Index& whole, Visit visit) {
    each_index(Index(slice.getStaticSizes()), [&](Index index) {
      for (size_t dim = 0; dim < index.size(); ++dim)
        index[dim] = slice.getStaticOffsets()[dim] + index[dim] * slice.getStaticStrides()[dim];
      visit(row_major(whole, index));
    });
  }

  void run_extract(mlir::tensor::ExtractSliceOp slice) {
    const Array& source = arrays_[slice.getSource()];
    Array result{slice.getType().getShape().vec(), {}};
    each_place(slice, source.shape, [&](int64_t place) { result.values.push_back(source.values[place]); });
    arrays_[slice] = std::move(result);
  }

  void run_insert(mlir::tensor::InsertSliceOp slice) {
    const Array& source = arrays_[slice.getSource()];
    Array result = arrays_[slice.getDest()];
    int64_t at = 0;
    each_place(slice, result.shape, [&](int64_t place) { result.values[place] = source.values[at++]; });
    arrays_[slice] = std::move(result);
  }

  void run_generic(mlir::linalg::GenericOp op) {
    const auto maps = op.getIndexingMapsArray();
    std::vector<Array> operands;
    for (Value operand : op->getOperands()) operands.push_back(arrays_[operand]);
    std::vector<bool> real;
    for (const Value operand : op->getOperands())
      real.push_back(mlir::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(operand.getType())));
    Body body(op, scalars_);
    std::vector<int64_t> places(operands.size());
    llvm::SmallVector<Scalar> arguments(operands.size());
    const size_t inputs = op.getNumDpsInputs();
    const auto ranges = op.getStaticLoopRanges();
    const Index loops(ranges.begin(), ranges.end());
    std::vector<Walk> walks;
    for (size_t i = 0; i < operands.size(); ++i) walks.emplace_back(maps[i], operands[i].shape, loops);
    each_index(loops, [&](const Index& index) {
      for (size_t i = 0; i < operands.size(); ++i) {
        places[i] = walks[i].at(index);
        double value = operands[i].values[places[i]];
        if (noise_ != nullptr && real[i]) value = noise_->disturbed(value);
        arguments[i] = real[i] ? Scalar{value, 0} : Scalar{0, std::isnan(value) ? 0 : static_cast<int64_t>(value)};
      }
      const auto results = body.run(arguments, index);
      for (size_t i = 0; i < results.size(); ++i)
        operands[inputs + i].values[places[inputs + i]] =
            real[inputs + i] ? results[i].real : static_cast<double>(results[i].integer);
    });
    for (size_t i = inputs; noise_ != nullptr && i < operands.size(); ++i)
      for (double& value : operands[i].values) value = real[i] ? noise_->disturbed(value) : value;
    for (auto [i, result] : llvm::enumerate(op.getResults())) arrays_[result] = operands[inputs + i];
  }

  Noise* noise_;
  llvm::DenseMap<Value, Array> arrays_;
  llvm::DenseMap<Value, Scalar> scalars_;
};

}  // namespace

std::vector<Array> interpret(mlir::func::FuncOp function, const std::vector<Array>& arguments, Noise* noise) {
  return Frame(noise).run(function, arguments);
}

}  // namespace fovea
