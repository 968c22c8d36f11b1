// SPDX-License-Identifier: Apache-2.0
// Finds the layers of a network, for its rewrites and for the pass fovea-group-layers, which shows them.
#include "fovea/passes/network/layer_groups.h"

#include "fovea/dialect/check.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/passes.h"

namespace fovea {
#define GEN_PASS_DEF_GROUPLAYERSPASS
#include "fovea/passes/Passes.h.inc"

using namespace mlir;

Value LayerGroup::output() const {
  for (Operation* last : {activation, addition})
    if (last != nullptr) return last->getResult(0);
  return op->getResult(0);
}

std::string fused_activation(Operation* op) {
  if (isa<dialect::ReluOp, dialect::Relu6Op>(op)) return op->getName().stripDialect().str();
  auto clamp = dyn_cast<dialect::ClampOp>(op);
  if (!clamp) return "";
  const double low = clamp.getLow().convertToDouble(), high = clamp.getHigh().convertToDouble();
  if (low == 0 && high == 6) return dialect::Relu6Op::getOperationName().split('.').second.str();
  return low == -1 && high == 1 ? "relu_n1_to_1" : "";
}

namespace {

class Grouping {
 public:
  explicit Grouping(func::FuncOp main) : main_(main) {
    Block& body = main.getBody().front();
    for (Operation& op : llvm::reverse(body))
      if (op.hasTrait<OpTrait::IsTerminator>() ||
          llvm::any_of(op.getUsers(), [&](Operation* user) { return live_.contains(user); }))
        live_.insert(&op);
  }

  FailureOr<std::vector<LayerGroup>> run() {
    std::vector<LayerGroup> groups;
    for (Operation& op : main_.getBody().front().without_terminator()) {
      if (!live_.contains(&op) || taken_.contains(&op)) continue;
      if (llvm::any_of(op.getResults().drop_front(), [&](Value result) { return uses(result) > 0; }))  // a max_pool's positions
        return dialect::complain(op.getLoc(), op.getName().getStringRef(), "its second result is read");
      groups.push_back(group_of(&op));
    }
    return groups;
  }

 private:
  LayerGroup group_of(Operation* op) {
    LayerGroup group{.op = op};
    const bool contraction = isa<dialect::ConvOp, dialect::DenseOp>(op) && is_parameter(op->getOperand(1));
    if (contraction) {
      group.weight = op->getOperand(1);
      take_bias(group);
    }
    if (contraction || isa<dialect::AddOp, dialect::SubOp, dialect::MulOp>(op)) take_activation(group);
    return group;
  }

  bool is_parameter(Value value) const {
    auto argument = dyn_cast<BlockArgument>(value);
    return argument && role_of(main_, argument.getArgNumber()) == "parameter";
  }

  int64_t uses(Value value) const {
    return llvm::count_if(value.getUses(), [&](OpOperand& use) { return live_.contains(use.getOwner()); });
  }

  // The only operator that reads the value; null when it is read more often, or is a result.
  Operation* only_user(Value value) const {
    if (uses(value) != 1) return nullptr;
    for (Operation* user : value.getUsers())
      if (live_.contains(user)) return user->hasTrait<OpTrait::IsTerminator>() ? nullptr : user;
    return nullptr;
  }

  void take_bias(LayerGroup& group) {
    Value sum = group.output();
    auto add = dyn_cast_or_null<dialect::AddOp>(only_user(sum));
    if (!add) return;
    Value other = add.getLhs() == sum ? add.getRhs() : add.getLhs();
    if (!is_parameter(other) || dialect::shape_of(other) != ArrayRef<int64_t>{dialect::shape_of(sum).back()}) return;
    group.bias = other;
    group.addition = add;
    taken_.insert(add);
  }

  void take_activation(LayerGroup& group) {
    Operation* user = only_user(group.output());
    if (user == nullptr) return;
    const std::string name = fused_activation(user);
    if (name.empty()) return;
    group.activation = user;
    group.activation_name = name;
    taken_.insert(user);
  }

  func::FuncOp main_;
  llvm::DenseSet<Operation*> live_, taken_;
};

struct GroupLayersPass : impl::GroupLayersPassBase<GroupLayersPass> {
  void runOnOperation() override {
    const auto groups = layer_groups(getOperation());
    if (failed(groups)) return signalPassFailure();
    Builder builder(&getContext());
    int64_t number = 0;
    for (const LayerGroup& group : *groups) {
      for (Operation* op : {group.op, group.addition, group.activation})
        if (op != nullptr) op->setAttr("fovea.layer", builder.getI64IntegerAttr(number));
      ++number;
    }
  }
};

}  // namespace

FailureOr<std::vector<LayerGroup>> layer_groups(func::FuncOp main) { return Grouping(main).run(); }

std::unique_ptr<Pass> create_group_layers_pass() { return std::make_unique<GroupLayersPass>(); }

}  // namespace fovea
