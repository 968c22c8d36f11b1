// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/fusion/outline.h"

#include <cctype>

#include "fovea/passes/fusion/canonical_shapes.h"
#include "fovea/passes/linalg_utils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {
namespace {

using mlir::Operation;
using mlir::Value;
using mlir::linalg::GenericOp;

using Members = llvm::SetVector<Operation*>;

Members members_of(const Cluster& cluster) {
  Members members;
  if (cluster.root) members.insert(cluster.root);
  for (GenericOp op : cluster.elementwise) members.insert(op);
  for (Operation* op : cluster.insertions) members.insert(op);
  return members;
}

bool is_used_outside(Value value, const Members& members) {
  return llvm::any_of(value.getUsers(), [&](Operation* user) { return !members.contains(user); });
}

// Moves the operations of each cluster together, in the order of the clusters; everything else follows its operands.
void reorder(mlir::func::FuncOp main, const std::vector<Cluster>& clusters) {
  Operation* end = main.getBody().front().getTerminator();
  llvm::DenseSet<Operation*> placed;
  auto place = [&](auto& self, Operation* op) -> void {
    if (!placed.insert(op).second) return;
    for (Value operand : op->getOperands()) {
      if (Operation* producer = operand.getDefiningOp()) self(self, producer);
    }
    op->moveBefore(end);
  };
  for (const Cluster& cluster : clusters) {
    Members members = members_of(cluster);
    for (Operation* member : members) {
      for (Value operand : member->getOperands()) {
        if (Operation* producer = operand.getDefiningOp(); producer && !members.contains(producer)) place(place, producer);
      }
    }
    // What the members read is in place now: insertions read only the cluster's results and what precedes it.
    for (Operation* member : members) place(place, member);
  }
  for (Value result : end->getOperands()) {
    if (Operation* producer = result.getDefiningOp()) place(place, producer);
  }
}

// Merges the element-wise operations of one cluster: the bodies follow one another, and values between them stay in registers.
class ElementwiseMerge {
 public:
  ElementwiseMerge(const Cluster& cluster, const Members& members) : cluster_(cluster), members_(members) {}

  GenericOp run(mlir::IRRewriter& rewriter) {
    collect();
    GenericOp last = cluster_.elementwise.back();
    auto shape = mlir::cast<mlir::RankedTensorType>(last.getResult(0).getType()).getShape();
    llvm::SmallVector<mlir::Type> types;
    for (Value result : results_) types.push_back(mlir::getElementTypeOrSelf(result.getType()));
    llvm::SmallVector<Value> inputs;
    llvm::SmallVector<mlir::AffineMap> maps;
    for (auto [value, map] : inputs_) {
      inputs.push_back(value);
      maps.push_back(map);
    }
    rewriter.setInsertionPointAfter(last);
    llvm::SmallVector<mlir::Location> locations;
    for (GenericOp op : cluster_.elementwise) locations.push_back(op.getLoc());
    auto merged = make_elementwise(rewriter, mlir::FusedLoc::get(rewriter.getContext(), locations), shape, inputs, maps, types,
                                   [&](mlir::OpBuilder& builder, mlir::Block& block) { build(builder, block); });
    for (auto [old, fresh] : llvm::zip(results_, merged.getResults())) {
      rewriter.replaceUsesWithIf(old, fresh, [&](mlir::OpOperand& use) {
        return use.getOwner() != merged && (!mlir::isa<GenericOp>(use.getOwner()) || !members_.contains(use.getOwner()));
      });
    }
    for (GenericOp op : llvm::reverse(cluster_.elementwise)) rewriter.eraseOp(op);
    skip_roundings(merged);
    return merged;
  }

 private:
  using Input = std::pair<Value, mlir::AffineMap>;

  bool is_inside(Value value) const {
    Operation* producer = value.getDefiningOp();
    return producer && producer != cluster_.root && members_.contains(producer) && mlir::isa<GenericOp>(producer);
  }

  void collect() {
    if (cluster_.root) {
      for (Value result : cluster_.root->getResults()) {
        auto type = mlir::cast<mlir::RankedTensorType>(result.getType());
        bool read = llvm::any_of(result.getUsers(), [&](Operation* user) { return members_.contains(user); });
        if (read) inputs_.insert({result, mlir::AffineMap::getMultiDimIdentityMap(type.getRank(), result.getContext())});
        if (read && (is_used_outside(result, members_) || is_inserted(result))) results_.push_back(result);
      }
    }
    for (GenericOp op : cluster_.elementwise) {
      for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
        if (!is_inside(operand->get())) inputs_.insert({operand->get(), op.getMatchingIndexingMap(operand)});
      }
      for (Value result : op->getResults()) {
        if (is_used_outside(result, members_) || is_inserted(result)) results_.push_back(result);
      }
    }
  }

  static bool is_inserted(Value value) {
    return llvm::any_of(value.getUsers(), [](Operation* user) { return mlir::isa<mlir::tensor::InsertSliceOp>(user); });
  }

  void build(mlir::OpBuilder& builder, mlir::Block& block) {
    llvm::DenseMap<Value, Value> scalars;  // scalars of the values that the merged body computes
    for (GenericOp op : cluster_.elementwise) {
      mlir::IRMapping mapping;
      for (mlir::OpOperand* operand : op.getDpsInputOperands()) {
        Value scalar;
        if (is_inside(operand->get())) {
          scalar = scalars.lookup(operand->get());
        } else {
          auto found = llvm::find(inputs_, Input{operand->get(), op.getMatchingIndexingMap(operand)});
          scalar = block.getArgument(std::distance(inputs_.begin(), found));
        }
        mapping.map(op.getMatchingBlockArgument(operand), scalar);
      }
      for (Operation& inner : op.getBody()->without_terminator()) builder.clone(inner, mapping);
      for (auto [result, value] : llvm::zip(op->getResults(), op.getBody()->getTerminator()->getOperands())) {
        scalars[result] = mapping.lookupOrDefault(value);
      }
    }
    llvm::SmallVector<Value> yielded;
    for (Value result : results_) {
      if (result.getDefiningOp() == cluster_.root) {
        auto found = llvm::find_if(inputs_, [&](const Input& input) { return input.first == result; });
        yielded.push_back(block.getArgument(std::distance(inputs_.begin(), found)));
      } else {
        yielded.push_back(scalars.lookup(result));
      }
    }
    builder.create<mlir::linalg::YieldOp>(builder.getUnknownLoc(), yielded);
  }

  const Cluster& cluster_;
  const Members& members_;
  llvm::SetVector<Input> inputs_;
  llvm::SmallVector<Value> results_;
};

// Readable names: the layer, then the kind of work. "layer1.0.conv1" becomes "layer1_0_conv1".
std::string kernel_name(const std::string& layer, Operation* representative) {
  std::string kernel;
  for (char c : layer) kernel += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  if (!kernel.empty()) kernel += "_";
  auto generic = mlir::cast<GenericOp>(representative);
  return kernel + (generic.getNumDpsInputs() == 0 ? "fill" : name(work_of(generic)));
}

class Outliner {
 public:
  explicit Outliner(mlir::func::FuncOp main)
      : main_(main), module_(main->getParentOfType<mlir::ModuleOp>()), rewriter_(main.getContext()) {}

  void outline(Cluster cluster) {
    Members members = members_of(cluster);
    if (!cluster.elementwise.empty()) {
      GenericOp merged = ElementwiseMerge(cluster, members).run(rewriter_);
      if (!cluster.root && cluster.insertions.empty()) merged = canonicalize_shape(rewriter_, merged);
      cluster.elementwise = {merged};
      members = members_of(cluster);
    }
    call(members);
  }

 private:
  void call(const Members& members) {
    Operation* last = members.back();
    arguments_.clear();
    mlir::OpBuilder builder(main_.getContext());
    mlir::Block body;
    builder.setInsertionPointToStart(&body);
    mlir::IRMapping mapping;
    for (Operation* member : members) {
      read_operands(builder, body, mapping, member);
      builder.clone(*member, mapping);
    }
    llvm::SmallVector<Value> results;
    for (Operation* member : members) {
      for (Value result : member->getResults()) {
        if (is_used_outside(result, members)) results.push_back(result);
      }
    }
    llvm::SmallVector<Value> returned;
    for (Value result : results) returned.push_back(mapping.lookup(result));
    builder.create<mlir::func::ReturnOp>(last->getLoc(), returned);

    std::string layer = layer_of(members.front()->getLoc());
    mlir::func::FuncOp kernel = find_or_add(body, returned, kernel_name(layer, members.front()));
    rewriter_.setInsertionPointAfter(last);
    mlir::Location location = layer.empty() ? members.front()->getLoc() : mlir::NameLoc::get(rewriter_.getStringAttr(layer));
    auto call = rewriter_.create<mlir::func::CallOp>(location, kernel, arguments_);
    for (auto [old, fresh] : llvm::zip(results, call.getResults())) rewriter_.replaceAllUsesWith(old, fresh);
    for (Operation* member : llvm::reverse(members)) rewriter_.eraseOp(member);
  }

  // The operands of `op`, and what its body reads from outside, such as constants for index arithmetic.
  void read_operands(mlir::OpBuilder& builder, mlir::Block& body, mlir::IRMapping& mapping, Operation* op) {
    for (Value operand : op->getOperands()) read(builder, body, mapping, operand);
    for (mlir::Region& region : op->getRegions()) {
      region.walk([&](Operation* inner) {
        for (Value operand : inner->getOperands()) {
          if (!region.isAncestor(operand.getParentRegion())) read(builder, body, mapping, operand);
        }
      });
    }
  }

  // Makes `value` available inside the kernel: as an argument, or cloned if it only reads or initializes memory.
  void read(mlir::OpBuilder& builder, mlir::Block& body, mlir::IRMapping& mapping, Value value) {
    if (mapping.contains(value)) return;
    Operation* producer = value.getDefiningOp();
    bool insert_destination = llvm::any_of(value.getUses(), [](mlir::OpOperand& use) {
      auto insert = mlir::dyn_cast<mlir::tensor::InsertSliceOp>(use.getOwner());
      return insert && insert.getDest() == use.get();
    });
    bool starts = producer && mlir::isa<mlir::linalg::FillOp>(producer);
    bool tensor_constant =
        producer && mlir::isa<mlir::arith::ConstantOp>(producer) && mlir::isa<mlir::ShapedType>(value.getType());
    if (producer && !insert_destination && !tensor_constant && (is_view_or_pad(producer) || starts)) {
      read_operands(builder, body, mapping, producer);
      builder.clone(*producer, mapping);
      return;
    }
    arguments_.push_back(value);
    mapping.map(value, body.addArgument(value.getType(), value.getLoc()));
  }

  mlir::func::FuncOp find_or_add(mlir::Block& body, llvm::ArrayRef<Value> returned, const std::string& wanted) {
    mlir::OpBuilder builder(main_.getContext());
    llvm::SmallVector<mlir::Type> types;
    for (Value value : returned) types.push_back(value.getType());
    auto kernel = mlir::func::FuncOp::create(main_.getLoc(), "kernel", builder.getFunctionType(body.getArgumentTypes(), types));
    kernel.setPrivate();
    kernel->setAttr("fovea.kernel", builder.getUnitAttr());
    for (auto [i, value] : llvm::enumerate(returned)) {
      Value destination = value;
      while (auto insert = destination.getDefiningOp<mlir::tensor::InsertSliceOp>()) destination = insert.getDest();
      auto argument = mlir::dyn_cast<mlir::BlockArgument>(destination);
      if (argument) kernel.setResultAttr(i, "fovea.in_place", builder.getI64IntegerAttr(argument.getArgNumber()));
    }
    mlir::Block* entry = kernel.addEntryBlock();
    for (auto [inside, fresh] : llvm::zip(body.getArguments(), entry->getArguments())) inside.replaceAllUsesWith(fresh);
    entry->getOperations().splice(entry->end(), body.getOperations());

    std::string text;
    llvm::raw_string_ostream stream(text);
    kernel->print(stream, mlir::OpPrintingFlags().useLocalScope().skipRegions(false));
    auto [found, fresh] = kernels_.try_emplace(stream.str());
    if (!fresh) {
      kernel->destroy();
      return found->second;
    }
    int& count = names_[wanted];
    std::string name;
    do name = count++ == 0 ? wanted : wanted + "_" + std::to_string(count);
    while (module_.lookupSymbol(name));  // another function of the module may have a kernel of this name
    kernel.setName(name);
    module_.push_back(kernel);
    found->second = kernel;
    return kernel;
  }

  mlir::func::FuncOp main_;
  mlir::ModuleOp module_;
  mlir::IRRewriter rewriter_;
  llvm::SmallVector<Value> arguments_;
  llvm::StringMap<mlir::func::FuncOp> kernels_;
  llvm::StringMap<int> names_;
};

}  // namespace

void outline(mlir::func::FuncOp main, std::vector<Cluster> clusters) {
  reorder(main, clusters);
  Outliner outliner(main);
  for (Cluster& cluster : clusters) outliner.outline(std::move(cluster));
  erase_unused(main);
}

}  // namespace fovea
