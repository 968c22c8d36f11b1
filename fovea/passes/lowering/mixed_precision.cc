// SPDX-License-Identifier: Apache-2.0
// The pass fovea-mixed-precision: activations and products in bf16, and everything else in f32.
//
// It works on linalg operations and needs no knowledge of operators: the index maps show what an activation is.
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {
#define GEN_PASS_DEF_MIXEDPRECISIONPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;
using linalg::GenericOp;

bool is_f32(Value value) {
  const auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

RankedTensorType narrow_type(Value value) {
  const auto type = cast<RankedTensorType>(value.getType());
  return RankedTensorType::get(type.getShape(), BFloat16Type::get(value.getContext()));
}

// Operations that only move a tensor: what is read through them is their first operand.
bool moves_only(Operation* op) {
  return isa_and_nonnull<tensor::PadOp, tensor::ExtractSliceOp, tensor::InsertSliceOp, tensor::CollapseShapeOp,
                         tensor::ExpandShapeOp>(op);
}

Value moved_root(Value value) {
  while (moves_only(value.getDefiningOp())) value = value.getDefiningOp()->getOperand(0);
  return value;
}

class Narrower {
 public:
  explicit Narrower(func::FuncOp main) : main_(main), builder_(main.getContext()) {}

  void run() {
    find_batched();
    find_exact();
    for (Operation& op : llvm::make_early_inc_range(main_.getBody().front()))
      if (auto generic = dyn_cast<GenericOp>(op)) rewrite(generic);
    erase_unused(main_);
  }

 private:
  // Finds values whose first dimension is the batch, which index maps carry on from an input.
  void find_batched() {
    for (unsigned i = 0; i < main_.getNumArguments(); ++i) {
      const auto role = main_.getArgAttrOfType<StringAttr>(i, "fovea.role");
      const auto type = dyn_cast<RankedTensorType>(main_.getArgument(i).getType());
      if (role && role.getValue() == "input" && type && type.getRank() > 0) batched_.insert(main_.getArgument(i));
    }
    for (Operation& op : main_.getBody().front()) {
      if (auto generic = dyn_cast<GenericOp>(op)) {
        for (Value result : generic.getResults())
          if (carries_batch(generic)) batched_.insert(result);
      } else if (moves_only(&op) && llvm::any_of(op.getOperands(), [&](Value operand) { return batched_.contains(operand); })) {
        batched_.insert(op.getResult(0));
      }
    }
  }

  bool carries_batch(GenericOp op) const {
    const AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    if (output.getNumResults() == 0) return false;
    return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand* operand) {
      const AffineMap map = op.getMatchingIndexingMap(operand);
      return batched_.contains(operand->get()) && map.getNumResults() > 0 && map.getResult(0) == output.getResult(0);
    });
  }

  // Finds what the function returns, and what is reduced along its channels (the logits of a softmax, the rows of a loss).
  void find_exact() {
    main_.walk([&](GenericOp op) {
      if (work_of(op) != Work::reduction) return;
      for (OpOperand* operand : op.getDpsInputOperands()) {
        const AffineMap map = op.getMatchingIndexingMap(operand);
        if (map.getNumResults() == 0) continue;
        const auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
        if (last && op.getIteratorTypesArray()[last.getPosition()] == utils::IteratorType::reduction)
          exact_.insert(moved_root(operand->get()));
      }
    });
    for (Value result : main_.getBody().front().getTerminator()->getOperands()) exact_.insert(moved_root(result));
  }

  // Whether `value` is stored as bf16 by the operation that computes it.
  bool is_activation(Value value) const {
    const auto type = dyn_cast<RankedTensorType>(value.getType());
    auto op = value.getDefiningOp<GenericOp>();
    return op && type && is_f32(value) && type.getRank() >= 2 && batched_.contains(value) && !exact_.contains(value) &&
           work_of(op) != Work::reduction;
  }

  bool reads_narrow(GenericOp op, OpOperand& operand) const {
    if (!is_f32(operand.get())) return false;
    if (activations_.contains(moved_root(operand.get()))) return true;
    return work_of(op) == Work::contraction &&
           llvm::any_of(op.getInputs(), [&](Value input) { return batched_.contains(input); });
  }

  void rewrite(GenericOp op) {
    builder_.setInsertionPoint(op);
    SmallVector<Value> inputs;
    bool changed = false;
    for (OpOperand* operand : op.getDpsInputOperands()) {
      inputs.push_back(reads_narrow(op, *operand) ? narrowed(operand->get()) : operand->get());
      changed |= inputs.back() != operand->get();
    }
    builder_.setInsertionPoint(op);
    const bool elementwise = is_elementwise(op);
    const bool stores = elementwise && llvm::any_of(op.getResults(), [&](Value result) { return is_activation(result); });
    GenericOp rebuilt = changed || stores ? rebuild(op, inputs, stores) : op;
    for (auto [old, fresh] : llvm::zip(op.getResults(), rebuilt.getResults())) {
      if (fresh.getType() != old.getType()) {
        narrow_[old] = fresh;
        activations_.insert(old);
      } else {
        if (is_activation(old)) {
          builder_.setInsertionPointAfter(rebuilt);
          narrow_[fresh] = converted(fresh, builder_.getBF16Type());
          activations_.insert(fresh);
        }
        if (fresh == old) continue;
        if (batched_.contains(old)) batched_.insert(fresh);
        if (exact_.contains(old)) exact_.insert(fresh);
        old.replaceAllUsesWith(fresh);
      }
    }
  }

  // The same linalg operation with other inputs. Its body computes in f32, and element-wise results that are activations are
  // rounded in it.
  GenericOp rebuild(GenericOp op, ValueRange inputs, bool stores) {
    SmallVector<Value> outputs;
    SmallVector<bool> rounded;
    for (auto [result, init] : llvm::zip(op.getResults(), op.getDpsInits())) {
      rounded.push_back(stores && is_activation(result));
      outputs.push_back(rounded.back() ? Value(builder_.create<tensor::EmptyOp>(op.getLoc(), narrow_type(result).getShape(),
                                                                                builder_.getBF16Type()))
                                       : init);
    }
    auto rebuilt = builder_.create<GenericOp>(op.getLoc(), TypeRange(ValueRange(outputs)), inputs, outputs,
                                              op.getIndexingMapsArray(), op.getIteratorTypesArray());
    OpBuilder::InsertionGuard guard(builder_);
    Block* block = builder_.createBlock(&rebuilt.getRegion());
    IRMapping mapping;
    for (auto [argument, operand] : llvm::zip(op.getBody()->getArguments(), rebuilt->getOperands())) {
      const Type element = getElementTypeOrSelf(operand.getType());
      Value scalar = block->addArgument(element, op.getLoc());
      // An element-wise linalg operation never reads the old content of its result.
      if (element != argument.getType() && argument.getArgNumber() < op.getNumDpsInputs())
        scalar = builder_.create<arith::ExtFOp>(op.getLoc(), argument.getType(), scalar);
      mapping.map(argument, scalar);
    }
    for (Operation& inner : op.getBody()->without_terminator()) builder_.clone(inner, mapping);
    SmallVector<Value> yielded;
    for (auto [value, narrow] : llvm::zip(op.getBody()->getTerminator()->getOperands(), rounded)) {
      Value scalar = mapping.lookupOrDefault(value);
      yielded.push_back(narrow ? builder_.create<arith::TruncFOp>(op.getLoc(), builder_.getBF16Type(), scalar) : scalar);
    }
    builder_.create<linalg::YieldOp>(op.getLoc(), yielded);
    return rebuilt;
  }

  // The bf16 copy of a value, created once, directly after the value.
  Value narrowed(Value value) {
    auto [found, fresh] = narrow_.try_emplace(value);
    if (!fresh) return found->second;
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointAfterValue(value);
    Value twin = make_narrow(value);
    return narrow_[value] = twin;
  }

  Value make_narrow(Value value) {
    Operation* op = value.getDefiningOp();
    if (Value source = extended_from(value)) return source;
    if (auto constant = repeated_constant(value); constant && isa<FloatAttr>(constant) && !moves_only(op))
      return filled_tensor(builder_, value.getLoc(), narrow_type(value), rounded(cast<FloatAttr>(constant)));
    if (!moves_only(op)) return converted(value, builder_.getBF16Type());
    IRMapping mapping;
    for (Value operand : op->getOperands()) {
      if (is_f32(operand)) {
        mapping.map(operand, narrowed(operand));
      } else if (operand.getType().isF32()) {
        mapping.map(operand, number(operand));
      }
    }
    builder_.setInsertionPointAfter(op);
    if (auto pad = dyn_cast<tensor::PadOp>(op)) {
      Value filler = number(pad.getConstantPaddingValue());
      return builder_.create<tensor::PadOp>(op->getLoc(), narrow_type(value), mapping.lookup(pad.getSource()),
                                            pad.getMixedLowPad(), pad.getMixedHighPad(), filler);
    }
    Operation* twin = builder_.clone(*op, mapping);
    twin->getResult(0).setType(narrow_type(value));
    return twin->getResult(0);
  }

  // The bf16 tensor of which `value` is the extension and nothing else.
  static Value extended_from(Value value) {
    GenericOp op = elementwise_producer(value);
    if (!op || op.getNumDpsInputs() != 1 || op->getNumResults() != 1 || op.getBody()->getOperations().size() != 2) return {};
    auto extension = op.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::ExtFOp>();
    const bool same = extension && extension.getIn() == op.getBody()->getArgument(0) && extension.getIn().getType().isBF16();
    return same && op.getIndexingMapsArray()[0].isIdentity() ? op.getInputs()[0] : Value();
  }

  static FloatAttr rounded(FloatAttr number) {
    llvm::APFloat value = number.getValue();
    bool loses = false;
    value.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &loses);
    return FloatAttr::get(BFloat16Type::get(number.getContext()), value);
  }

  // A scalar constant in bf16.
  Value number(Value scalar) {
    auto constant = scalar.getDefiningOp<arith::ConstantOp>();
    return builder_.create<arith::ConstantOp>(scalar.getLoc(), rounded(cast<FloatAttr>(constant.getValue())));
  }

  Value converted(Value value, Type element) {
    const auto type = cast<RankedTensorType>(value.getType());
    const Location location = value.getLoc();
    return make_elementwise(builder_, location, type.getShape(), value, builder_.getMultiDimIdentityMap(type.getRank()),
                            element,
                            [&](OpBuilder& inner, Block& block) {
                              Value scalar = inner.create<arith::TruncFOp>(location, element, block.getArgument(0));
                              inner.create<linalg::YieldOp>(location, scalar);
                            })
        .getResult(0);
  }

  func::FuncOp main_;
  OpBuilder builder_;
  DenseSet<Value> batched_, exact_;
  DenseSet<Value> activations_;    // tensors that are stored as bf16 only
  DenseMap<Value, Value> narrow_;  // from f32 values to their bf16 copies
};

struct MixedPrecisionPass : impl::MixedPrecisionPassBase<MixedPrecisionPass> {
  void runOnOperation() override { Narrower(getOperation()).run(); }
};

}  // namespace

std::unique_ptr<Pass> create_mixed_precision_pass() { return std::make_unique<MixedPrecisionPass>(); }

}  // namespace fovea
