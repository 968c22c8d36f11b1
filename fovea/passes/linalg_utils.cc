// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/linalg_utils.h"

#include <algorithm>

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace fovea {
namespace {

using mlir::linalg::GenericOp;

// The input that a scalar of the body was read from, through conversions; null when it was computed.
mlir::BlockArgument read_through_casts(mlir::Value scalar) {
  while (mlir::Operation* op = scalar.getDefiningOp()) {
    if (!mlir::isa<mlir::CastOpInterface>(op)) return {};
    scalar = op->getOperand(0);
  }
  return mlir::cast<mlir::BlockArgument>(scalar);
}

bool multiplies_and_adds(GenericOp op) {
  if (op.getNumDpsInits() != 1) return false;
  mlir::Block* body = op.getBody();
  mlir::Operation* add = body->getTerminator()->getOperand(0).getDefiningOp();
  if (!add || !mlir::isa<mlir::arith::AddFOp, mlir::arith::AddIOp>(add)) return false;
  mlir::Value accumulator = body->getArgument(op.getNumDpsInputs());
  mlir::Value product = add->getOperand(0) == accumulator ? add->getOperand(1) : add->getOperand(0);
  if (add->getOperand(0) != accumulator && add->getOperand(1) != accumulator) return false;
  mlir::Operation* multiply = product.getDefiningOp();
  while (multiply && mlir::isa<mlir::CastOpInterface>(multiply)) multiply = multiply->getOperand(0).getDefiningOp();
  if (!multiply || !mlir::isa<mlir::arith::MulFOp, mlir::arith::MulIOp>(multiply)) return false;
  mlir::BlockArgument left = read_through_casts(multiply->getOperand(0));
  mlir::BlockArgument right = read_through_casts(multiply->getOperand(1));
  if (!left || !right || left.getOwner() != body || right.getOwner() != body) return false;
  auto maps = op.getIndexingMapsArray();
  return maps[left.getArgNumber()] != maps[right.getArgNumber()];
}

bool is_contiguous_slice(mlir::tensor::ExtractSliceOp slice) {
  auto source = slice.getSourceType().getShape();
  auto sizes = slice.getStaticSizes();
  if (!std::ranges::all_of(slice.getStaticStrides(), [](int64_t stride) { return stride == 1; })) return false;
  size_t first = 0;
  while (first < sizes.size() && sizes[first] == 1) ++first;
  for (size_t i = first + 1; i < sizes.size(); ++i) {
    if (sizes[i] != source[i]) return false;
  }
  return true;
}

}  // namespace

Work work_of(GenericOp op) {
  auto maps = op.getIndexingMapsArray();
  if (op.getNumReductionLoops() == 0) {
    bool in_place =
        std::all_of(maps.end() - op.getNumDpsInits(), maps.end(), [](mlir::AffineMap map) { return map.isIdentity(); });
    bool reads_results =
        llvm::any_of(op.getRegionOutputArgs(), [](mlir::BlockArgument argument) { return !argument.use_empty(); });
    return in_place && !reads_results ? Work::elementwise : Work::window;
  }
  if (multiplies_and_adds(op)) return Work::contraction;
  for (int64_t i = 0; i < op.getNumDpsInputs(); ++i) {
    if (reads_each_point(maps[i])) return Work::reduction;
  }
  return Work::window;
}

const char* name(Work work) {
  switch (work) {
    case Work::elementwise:
      return "elementwise";
    case Work::contraction:
      return "contraction";
    case Work::reduction:
      return "reduction";
    case Work::window:
      return "window";
  }
  return "";
}

GenericOp elementwise_producer(mlir::Value value) {
  auto op = value.getDefiningOp<GenericOp>();
  return op && is_elementwise(op) ? op : GenericOp();
}

bool reads_each_point(mlir::AffineMap map) { return map.isPermutation(); }

double multiply_adds(GenericOp op) {
  if (work_of(op) != Work::contraction) return 0;
  double count = 1;
  for (int64_t range : op.getStaticLoopRanges()) count *= static_cast<double>(range);
  return count;
}

bool is_view(mlir::Operation* op) {
  if (mlir::isa<mlir::tensor::CollapseShapeOp, mlir::tensor::ExpandShapeOp>(op)) return true;
  auto slice = mlir::dyn_cast<mlir::tensor::ExtractSliceOp>(op);
  return slice && is_contiguous_slice(slice);
}

mlir::Value view_root(mlir::Value value) {
  while (mlir::Operation* op = value.getDefiningOp()) {
    if (!is_view(op)) break;
    value = op->getOperand(0);
  }
  return value;
}

bool is_view_or_pad(mlir::Operation* op) {
  return mlir::isa<mlir::tensor::PadOp, mlir::tensor::EmptyOp, mlir::arith::ConstantOp>(op) ||
         (mlir::isa<mlir::tensor::ExtractSliceOp>(op) && !is_view(op));
}

std::string layer_of(mlir::Location location) {
  if (auto named = mlir::dyn_cast<mlir::NameLoc>(location)) return named.getName().str();
  if (auto fused = mlir::dyn_cast<mlir::FusedLoc>(location)) {
    for (mlir::Location part : fused.getLocations()) {
      if (std::string layer = layer_of(part); !layer.empty()) return layer;
    }
  }
  if (auto call = mlir::dyn_cast<mlir::CallSiteLoc>(location)) return layer_of(call.getCallee());
  return "";
}

GenericOp make_elementwise(mlir::OpBuilder& builder, mlir::Location location, llvm::ArrayRef<int64_t> shape,
                           mlir::ValueRange inputs, llvm::ArrayRef<mlir::AffineMap> input_maps,
                           llvm::ArrayRef<mlir::Type> element_types,
                           llvm::function_ref<void(mlir::OpBuilder&, mlir::Block&)> build) {
  llvm::SmallVector<mlir::Value> outputs;
  llvm::SmallVector<mlir::Type> types;
  llvm::SmallVector<mlir::AffineMap> maps(input_maps);
  for (mlir::Type element : element_types) {
    outputs.push_back(builder.create<mlir::tensor::EmptyOp>(location, shape, element));
    types.push_back(outputs.back().getType());
    maps.push_back(builder.getMultiDimIdentityMap(shape.size()));
  }
  llvm::SmallVector<mlir::utils::IteratorType> iterators(shape.size(), mlir::utils::IteratorType::parallel);
  auto op = builder.create<GenericOp>(location, types, inputs, outputs, maps, iterators);
  mlir::OpBuilder::InsertionGuard guard(builder);
  mlir::Block* block = builder.createBlock(&op.getRegion());
  for (mlir::Value operand : op->getOperands()) {
    block->addArgument(mlir::getElementTypeOrSelf(operand.getType()), location);
  }
  build(builder, *block);
  return op;
}

GenericOp copy_of(mlir::OpBuilder& builder, mlir::Location location, mlir::Value source) {
  auto type = mlir::cast<mlir::RankedTensorType>(source.getType());
  return make_elementwise(
      builder, location, type.getShape(), source, builder.getMultiDimIdentityMap(type.getRank()), type.getElementType(),
      [&](mlir::OpBuilder& inner, mlir::Block& block) { inner.create<mlir::linalg::YieldOp>(location, block.getArgument(0)); });
}

mlir::TypedAttr repeated_constant(mlir::Value tensor) {
  mlir::Value root = view_root(tensor);
  if (auto fill = root.getDefiningOp<mlir::linalg::FillOp>()) {
    auto constant = fill.value().getDefiningOp<mlir::arith::ConstantOp>();
    return constant ? constant.getValue() : mlir::TypedAttr();
  }
  auto constant = root.getDefiningOp<mlir::arith::ConstantOp>();
  auto dense = constant ? mlir::dyn_cast<mlir::DenseElementsAttr>(constant.getValue()) : mlir::DenseElementsAttr();
  return dense && dense.isSplat() ? dense.getSplatValue<mlir::TypedAttr>() : mlir::TypedAttr();
}

mlir::TypedAttr folded_result(mlir::linalg::GenericOp op, int64_t position, mlir::TypedAttr constant) {
  mlir::OpBuilder builder(op.getContext());
  mlir::Block scratch;
  builder.setInsertionPointToStart(&scratch);
  mlir::IRMapping mapping;
  for (mlir::BlockArgument argument : op.getBody()->getArguments()) {
    mapping.map(argument, scratch.addArgument(argument.getType(), argument.getLoc()));
  }
  // Equal constants become one value, because folds such as select(c, x, x) compare values.
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
  auto unique = [&](mlir::Value value) {
    mlir::TypedAttr known;
    return mlir::matchPattern(value, mlir::m_Constant(&known)) ? constants.try_emplace(known, value).first->second : value;
  };
  if (position >= 0) {
    mapping.map(op.getBody()->getArgument(position), unique(builder.create<mlir::arith::ConstantOp>(op.getLoc(), constant)));
  }
  for (mlir::Operation& inner : op.getBody()->without_terminator()) {
    for (mlir::Value operand : inner.getOperands()) mapping.map(operand, unique(mapping.lookupOrDefault(operand)));
    mlir::Operation* clone = builder.clone(inner, mapping);
    llvm::SmallVector<mlir::Value> folded;
    bool replaced = mlir::succeeded(builder.tryFold(clone, folded)) && folded.size() == 1;
    mapping.map(inner.getResult(0), unique(replaced ? folded[0] : clone->getResult(0)));
  }
  mlir::TypedAttr result;
  mlir::Value yielded = mapping.lookupOrDefault(op.getBody()->getTerminator()->getOperand(0));
  if (!mlir::matchPattern(yielded, mlir::m_Constant(&result))) result = {};
  scratch.dropAllReferences();
  scratch.clear();
  return result;
}

void skip_roundings(GenericOp op) {
  for (auto extension : llvm::make_early_inc_range(op.getBody()->getOps<mlir::arith::ExtFOp>())) {
    auto rounding = extension.getIn().getDefiningOp<mlir::arith::TruncFOp>();
    if (!rounding || rounding.getIn().getType() != extension.getType()) continue;
    extension.replaceAllUsesWith(rounding.getIn());
    extension.erase();
    if (rounding->use_empty()) rounding.erase();
  }
}

mlir::Value filled_tensor(mlir::OpBuilder& builder, mlir::Location location, mlir::RankedTensorType type,
                          mlir::TypedAttr constant) {
  mlir::Value scalar = builder.create<mlir::arith::ConstantOp>(location, constant);
  mlir::Value empty = builder.create<mlir::tensor::EmptyOp>(location, type.getShape(), type.getElementType());
  return builder.create<mlir::linalg::FillOp>(location, scalar, empty).getResult(0);
}

int64_t replaced_argument(mlir::func::FuncOp main, unsigned index) {
  auto name = main.getResultAttrOfType<mlir::StringAttr>(index, "fovea.name");
  for (unsigned i = 0; name && i < main.getNumArguments(); ++i) {
    const llvm::StringRef role = role_of(main, i);
    if (main.getArgAttrOfType<mlir::StringAttr>(i, "fovea.name") == name && !role.empty() && role != "input") return i;
  }
  return -1;
}

mlir::func::FuncOp network_of(mlir::ModuleOp module) {
  mlir::func::FuncOp only;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (function.isPrivate() || function->hasAttr("fovea.initializer")) continue;
    if (function.getName() == "main" || !only) only = function;
  }
  return only;
}

mlir::func::FuncOp initializer_of(mlir::ModuleOp module) {
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (function->hasAttr("fovea.initializer")) return function;
  }
  return {};
}

llvm::StringRef role_of(mlir::func::FuncOp main, unsigned argument) {
  auto role = main.getArgAttrOfType<mlir::StringAttr>(argument, "fovea.role");
  return role ? role.getValue() : "";
}

void erase_unused(mlir::func::FuncOp main) {
  for (mlir::Operation& op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front()))) {
    if (!op.hasTrait<mlir::OpTrait::IsTerminator>() && op.use_empty()) op.erase();
  }
}

}  // namespace fovea
