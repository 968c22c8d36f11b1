// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/memory/fused_function.h"

#include "fovea/core/error.h"
#include "fovea/passes/linalg_utils.h"

namespace fovea {
namespace {

using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;
using Home = CallTensor::Home;

// Whether `result` of the kernel may overwrite its argument `argument`: only if every element is read just before it is
// written, by element-wise work at the loop indices themselves.
bool may_overwrite(FuncOp kernel, unsigned argument, unsigned result) {
  Value input = kernel.getArgument(argument);
  auto writer = kernel.getBody().front().getTerminator()->getOperand(result).getDefiningOp<mlir::linalg::GenericOp>();
  if (!writer || !is_elementwise(writer) || input.getType() != kernel.getFunctionType().getResult(result)) return false;
  return llvm::all_of(input.getUses(), [&](mlir::OpOperand& use) {
    return use.getOwner() == writer && writer.getMatchingIndexingMap(&use).isIdentity();
  });
}

CallTraits traits_of(FuncOp kernel) {
  CallTraits traits;
  for (unsigned result = 0; result < kernel.getNumResults(); ++result) {
    auto in_place = kernel.getResultAttrOfType<mlir::IntegerAttr>(result, "fovea.in_place");
    traits.in_place.push_back(in_place ? static_cast<int>(in_place.getInt()) : -1);
    for (unsigned argument = 0; !in_place && argument < kernel.getNumArguments(); ++argument) {
      if (may_overwrite(kernel, argument, result)) traits.overwrites.emplace_back(result, argument);
    }
  }
  for (auto op : kernel.getBody().front().getOps<mlir::linalg::GenericOp>()) traits.multiply_adds += multiply_adds(op);
  mlir::Operation* end = kernel.getBody().front().getTerminator();
  for (Value argument : kernel.getArguments()) traits.bytes += static_cast<double>(bytes_of(argument));
  for (Value result : end->getOperands()) traits.bytes += static_cast<double>(bytes_of(result));
  return traits;
}

class Reader {
 public:
  explicit Reader(FuncOp main) : main_(main) {}

  FusedFunction run() {
    for (mlir::BlockArgument argument : main_.getArguments()) add(argument, Home::argument, argument.getArgNumber());
    auto module = main_->getParentOfType<mlir::ModuleOp>();
    mlir::SymbolTable symbols(module);
    llvm::DenseMap<mlir::Operation*, CallTraits> known;
    for (CallOp call : main_.getOps<CallOp>()) {
      auto kernel = symbols.lookup<FuncOp>(call.getCallee());
      auto [traits, fresh] = known.try_emplace(kernel);
      if (fresh) traits->second = traits_of(kernel);
      read_call(call, traits->second);
    }
    read_return();
    return std::move(function_);
  }

 private:
  int add(Value value, Home home, int64_t index) {
    const int tensor = static_cast<int>(function_.values.size());
    function_.tensors[value] = tensor;
    function_.values.push_back(value);
    function_.list.tensors.push_back({.bytes = bytes_of(value), .home = home, .index = index});
    return tensor;
  }

  // The operands of a call exist already, except constants and memory that is not filled yet.
  int operand(Value value) {
    Value root = view_root(value);
    if (auto known = function_.tensors.find(root); known != function_.tensors.end()) return known->second;
    mlir::Operation* producer = root.getDefiningOp();
    if (auto constant = mlir::dyn_cast<mlir::arith::ConstantOp>(producer)) {
      function_.constants.push_back(constant);
      return add(root, Home::constant, static_cast<int64_t>(function_.constants.size()) - 1);
    }
    if (mlir::isa<mlir::tensor::EmptyOp>(producer)) return add(root, Home::arena, 0);
    fail("{}: not a kernel's result, a view or a constant; run fovea-fuse first", producer->getName().getStringRef().str());
  }

  void read_call(CallOp call, const CallTraits& traits) {
    CallStep step{.call = static_cast<int>(function_.calls.size())};
    for (Value value : call.getOperands()) step.operands.push_back(operand(value));
    for (Value result : call.getResults()) step.results.push_back(add(result, Home::arena, 0));
    function_.calls.push_back(call);
    function_.list.steps.push_back(std::move(step));
    function_.list.traits.push_back(traits);
  }

  void read_return() {
    for (mlir::OpOperand& returned : main_.getBody().front().getTerminator()->getOpOperands()) {
      Value root = view_root(returned.get());
      if (mlir::isa<mlir::BlockArgument>(root)) continue;  // an argument that is not changed
      const unsigned position = returned.getOperandNumber();
      const int64_t replaced = replaced_argument(main_, position);
      CallTensor& tensor = function_.list.tensors[function_.tensors.lookup(root)];
      tensor.home = replaced < 0 ? Home::result : Home::argument;
      tensor.index = replaced < 0 ? position : replaced;
    }
  }

  FuncOp main_;
  FusedFunction function_;
};

}  // namespace

int64_t bytes_of(Value tensor) {
  auto type = mlir::cast<mlir::RankedTensorType>(tensor.getType());
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

int FusedFunction::tensor_of(Value value) const { return tensors.lookup(view_root(value)); }

FusedFunction read_fused_function(FuncOp main) { return Reader(main).run(); }

}  // namespace fovea
