// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/weights/initializer.h"

#include "fovea/passes/linalg_utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"

namespace fovea {

using namespace mlir;

namespace {

// Hoisted tensors may have been removed, so a number alone could give a name that is used.
StringAttr unused_name(func::FuncOp initializer) {
  Builder builder(initializer.getContext());
  for (unsigned number = initializer.getNumResults();; ++number) {
    const StringAttr name = builder.getStringAttr("hoisted." + std::to_string(number));
    bool used = false;
    for (unsigned i = 0; i < initializer.getNumResults(); ++i)
      used |= initializer.getResultAttrOfType<StringAttr>(i, "fovea.name") == name;
    if (!used) return name;
  }
}

}  // namespace

InitializerWriter::InitializerWriter(ModuleOp module) : module_(module), main_(network_of(module)) {}

bool InitializerWriter::is_known_before_run(Value value) const {
  func::FuncOp main = main_;
  auto argument = dyn_cast<BlockArgument>(view_root(value));
  if (!argument) return false;
  const StringRef role = role_of(main, argument.getArgNumber());
  if (role == "hoisted") return true;
  for (unsigned result = 0; result < main.getNumResults(); ++result)
    if (replaced_argument(main, result) == static_cast<int64_t>(argument.getArgNumber())) return false;
  return role == "parameter" || role == "state";
}

Value InitializerWriter::hoisted(Value operand, func::FuncOp kernel, ArrayRef<TypedAttr> constants, Location location) {
  Value& known = hoisted_[{operand, kernel}];
  if (known) return known;
  OpBuilder builder(main_.getContext());
  func::FuncOp initializer = function();
  Operation* end = initializer.front().getTerminator();
  builder.setInsertionPoint(end);
  SmallVector<Value> operands;
  for (TypedAttr constant : constants) operands.push_back(builder.create<arith::ConstantOp>(location, constant));
  operands.push_back(in_initializer(builder, operand));
  Value result = builder.create<func::CallOp>(location, kernel, operands).getResult(0);
  end->insertOperands(end->getNumOperands(), result);
  const StringAttr name = unused_name(initializer);
  initializer.insertResult(initializer.getNumResults(), result.getType(),
                           builder.getDictionaryAttr(builder.getNamedAttr("fovea.name", name)));
  const auto attributes = builder.getDictionaryAttr(
      {builder.getNamedAttr("fovea.name", name), builder.getNamedAttr("fovea.role", builder.getStringAttr("hoisted"))});
  const unsigned position = main_.getNumArguments();
  main_.insertArgument(position, result.getType(), attributes, location);
  return known = main_.getArgument(position);
}

// The same value within the initializer, with its views cloned.
Value InitializerWriter::in_initializer(OpBuilder& builder, Value value) {
  if (Operation* view = value.getDefiningOp()) {
    IRMapping mapping;
    mapping.map(view->getOperand(0), in_initializer(builder, view->getOperand(0)));
    return builder.clone(*view, mapping)->getResult(0);
  }
  const unsigned number = cast<BlockArgument>(value).getArgNumber();
  const auto name = main_.getArgAttrOfType<StringAttr>(number, "fovea.name");
  func::FuncOp initializer = function();
  if (role_of(main_, number) == "hoisted") {
    for (unsigned i = 0; i < initializer.getNumResults(); ++i)
      if (initializer.getResultAttrOfType<StringAttr>(i, "fovea.name") == name)
        return initializer.front().getTerminator()->getOperand(i);
  }
  for (unsigned i = 0; i < initializer.getNumArguments(); ++i)
    if (initializer.getArgAttrOfType<StringAttr>(i, "fovea.name") == name) return initializer.getArgument(i);
  const unsigned position = initializer.getNumArguments();
  initializer.insertArgument(position, value.getType(), main_.getArgAttrDict(number), value.getLoc());
  return initializer.getArgument(position);
}

func::FuncOp InitializerWriter::function() {
  if (func::FuncOp known = initializer_of(module_)) return known;
  OpBuilder builder(main_.getContext());
  builder.setInsertionPointAfter(main_);
  auto made =
      builder.create<func::FuncOp>(main_.getLoc(), (main_.getName() + "_initializer").str(), builder.getFunctionType({}, {}));
  made->setAttr("fovea.initializer", builder.getUnitAttr());
  builder.setInsertionPointToStart(made.addEntryBlock());
  builder.create<func::ReturnOp>(main_.getLoc());
  return made;
}

llvm::MapVector<func::FuncOp, InitializerWriter::Calls> InitializerWriter::calls_by_kernel() const {
  SymbolTable symbols(module_);
  llvm::MapVector<func::FuncOp, Calls> calls;
  func::FuncOp main = main_;
  for (auto call : main.getOps<func::CallOp>()) calls[symbols.lookup<func::FuncOp>(call.getCallee())].push_back(call);
  return calls;
}

void InitializerWriter::drop_unread() {
  erase_unused(main_);  // views of tensors that calls no longer read
  func::FuncOp initializer = initializer_of(module_);
  if (!initializer) return;
  Operation* end = initializer.front().getTerminator();
  for (unsigned argument = main_.getNumArguments(); argument-- > 0;) {
    if (role_of(main_, argument) != "hoisted" || !main_.getArgument(argument).use_empty()) continue;
    const auto name = main_.getArgAttrOfType<StringAttr>(argument, "fovea.name");
    for (unsigned result = initializer.getNumResults(); result-- > 0;) {
      if (initializer.getResultAttrOfType<StringAttr>(result, "fovea.name") != name) continue;
      end->eraseOperand(result);
      initializer.eraseResult(result);
    }
    main_.eraseArgument(argument);
  }
}

void read_hoisted(func::FuncOp kernel, unsigned number, RankedTensorType type) {
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointToStart(&kernel.front());
  BlockArgument argument = kernel.getArgument(number);
  const Type before = argument.getType();
  argument.setType(type);
  auto seen = builder.create<UnrealizedConversionCastOp>(kernel.getLoc(), before, argument);
  argument.replaceAllUsesExcept(seen.getResult(0), seen);
  kernel.setFunctionType(builder.getFunctionType(kernel.front().getArgumentTypes(), kernel.getResultTypes()));
}

}  // namespace fovea
