#include "tests/passes/interpreter.h"

#include <cmath>
#include <functional>
#include <stdexcept>

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"

namespace fovea {
namespace {

using mlir::Operation;
using mlir::Value;
using Index = std::vector<int64_t>;

int64_t count(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  return n;
}

int64_t flat(const std::vector<int64_t>& shape, const Index& index) {
  int64_t at = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (index[i] < 0 || index[i] >= shape[i]) throw std::runtime_error("index out of range");
    at = at * shape[i] + index[i];
  }
  return at;
}

void each_index(const std::vector<int64_t>& shape, const std::function<void(const Index&)>& visit) {
  Index index(shape.size(), 0);
  for (int64_t n = count(shape); n > 0; --n) {
    visit(index);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim]) break;
      index[dim] = 0;
    }
  }
}

std::vector<int64_t> shape_of(mlir::Type type) {
  auto shape = mlir::cast<mlir::RankedTensorType>(type).getShape();
  return {shape.begin(), shape.end()};
}

double constant_of(mlir::Attribute value) {
  if (auto number = mlir::dyn_cast<mlir::FloatAttr>(value)) return number.getValueAsDouble();
  return static_cast<double>(mlir::cast<mlir::IntegerAttr>(value).getInt());
}

bool compare(mlir::arith::CmpFPredicate predicate, double a, double b) {
  switch (predicate) {
    case mlir::arith::CmpFPredicate::OGT:
    case mlir::arith::CmpFPredicate::UGT:
      return a > b;
    case mlir::arith::CmpFPredicate::OGE:
      return a >= b;
    case mlir::arith::CmpFPredicate::OLT:
      return a < b;
    case mlir::arith::CmpFPredicate::OLE:
      return a <= b;
    case mlir::arith::CmpFPredicate::OEQ:
      return a == b;
    default:
      throw std::runtime_error("unknown comparison");
  }
}

double scalar(Operation& op, const std::vector<double>& in) {
  static const llvm::StringMap<std::function<double(const std::vector<double>&)>> known = {
      {"arith.addf", [](auto& x) { return x[0] + x[1]; }},
      {"arith.subf", [](auto& x) { return x[0] - x[1]; }},
      {"arith.mulf", [](auto& x) { return x[0] * x[1]; }},
      {"arith.divf", [](auto& x) { return x[0] / x[1]; }},
      {"arith.negf", [](auto& x) { return -x[0]; }},
      {"arith.maximumf", [](auto& x) { return std::max(x[0], x[1]); }},
      {"arith.minimumf", [](auto& x) { return std::min(x[0], x[1]); }},
      {"arith.select", [](auto& x) { return x[0] != 0 ? x[1] : x[2]; }},
      {"math.exp", [](auto& x) { return std::exp(x[0]); }},
      {"math.tanh", [](auto& x) { return std::tanh(x[0]); }},
  };
  if (auto constant = mlir::dyn_cast<mlir::arith::ConstantOp>(op)) return constant_of(constant.getValue());
  if (auto cmp = mlir::dyn_cast<mlir::arith::CmpFOp>(op)) return compare(cmp.getPredicate(), in[0], in[1]);
  auto found = known.find(op.getName().getStringRef());
  if (found == known.end()) throw std::runtime_error("unknown scalar " + op.getName().getStringRef().str());
  return found->second(in);
}

class Frame {
 public:
  std::vector<Array> run(mlir::func::FuncOp function, const std::vector<Array>& arguments) {
    for (size_t i = 0; i < arguments.size(); ++i) arrays_[function.getArgument(i)] = arguments[i];
    for (Operation& op : function.getBody().front().without_terminator()) step(op);
    std::vector<Array> results;
    for (Value value : function.getBody().front().getTerminator()->getOperands()) results.push_back(arrays_[value]);
    return results;
  }

 private:
  void step(Operation& op) {
    if (auto generic = mlir::dyn_cast<mlir::linalg::GenericOp>(op)) return run_generic(generic);
    if (auto call = mlir::dyn_cast<mlir::func::CallOp>(op)) return run_call(call);
    if (auto pad = mlir::dyn_cast<mlir::tensor::PadOp>(op)) return run_pad(pad);
    if (auto slice = mlir::dyn_cast<mlir::tensor::ExtractSliceOp>(op)) return run_extract(slice);
    if (auto slice = mlir::dyn_cast<mlir::tensor::InsertSliceOp>(op)) return run_insert(slice);
    if (auto constant = mlir::dyn_cast<mlir::arith::ConstantOp>(op)) return run_constant(constant);
    Array result{.shape = shape_of(op.getResult(0).getType())};
    if (mlir::isa<mlir::tensor::CollapseShapeOp, mlir::tensor::ExpandShapeOp>(op)) {
      result.values = arrays_[op.getOperand(0)].values;
    } else if (mlir::isa<mlir::tensor::EmptyOp>(op)) {
      result.values.assign(count(result.shape), std::nan(""));
    } else if (auto fill = mlir::dyn_cast<mlir::linalg::FillOp>(op)) {
      result.values.assign(count(result.shape), scalars_[fill.value()]);
    } else {
      throw std::runtime_error("unknown operation " + op.getName().getStringRef().str());
    }
    arrays_[op.getResult(0)] = std::move(result);
  }

  void run_constant(mlir::arith::ConstantOp op) {
    auto dense = mlir::dyn_cast<mlir::DenseElementsAttr>(op.getValue());
    if (!dense) {
      scalars_[op] = constant_of(op.getValue());
      return;
    }
    Array result{.shape = shape_of(op.getType())};
    for (mlir::Attribute value : dense.getValues<mlir::Attribute>()) result.values.push_back(constant_of(value));
    arrays_[op] = std::move(result);
  }

  void run_call(mlir::func::CallOp call) {
    auto callee = call->getParentOfType<mlir::ModuleOp>().lookupSymbol<mlir::func::FuncOp>(call.getCallee());
    std::vector<Array> arguments;
    for (Value operand : call.getOperands()) arguments.push_back(arrays_[operand]);
    auto results = Frame().run(callee, arguments);
    for (size_t i = 0; i < results.size(); ++i) arrays_[call.getResult(i)] = results[i];
  }

  void run_pad(mlir::tensor::PadOp pad) {
    const Array& source = arrays_[pad.getSource()];
    Array result{.shape = shape_of(pad.getType())};
    Value value = pad.getConstantPaddingValue();
    double filler =
        scalars_.count(value) ? scalars_[value] : constant_of(value.getDefiningOp<mlir::arith::ConstantOp>().getValue());
    result.values.assign(count(result.shape), filler);
    each_index(source.shape, [&](const Index& index) {
      Index to = index;
      for (size_t i = 0; i < to.size(); ++i) to[i] += pad.getStaticLow()[i];
      result.values[flat(result.shape, to)] = source.values[flat(source.shape, index)];
    });
    arrays_[pad] = std::move(result);
  }

  // Visits (index in the slice counted flat, index in the large tensor).
  template <typename Slice>
  void each_sliced(Slice slice, const std::function<void(int64_t, const Index&)>& visit) {
    std::vector<int64_t> sizes(slice.getStaticSizes());
    int64_t at = 0;
    each_index(sizes, [&](const Index& index) {
      Index in_large = index;
      for (size_t i = 0; i < index.size(); ++i)
        in_large[i] = slice.getStaticOffsets()[i] + index[i] * slice.getStaticStrides()[i];
      visit(at++, in_large);
    });
  }

  void run_extract(mlir::tensor::ExtractSliceOp slice) {
    const Array& source = arrays_[slice.getSource()];
    Array result{.shape = shape_of(slice.getType())};
    result.values.resize(count(result.shape));
    each_sliced(slice, [&](int64_t at, const Index& index) { result.values[at] = source.values[flat(source.shape, index)]; });
    arrays_[slice] = std::move(result);
  }

  void run_insert(mlir::tensor::InsertSliceOp slice) {
    const Array& source = arrays_[slice.getSource()];
    Array result = arrays_[slice.getDest()];
    each_sliced(slice, [&](int64_t at, const Index& index) { result.values[flat(result.shape, index)] = source.values[at]; });
    arrays_[slice] = std::move(result);
  }

  void run_generic(mlir::linalg::GenericOp op) {
    auto maps = op.getIndexingMapsArray();
    auto ranges = op.getStaticLoopRanges();
    std::vector<Array*> operands;
    for (auto [i, result] : llvm::enumerate(op.getResults())) {
      Array initial = arrays_[op.getDpsInits()[i]];
      arrays_[result] = std::move(initial);
    }
    for (Value input : op.getInputs()) operands.push_back(&arrays_[input]);
    for (Value result : op.getResults()) operands.push_back(&arrays_[result]);
    each_index({ranges.begin(), ranges.end()}, [&](const Index& index) {
      std::vector<int64_t> places;
      llvm::DenseMap<Value, double> scalars;
      for (size_t i = 0; i < operands.size(); ++i) {
        auto at = maps[i].compose(llvm::ArrayRef<int64_t>(index));
        places.push_back(flat(operands[i]->shape, {at.begin(), at.end()}));
        scalars[op.getBody()->getArgument(i)] = operands[i]->values[places[i]];
      }
      auto read = [&](Value value) { return scalars.count(value) ? scalars[value] : scalars_[value]; };
      for (Operation& inner : op.getBody()->without_terminator()) {
        std::vector<double> in;
        for (Value operand : inner.getOperands()) in.push_back(read(operand));
        auto loop = mlir::dyn_cast<mlir::linalg::IndexOp>(inner);
        scalars[inner.getResult(0)] = loop ? static_cast<double>(index[loop.getDim()]) : scalar(inner, in);
      }
      size_t first = op.getNumDpsInputs();
      for (auto [i, value] : llvm::enumerate(op.getBody()->getTerminator()->getOperands())) {
        operands[first + i]->values[places[first + i]] = read(value);
      }
    });
  }

  llvm::DenseMap<Value, Array> arrays_;
  llvm::DenseMap<Value, double> scalars_;
};

}  // namespace

std::vector<Array> interpret(mlir::func::FuncOp function, const std::vector<Array>& arguments) {
  return Frame().run(function, arguments);
}

}  // namespace fovea
