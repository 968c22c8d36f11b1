// SPDX-License-Identifier: Apache-2.0
// Replaces operators on integers by those on the real numbers that the integers stand for.
#include "fovea/dialect/check.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "fovea/dialect/quantized/quantized.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/network/operator_builder.h"
#include "fovea/passes/passes.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Quant/QuantTypes.h"

namespace fovea {
#define GEN_PASS_DEF_DEQUANTIZEPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;
using namespace fovea::dialect;

Type real_type(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (!isa<quant::QuantizedType>(tensor.getElementType())) return type;
  return RankedTensorType::get(tensor.getShape(), Float32Type::get(type.getContext()));
}

class Dequantizer {
 public:
  explicit Dequantizer(func::FuncOp main) : main_(main), make_(main.getContext()), builder_(make_.builder()) {}

  LogicalResult run() {
    Block& body = main_.getBody().front();
    change_arguments(body);
    SmallVector<Operation*> integers;
    for (Operation& op : body.without_terminator()) integers.push_back(&op);
    for (Operation* op : integers)
      if (failed(convert(op))) return failure();
    Operation* end = body.getTerminator();
    for (OpOperand& operand : end->getOpOperands()) operand.set(value(operand.get()));
    for (Operation* op : llvm::reverse(integers)) op->erase();
    main_.setFunctionType(builder_.getFunctionType(body.getArgumentTypes(), end->getOperandTypes()));
    return success();
  }

 private:
  // Integers become f32, and so do plain biases, whose scale is that of the products that they are added to.
  void change_arguments(Block& body) {
    llvm::DenseSet<Value> biases;
    for (Operation& op : body)
      if (isa<QuantizedConvOp, QuantizedDenseOp>(op)) biases.insert(op.getOperand(2));
    for (BlockArgument argument : body.getArguments()) {
      types_[argument] = argument.getType();
      values_[argument] = argument;
      const bool bias = biases.contains(argument) && role_of(main_, argument.getArgNumber()) == "parameter";
      auto type = cast<RankedTensorType>(argument.getType());
      argument.setType(bias ? RankedTensorType::get(type.getShape(), builder_.getF32Type()) : real_type(type));
    }
  }

  Value value(Value integers) const { return values_.lookup(integers); }
  // The type that a value had.
  Type type_of(Value integers) const {
    auto changed = types_.find(integers);
    return changed == types_.end() ? integers.getType() : changed->second;
  }
  void set(Operation* op, Value real) { values_[op->getResult(0)] = real; }

  template <typename Op>
  Value make(Operation* op, ValueRange operands, ArrayRef<NamedAttribute> attributes = {}) {
    return make_.make<Op>(op, operands, attributes);
  }

  FailureOr<Value> activated(Operation* op, Value x, StringRef activation) {
    if (activation == "none") return x;
    if (activation == "relu_n1_to_1") return make<ClampOp>(op, x, {make_.number("low", -1), make_.number("high", 1)});
    const OperationName name("fovea." + activation.str(), builder_.getContext());
    if (!name.isRegistered()) return without_counterpart(op);
    auto made = make_.inferred(name, op, x, {});
    if (failed(made)) return failure();
    return (*made)->getResult(0);
  }

  LogicalResult without_counterpart(Operation* op) {
    return complain(op->getLoc(), op->getName().getStringRef(), "has no counterpart on real numbers");
  }

  LogicalResult set_activated(Operation* op, Value x, StringRef activation) {
    auto real = activated(op, x, activation);
    if (failed(real)) return failure();
    set(op, *real);
    return success();
  }

  LogicalResult convert(Operation* op) {
    builder_.setInsertionPoint(op);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) operands.push_back(value(operand));
    return llvm::TypeSwitch<Operation*, LogicalResult>(op)
        .Case<QuantizeOp, DequantizeOp>([&](auto) { return set(op, operands[0]), success(); })
        .Case<ReinterpretOp>([&](auto) { return reinterpret(op, operands[0]); })
        .Case<QuantizedConvOp, QuantizedDenseOp>([&](auto typed) { return contraction(typed, operands); })
        .Case<QuantizedAddOp>([&](auto typed) { return set_activated(op, make<AddOp>(op, operands), typed.getActivation()); })
        .Case<QuantizedSubOp>([&](auto typed) { return set_activated(op, make<SubOp>(op, operands), typed.getActivation()); })
        .Case<QuantizedMulOp>([&](auto typed) { return set_activated(op, make<MulOp>(op, operands), typed.getActivation()); })
        .Case<QuantizedMaximumOp>([&](auto) { return set(op, make<MaximumOp>(op, operands)), success(); })
        .Case<QuantizedMinimumOp>([&](auto) { return set(op, make<MinimumOp>(op, operands)), success(); })
        .Case<QuantizedAveragePoolOp>([&](auto typed) {
          const auto attributes = given_attributes(op, {"window", "strides", "padding", "count_padding"});
          return set_activated(op, make<AveragePoolOp>(op, operands, attributes), typed.getActivation());
        })
        .Case<QuantizedSumOp>([&](auto) {
          return set(op, make<ReduceSumOp>(op, operands, given_attributes(op, {"dims", "keep_dims"}))), success();
        })
        .Case<QuantizedMeanOp>([&](auto) {
          return set(op, make<ReduceMeanOp>(op, operands, given_attributes(op, {"dims", "keep_dims"}))), success();
        })
        .Case<QuantizedPreluOp>([&](auto) { return prelu(op, operands); })
        .Case<QuantizedSoftmaxOp>([&](auto typed) { return softmax(typed, operands[0]); })
        .Case<QuantizedActivationOp>([&](auto typed) { return function(typed, operands[0]); })
        .Default([&](Operation*) { return copy(op, operands); });
  }

  // An operator that works on real numbers as on integers, such as a reshape.
  LogicalResult copy(Operation* op, ArrayRef<Value> operands) {
    if (op->getName().stripDialect().starts_with("quantized_")) return without_counterpart(op);
    auto made = make_.inferred(op->getName(), op, operands, op->getAttrs());
    if (failed(made)) return failure();
    for (auto [before, after] : llvm::zip(op->getResults(), (*made)->getResults())) values_[before] = after;
    return success();
  }

  // The same integers with another scale and zero point.
  LogicalResult reinterpret(Operation* op, Value x) {
    const auto element = [&](Value value) { return cast<RankedTensorType>(type_of(value)).getElementType(); };
    auto from = dyn_cast<quant::UniformQuantizedType>(element(op->getOperand(0)));
    auto to = dyn_cast<quant::UniformQuantizedType>(element(op->getResult(0)));
    if (!from || !to)
      return complain(op->getLoc(), op->getName().getStringRef(), "integers with scales by channel have no one real number");
    Arithmetic a(builder_, op->getLoc(), x);
    const auto moved = static_cast<double>(from.getZeroPoint() - to.getZeroPoint());
    set(op, a.add(a.mul(x, to.getScale() / from.getScale()), to.getScale() * moved));
    return success();
  }

  template <typename Op>
  LogicalResult contraction(Op op, ArrayRef<Value> operands) {
    const SmallVector<Value, 2> factors(operands.take_front(2));
    Value products;
    if constexpr (std::is_same_v<Op, QuantizedConvOp>)
      products = make<ConvOp>(op, factors, given_attributes(op, {"strides", "dilations", "groups", "padding"}));
    else
      products = make<DenseOp>(op, factors);
    return set_activated(op, make<AddOp>(op, {products, operands[2]}), op.getActivation());
  }

  LogicalResult prelu(Operation* op, ArrayRef<Value> operands) {
    Arithmetic a(builder_, op->getLoc(), operands[0]);
    Value zero = a.number(0), below = a.mul(operands[0], operands[1]);
    set(op, a.select(operands[0], "gt", zero, operands[0], below));
    return success();
  }

  LogicalResult softmax(QuantizedSoftmaxOp op, Value x) {
    const double beta = op.getBeta().convertToDouble();
    if (beta != 1) {
      Arithmetic a(builder_, op.getLoc(), x);
      x = a.mul(x, beta);
    }
    set(op, make<SoftmaxOp>(op, x));
    return success();
  }

  LogicalResult function(QuantizedActivationOp op, Value x) {
    if (op.getFunction() != LeakyReluOp::getOperationName().split('.').second) return set_activated(op, x, op.getFunction());
    set(op, make<LeakyReluOp>(op, x, {make_.number("slope", op.getAlpha().convertToDouble())}));
    return success();
  }

  func::FuncOp main_;
  OperatorBuilder make_;
  OpBuilder& builder_;
  llvm::DenseMap<Value, Value> values_;  // the real number for each value
  llvm::DenseMap<Value, Type> types_;    // of arguments, before they were changed
};

struct DequantizePass : impl::DequantizePassBase<DequantizePass> {
  void runOnOperation() override {
    if (failed(Dequantizer(getOperation()).run())) signalPassFailure();
  }
};

}  // namespace

std::unique_ptr<Pass> create_dequantize_pass() { return std::make_unique<DequantizePass>(); }

}  // namespace fovea
