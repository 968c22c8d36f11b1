#include "fovea/codegen/prepacking.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/IR/IRMapping.h>

#include <map>

#include "fovea/codegen/groups.h"
#include "fovea/codegen/tiling.h"
#include "fovea/passes/structure.h"
#include "llvm/ADT/MapVector.h"

namespace fovea {
namespace {

using namespace mlir;

bool is_known_before_run(func::FuncOp main, Value value) {
  auto argument = dyn_cast<BlockArgument>(view_root(value));
  if (!argument) return false;
  const StringRef role = role_of(main, argument.getArgNumber());
  if (role == "prepared") return true;
  for (unsigned result = 0; result < main.getNumResults(); ++result)
    if (replaced_argument(main, result) == static_cast<int64_t>(argument.getArgNumber())) return false;
  return role == "parameter" || role == "state";
}

struct Candidate {
  unsigned argument;  // of the kernel
  PackedLayout layout;
};

// The operand that the kernel's tiles would read as a panel, if it has one.
std::optional<Candidate> candidate_of(func::FuncOp kernel, const Target& target) {
  OwningOpRef<func::FuncOp> copy(kernel.clone());  // reading a kernel adds constants to it
  KernelFormula formula = read_kernel(*copy);
  group_products(formula, target);
  Tiling tiling = choose_tiling(formula, target);
  if (tiling.panel_input < 0) return {};
  const Access& access = formula.anchor.inputs[static_cast<size_t>(tiling.panel_input)];
  auto argument = dyn_cast<BlockArgument>(access.tensor);
  // A slice reads only part of what would be packed; a second reader sees the tensor as it is.
  if (!argument || !argument.hasOneUse() || !isa<linalg::GenericOp>(*argument.user_begin())) return {};
  SmallVector<LinearForm> forms;
  for (AffineExpr result : access.map.getResults())
    forms.push_back(linear_form(result, static_cast<unsigned>(formula.anchor.extents.size())));
  const PackedOperand packed(Packing::ahead, access, forms, formula.anchor, tiling);
  return Candidate{argument.getArgNumber(), packed.layout()};
}

class Packer {
 public:
  Packer(ModuleOp module, const Target& target) : module_(module), target_(target), main_(network_of(module)) {}

  void run() {
    SymbolTable symbols(module_);
    llvm::MapVector<func::FuncOp, SmallVector<func::CallOp>> calls;
    for (auto call : main_.getOps<func::CallOp>()) calls[symbols.lookup<func::FuncOp>(call.getCallee())].push_back(call);
    for (auto& [kernel, callers] : calls) {
      const std::optional<Candidate> candidate = candidate_of(kernel, target_);
      if (!candidate) continue;
      const bool known = llvm::all_of(
          callers, [&](func::CallOp call) { return is_known_before_run(main_, call.getOperand(candidate->argument)); });
      if (known) pack(kernel, callers, *candidate);
    }
    erase_unused(main_);  // views of what is packed now
    drop_unread_results();
  }

 private:
  void pack(func::FuncOp kernel, ArrayRef<func::CallOp> callers, const Candidate& candidate) {
    BlockArgument argument = kernel.getArgument(candidate.argument);
    const auto type = cast<RankedTensorType>(argument.getType());
    const auto packed_type = RankedTensorType::get(candidate.layout.shape, type.getElementType());
    func::FuncOp packing = packing_kernel(type, packed_type, candidate.layout.source);
    for (func::CallOp call : callers) {
      Value packed = packed_value(call.getOperand(candidate.argument), packing, call.getLoc());
      call.setOperand(candidate.argument, packed);
    }
    OpBuilder builder(main_.getContext());
    builder.setInsertionPointToStart(&kernel.front());
    argument.setType(packed_type);
    auto seen = builder.create<UnrealizedConversionCastOp>(kernel.getLoc(), type, argument);
    argument.replaceAllUsesExcept(seen.getResult(0), seen);
    kernel.setFunctionType(builder.getFunctionType(kernel.front().getArgumentTypes(), kernel.getResultTypes()));
  }

  // packed[i] = tensor[source(i)]: an element-wise kernel. What lies past the end of the columns is read through padding.
  func::FuncOp packing_kernel(RankedTensorType type, RankedTensorType packed_type, AffineMap source) {
    std::string key;
    llvm::raw_string_ostream(key) << type << packed_type << source;
    func::FuncOp& kernel = packings_[key];
    if (kernel) return kernel;
    OpBuilder builder(main_.getContext());
    const Location location = builder.getUnknownLoc();
    kernel = func::FuncOp::create(location, "pack", builder.getFunctionType(type, packed_type));
    kernel.setPrivate();
    kernel->setAttr("fovea.kernel", builder.getUnitAttr());
    kernel.setName(packings_.size() == 1 ? "pack" : "pack_" + std::to_string(packings_.size()));
    builder.setInsertionPointToStart(kernel.addEntryBlock());
    Value read = padded(builder, kernel.getArgument(0), packed_type, source);
    auto copy = make_elementwise(
        builder, location, packed_type.getShape(), read, source, packed_type.getElementType(),
        [](OpBuilder& inner, Block& block) { inner.create<linalg::YieldOp>(inner.getUnknownLoc(), block.getArgument(0)); });
    builder.create<func::ReturnOp>(location, copy.getResults());
    module_.push_back(kernel);
    return kernel;
  }

  static Value padded(OpBuilder& builder, Value tensor, RankedTensorType packed_type, AffineMap source) {
    const auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<OpFoldResult> low(type.getRank(), builder.getIndexAttr(0)), high;
    bool needed = false;
    for (auto [coordinate, expression] : llvm::enumerate(source.getResults())) {
      const LinearForm form = linear_form(expression, source.getNumDims());
      int64_t last = form.constant;
      for (auto [dim, coefficient] : llvm::enumerate(form.coefficients))
        last += coefficient * (packed_type.getDimSize(static_cast<unsigned>(dim)) - 1);
      const int64_t beyond = std::max<int64_t>(last + 1 - type.getDimSize(static_cast<unsigned>(coordinate)), 0);
      needed |= beyond > 0;
      high.push_back(builder.getIndexAttr(beyond));
    }
    if (!needed) return tensor;
    const Location location = builder.getUnknownLoc();
    Value zero = builder.create<arith::ConstantOp>(location, builder.getZeroAttr(type.getElementType()));
    return builder.create<tensor::PadOp>(location, Type(), tensor, low, high, zero);
  }

  // A new argument of the network: `operand` as the preparation packs it.
  Value packed_value(Value operand, func::FuncOp packing, Location location) {
    Value& packed = packed_[{operand, packing}];
    if (packed) return packed;
    OpBuilder builder(main_.getContext());
    func::FuncOp preparation = this->preparation();
    Operation* end = preparation.front().getTerminator();
    builder.setInsertionPoint(end);
    Value source = in_preparation(builder, operand);
    Value result = builder.create<func::CallOp>(location, packing, source).getResult(0);
    end->insertOperands(end->getNumOperands(), result);
    const std::string name = "prepared." + std::to_string(end->getNumOperands() - 1);
    const auto name_attribute = builder.getStringAttr(name);
    preparation.insertResult(preparation.getNumResults(), result.getType(),
                             builder.getDictionaryAttr(builder.getNamedAttr("fovea.name", name_attribute)));
    const auto attributes = builder.getDictionaryAttr({builder.getNamedAttr("fovea.name", name_attribute),
                                                       builder.getNamedAttr("fovea.role", builder.getStringAttr("prepared"))});
    const unsigned position = main_.getNumArguments();
    main_.insertArgument(position, result.getType(), attributes, location);
    return packed = main_.getArgument(position);
  }

  // The same value, through its views, as the preparation knows it.
  Value in_preparation(OpBuilder& builder, Value value) {
    if (Operation* view = value.getDefiningOp()) {
      IRMapping mapping;
      mapping.map(view->getOperand(0), in_preparation(builder, view->getOperand(0)));
      return builder.clone(*view, mapping)->getResult(0);
    }
    const unsigned number = cast<BlockArgument>(value).getArgNumber();
    const auto name = main_.getArgAttrOfType<StringAttr>(number, "fovea.name");
    func::FuncOp preparation = this->preparation();
    if (role_of(main_, number) == "prepared") {
      for (unsigned i = 0; i < preparation.getNumResults(); ++i)
        if (preparation.getResultAttrOfType<StringAttr>(i, "fovea.name") == name)
          return preparation.front().getTerminator()->getOperand(i);
    }
    for (unsigned i = 0; i < preparation.getNumArguments(); ++i)
      if (preparation.getArgAttrOfType<StringAttr>(i, "fovea.name") == name) return preparation.getArgument(i);
    const unsigned position = preparation.getNumArguments();
    preparation.insertArgument(position, value.getType(), main_.getArgAttrDict(number), value.getLoc());
    return preparation.getArgument(position);
  }

  func::FuncOp preparation() {
    if (func::FuncOp known = preparation_of(module_)) return known;
    OpBuilder builder(main_.getContext());
    builder.setInsertionPointAfter(main_);
    auto made =
        builder.create<func::FuncOp>(main_.getLoc(), (main_.getName() + "_preparation").str(), builder.getFunctionType({}, {}));
    made->setAttr("fovea.preparation", builder.getUnitAttr());
    builder.setInsertionPointToStart(made.addEntryBlock());
    builder.create<func::ReturnOp>(main_.getLoc());
    return made;
  }

  // Prepared tensors that only packing reads are not kept.
  void drop_unread_results() {
    func::FuncOp preparation = preparation_of(module_);
    if (!preparation) return;
    Operation* end = preparation.front().getTerminator();
    for (unsigned argument = main_.getNumArguments(); argument-- > 0;) {
      if (role_of(main_, argument) != "prepared" || !main_.getArgument(argument).use_empty()) continue;
      const auto name = main_.getArgAttrOfType<StringAttr>(argument, "fovea.name");
      for (unsigned result = preparation.getNumResults(); result-- > 0;) {
        if (preparation.getResultAttrOfType<StringAttr>(result, "fovea.name") != name) continue;
        end->eraseOperand(result);
        preparation.eraseResult(result);
      }
      main_.eraseArgument(argument);
    }
  }

  ModuleOp module_;
  const Target& target_;
  func::FuncOp main_;
  std::map<std::string, func::FuncOp> packings_;
  llvm::DenseMap<std::pair<Value, Operation*>, Value> packed_;
};

}  // namespace

void pack_ahead(ModuleOp module, const Target& target) { Packer(module, target).run(); }

}  // namespace fovea
