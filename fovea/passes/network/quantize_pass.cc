// SPDX-License-Identifier: Apache-2.0
// Replaces layers of real numbers between dequantize and quantize by operators on integers.
#include "fovea/dialect/check.h"
#include "fovea/dialect/quantized/quantized.h"
#include "fovea/passes/network/layer_groups.h"
#include "fovea/passes/network/operator_builder.h"
#include "fovea/passes/network/quantize.h"
#include "fovea/passes/passes.h"
#include "llvm/ADT/TypeSwitch.h"
#include "mlir/Dialect/Quant/QuantTypes.h"

namespace fovea {
#define GEN_PASS_DEF_QUANTIZEPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;
using namespace fovea::dialect;

StringRef short_name(Operation* op) { return op->getName().stripDialect(); }

// The integers that a value of real numbers stands for; null for other values.
Value integers_of(Value real) {
  auto dequantize = real.getDefiningOp<DequantizeOp>();
  return dequantize ? dequantize.getInput() : Value();
}

// The integers that all operands stand for; nothing when one of them is computed in real numbers.
std::optional<SmallVector<Value>> integer_operands(Operation* op) {
  SmallVector<Value> integers;
  for (Value operand : op->getOperands()) {
    integers.push_back(integers_of(operand));
    if (!integers.back()) return std::nullopt;
  }
  return integers;
}

class LayerQuantizer {
 public:
  explicit LayerQuantizer(func::FuncOp main) : main_(main), make_(main.getContext()) {}

  // Replaces `end` and the layer of real numbers that it reads.
  LogicalResult convert(QuantizeOp end) {
    end_ = end;
    make_.builder().setInsertionPoint(end);
    auto integers = layer(end.getInput().getDefiningOp());
    if (failed(integers)) return failure();
    if (!*integers || integers->getType() != end.getType())
      return complain(end.getLoc(), end->getName().getStringRef(),
                      "the layer before it has no counterpart on integers of this type");
    Operation* real = end.getInput().getDefiningOp();
    end.replaceAllUsesWith(*integers);
    end.erase();
    erase_unused(real);
    return success();
  }

 private:
  // The operator on integers for the layer that ends with `last`; null when there is none.
  FailureOr<Value> layer(Operation* last) {
    if (last == nullptr) return Value();
    Operation* sum = last->getNumOperands() == 1 ? last->getOperand(0).getDefiningOp() : nullptr;
    const std::string activation = fused_activation(last);
    if (!activation.empty() && sum != nullptr && sum->hasOneUse())
      if (Value integers = with_activation(sum, activation)) return integers;
    if (Value integers = with_activation(last, "none")) return integers;
    return alone(last);
  }

  // An operator that limits its result by an activation.
  Value with_activation(Operation* op, StringRef activation) {
    if (auto add = dyn_cast<AddOp>(op))
      if (Value integers = contraction(add, activation)) return integers;
    return llvm::TypeSwitch<Operation*, Value>(op)
        .Case<AddOp>([&](auto) { return binary<QuantizedAddOp>(op, activation); })
        .Case<SubOp>([&](auto) { return binary<QuantizedSubOp>(op, activation); })
        .Case<MulOp>([&](auto) { return binary<QuantizedMulOp>(op, activation); })
        .Default(Value());
  }

  template <typename Op>
  Value binary(Operation* op, StringRef activation) {
    auto integers = integer_operands(op);
    return integers ? make_.make<Op>(op, *integers, with_output(activation)) : Value();
  }

  // A convolution or dense layer with its bias.
  Value contraction(AddOp add, StringRef activation) {
    Operation* products = add.getLhs().getDefiningOp();
    Value bias = integers_of(add.getRhs());
    if (products == nullptr || !bias || !products->hasOneUse() || !isa<ConvOp, DenseOp>(products)) return {};
    auto integers = integer_operands(products);
    if (!integers) return {};
    integers->push_back(bias);
    SmallVector<NamedAttribute> attributes = with_output(activation);
    auto conv = dyn_cast<ConvOp>(products);
    if (!conv) return make_.make<QuantizedDenseOp>(products, *integers, attributes);
    llvm::append_range(attributes, given_attributes(conv, {"strides", "dilations", "groups", "padding"}));
    // The rule of TensorFlow Lite's own kernel, to which LiteRT leaves depthwise convolutions of 4-bit weights.
    const auto groups = static_cast<int64_t>(conv.getGroups());
    if (groups > 1 && groups == shape_of(conv.getInput()).back() && has_four_bits((*integers)[1]))
      attributes.push_back(make_.text("rounding", "double"));
    return make_.make<QuantizedConvOp>(products, *integers, attributes);
  }

  bool has_four_bits(Value weight) {
    auto argument = dyn_cast<BlockArgument>(weight);
    return argument && main_.getArgAttr(argument.getArgNumber(), four_bits_attribute);
  }

  // An operator without bias and activation.
  FailureOr<Value> alone(Operation* op) {
    auto integers = integer_operands(op);
    if (!integers) return Value();
    return llvm::TypeSwitch<Operation*, FailureOr<Value>>(op)
        .Case<AveragePoolOp>([&](auto) {
          return make_.make<QuantizedAveragePoolOp>(op, *integers, given_attributes(op, {"window", "strides", "padding"}));
        })
        .Case<MaxPoolOp, ReshapeOp, SliceOp, PadOp, TransposeOp, ConcatOp, ResizeOp>([&](auto) -> FailureOr<Value> {
          auto moved = make_.inferred(op->getName(), op, *integers, op->getAttrs());
          if (failed(moved)) return failure();
          return (*moved)->getResult(0);
        })
        .Case<ReduceMeanOp>([&](auto) {
          SmallVector<NamedAttribute> attributes = with_output();
          llvm::append_range(attributes, given_attributes(op, {"dims", "keep_dims"}));
          return make_.make<QuantizedMeanOp>(op, *integers, attributes);
        })
        .Case<SoftmaxOp>([&](auto) { return make_.make<QuantizedSoftmaxOp>(op, *integers, with_output()); })
        .Case<SwishOp>([&](auto) { return swish(op, integers->front()); })
        .Case<ReluOp, Relu6Op, LeakyReluOp, SigmoidOp, TanhOp, HardSwishOp, HardSigmoidOp, GeluOp>(
            [&](auto) { return function(op, integers->front()); })
        .Default([](Operation*) { return Value(); });
  }

  Value function(Operation* op, Value integers) {
    SmallVector<NamedAttribute> attributes = with_output();
    attributes.push_back(make_.text("function", short_name(op)));
    if (auto leaky = dyn_cast<LeakyReluOp>(op)) attributes.push_back(make_.number("alpha", leaky.getSlope().convertToDouble()));
    return make_.make<QuantizedActivationOp>(op, integers, attributes);
  }

  // As in TensorFlow Lite, which has no swish operator. The sigmoid has the scale that its specification prescribes.
  Value swish(Operation* op, Value integers) {
    OpBuilder& builder = make_.builder();
    const Type probability = quant::UniformQuantizedType::get(quant::QuantizationFlags::Signed, builder.getI8Type(),
                                                              builder.getF32Type(), 1.0 / 256, -128, -128, 127);
    const NamedAttribute attributes[] = {make_.text("function", SigmoidOp::getOperationName().split('.').second),
                                         builder.getNamedAttr("output", TypeAttr::get(probability))};
    Value gate = make_.make<QuantizedActivationOp>(op, integers, attributes);
    if (!gate) return {};
    return make_.make<QuantizedMulOp>(op, {integers, gate}, with_output());
  }

  SmallVector<NamedAttribute> with_output(StringRef activation = "none") {
    SmallVector<NamedAttribute> attributes{make_.builder().getNamedAttr("output", TypeAttr::get(end_.getOutput()))};
    if (activation != "none") attributes.push_back(make_.text("activation", activation));
    return attributes;
  }

  static void erase_unused(Operation* op) {
    if (op == nullptr || !op->use_empty()) return;
    SmallVector<Operation*> before;
    for (Value operand : op->getOperands())
      if (Operation* maker = operand.getDefiningOp(); maker && !llvm::is_contained(before, maker)) before.push_back(maker);
    op->erase();
    for (Operation* maker : before) erase_unused(maker);
  }

  func::FuncOp main_;
  OperatorBuilder make_;
  QuantizeOp end_;
};

struct QuantizePass : impl::QuantizePassBase<QuantizePass> {
  void runOnOperation() override {
    func::FuncOp main = getOperation();
    SmallVector<QuantizeOp> ends;
    for (auto op : main.getOps<QuantizeOp>())
      if (op->removeDiscardableAttr(layer_end_attribute)) ends.push_back(op);
    LayerQuantizer quantizer(main);
    for (QuantizeOp end : ends)
      if (failed(quantizer.convert(end))) return signalPassFailure();
    for (unsigned i = 0; i < main.getNumArguments(); ++i) main.removeArgAttr(i, four_bits_attribute);
  }
};

}  // namespace

std::unique_ptr<Pass> create_quantize_pass() { return std::make_unique<QuantizePass>(); }

}  // namespace fovea
