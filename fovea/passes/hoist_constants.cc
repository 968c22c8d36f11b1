// SPDX-License-Identifier: Apache-2.0
// The pass fovea-hoist-constants: moves what depends on parameters alone out of the network's function, so that it is computed
// once and not in every run.
#include "fovea/passes/known_before_run.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"
#include "llvm/ADT/SetVector.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {
#define GEN_PASS_DEF_HOISTCONSTANTSPASS
#include "fovea/passes/Passes.h.inc"

namespace {

using namespace mlir;

// The factor by which a hoisted tensor may be larger than the tensors it is computed from, for padding and transposition. One
// that only repeats a few numbers is cheaper to compute where it is read.
constexpr int64_t most_growth = 4;

int64_t elements_of(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type ? type.getNumElements() : 1;
}

class Hoister {
 public:
  explicit Hoister(func::FuncOp main) : main_(main), body_(main.getBody().front()) {}

  // Finds the values that are known before the run.
  void find() {
    for (BlockArgument argument : body_.getArguments()) {
      if (!is_bound_before_run(argument)) continue;
      known_.insert(argument);
      given_.insert(argument);
    }
    for (Operation& op : body_.without_terminator()) visit(op);
  }

  // The tensors to hoist: those that are computed and known, and read by what is not known.
  SetVector<Value> crossing() const {
    SetVector<Value> values;
    for (Operation& op : body_) {
      if (is_known(op)) continue;
      for (Value operand : operands_of(op)) {
        Value root = view_root(operand);
        Operation* op_of_root = root.getDefiningOp();
        if (given_.contains(root) && op_of_root && !isa<arith::ConstantOp>(op_of_root)) values.insert(root);
      }
    }
    return values;
  }

 private:
  // The operands of `op` and what its body reads from outside.
  static SmallVector<Value> operands_of(Operation& op) {
    SmallVector<Value> operands;
    op.walk([&](Operation* inner) {
      for (Value operand : inner->getOperands())
        if (operand.getParentRegion() == op.getParentRegion()) operands.push_back(operand);
    });
    return operands;
  }

  bool is_known(Operation& op) const {
    return op.getNumResults() > 0 && llvm::all_of(op.getResults(), [&](Value result) { return known_.contains(result); });
  }

  void visit(Operation& op) {
    bool holds_values = false;
    int64_t read = 0;
    for (Value operand : operands_of(op)) {
      if (!known_.contains(operand)) return;
      if (!given_.contains(operand)) continue;
      holds_values = true;
      read += elements_of(operand);
    }
    if (holds_values && llvm::any_of(op.getResults(), [&](Value result) { return elements_of(result) > most_growth * read; }))
      return;
    holds_values |=
        isa<arith::ConstantOp>(op) && isa<ShapedType>(op.getResult(0).getType()) && !repeated_constant(op.getResult(0));
    for (Value result : op.getResults()) {
      known_.insert(result);
      if (holds_values) given_.insert(result);
    }
  }

  func::FuncOp main_;
  Block& body_;
  llvm::DenseSet<Value> known_;
  llvm::DenseSet<Value> given_;  // known values with content: parameters, constants, and what is computed from them
};

// The operations from which `values` are computed, in the function's order.
SmallVector<Operation*> slice_of(func::FuncOp main, const SetVector<Value>& values) {
  llvm::DenseSet<Operation*> needed;
  SmallVector<Operation*> pending;
  auto need = [&](Value value) {
    Operation* op = value.getDefiningOp();
    if (op && op->getBlock() == &main.getBody().front() && needed.insert(op).second) pending.push_back(op);
  };
  for (Value value : values) need(value);
  while (!pending.empty()) {
    pending.pop_back_val()->walk([&](Operation* inner) { llvm::for_each(inner->getOperands(), need); });
  }
  SmallVector<Operation*> ordered;
  for (Operation& op : main.getBody().front())
    if (needed.contains(&op)) ordered.push_back(&op);
  return ordered;
}

func::FuncOp write_initializer(func::FuncOp main, const SetVector<Value>& values) {
  const SmallVector<Operation*> slice = slice_of(main, values);
  llvm::DenseSet<Operation*> inside(slice.begin(), slice.end());
  SmallVector<BlockArgument> arguments;
  for (BlockArgument argument : main.getArguments()) {
    if (llvm::any_of(argument.getUsers(), [&](Operation* user) { return inside.contains(user); }))
      arguments.push_back(argument);
  }
  OpBuilder builder(main.getContext());
  builder.setInsertionPointAfter(main);
  auto type_of = [](Value value) { return value.getType(); };
  auto initializer = builder.create<func::FuncOp>(
      main.getLoc(), (main.getName() + "_initializer").str(),
      builder.getFunctionType(llvm::map_to_vector(arguments, type_of), llvm::map_to_vector(values, type_of)));
  initializer->setAttr("fovea.initializer", builder.getUnitAttr());
  Block* body = initializer.addEntryBlock();
  IRMapping mapping;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    mapping.map(argument, body->getArgument(i));
    initializer.setArgAttrs(i, main.getArgAttrDict(argument.getArgNumber()));
  }
  builder.setInsertionPointToStart(body);
  for (Operation* op : slice) builder.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value value : values) results.push_back(mapping.lookup(value));
  builder.create<func::ReturnOp>(main.getLoc(), results);
  for (unsigned i = 0; i < values.size(); ++i)
    initializer.setResultAttr(i, "fovea.name", builder.getStringAttr("hoisted." + Twine(i)));
  return initializer;
}

// Makes the network's function read the hoisted tensors as arguments after its own.
void read_hoisted(func::FuncOp main, const SetVector<Value>& values) {
  Builder builder(main.getContext());
  for (auto [i, value] : llvm::enumerate(values)) {
    const auto attributes =
        builder.getDictionaryAttr({builder.getNamedAttr("fovea.name", builder.getStringAttr("hoisted." + Twine(i))),
                                   builder.getNamedAttr("fovea.role", builder.getStringAttr("hoisted"))});
    const unsigned position = main.getNumArguments();
    main.insertArgument(position, value.getType(), attributes, value.getLoc());
    Value(value).replaceAllUsesWith(main.getArgument(position));
  }
  erase_unused(main);
}

struct HoistConstantsPass : impl::HoistConstantsPassBase<HoistConstantsPass> {
  void runOnOperation() override {
    func::FuncOp main = network_of(getOperation());
    if (!main) return;
    Hoister hoister(main);
    hoister.find();
    const SetVector<Value> values = hoister.crossing();
    if (values.empty()) return;
    write_initializer(main, values);
    read_hoisted(main, values);
  }
};

}  // namespace

std::unique_ptr<Pass> create_hoist_constants_pass() { return std::make_unique<HoistConstantsPass>(); }

}  // namespace fovea
