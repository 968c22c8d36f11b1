// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/kernel/kernel.h"

#include <llvm/Support/raw_ostream.h>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/IR/Matchers.h>

#include "fovea/core/error.h"

namespace fovea {
namespace {

using namespace mlir;

std::string shown(Operation* op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, OpPrintingFlags().skipRegions().elideLargeElementsAttrs());
  return text;
}

[[noreturn]] void reject(func::FuncOp kernel, Operation* op, const char* why) {
  fail("kernel @{}: {}: {}", kernel.getName().str(), why, shown(op));
}

// The scalar that fills `tensor`, of a linalg.fill or a splat constant; null when there is none.
Value scalar_of(Value tensor, OpBuilder& builder) {
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>()) return fill.getInputs()[0];
  DenseElementsAttr elements;
  if (matchPattern(tensor, m_Constant(&elements)) && elements.isSplat()) {
    builder.setInsertionPointAfterValue(tensor);
    return builder.create<arith::ConstantOp>(tensor.getLoc(), cast<TypedAttr>(elements.getSplatValue<Attribute>()));
  }
  return {};
}

// Composes a slice of an argument into the map: each coordinate becomes coordinate * stride + offset, and dropped unit
// dimensions become constants.
Access through_slice(tensor::ExtractSliceOp slice, AffineMap map) {
  Builder builder(slice.getContext());
  SmallVector<AffineExpr> results;
  const llvm::SmallBitVector dropped = slice.getDroppedDims();
  unsigned kept = 0;
  for (unsigned i = 0; i < dropped.size(); ++i) {
    AffineExpr coordinate = builder.getAffineConstantExpr(0);
    if (!dropped[i]) coordinate = map.getResult(kept++);
    results.push_back(coordinate * slice.getStaticStrides()[i] + slice.getStaticOffsets()[i]);
  }
  Access access;
  access.tensor = slice.getSource();
  access.map = AffineMap::get(map.getNumDims(), 0, results, slice.getContext());
  return access;
}

Access read_access(func::FuncOp kernel, Value tensor, AffineMap map) {
  OpBuilder builder(kernel.getContext());
  Access access;
  access.tensor = tensor;
  access.map = map;
  if (Value scalar = scalar_of(tensor, builder)) {
    access.scalar = scalar;
    return access;
  }
  // An empty tensor only gives loops their extents (the taps of a pooling window); its elements are never read.
  if (auto empty = tensor.getDefiningOp<tensor::EmptyOp>()) {
    builder.setInsertionPointAfter(empty);
    Type element = empty.getType().getElementType();
    access.scalar = builder.create<arith::ConstantOp>(empty.getLoc(), element, builder.getZeroAttr(element));
    return access;
  }
  if (auto pad = tensor.getDefiningOp<tensor::PadOp>()) {
    Value value = pad.getConstantPaddingValue();
    Attribute constant;
    if (!value || !matchPattern(value, m_Constant(&constant))) reject(kernel, pad, "padding must have a constant value");
    access.tensor = pad.getSource();
    access.pad_low.assign(pad.getStaticLow().begin(), pad.getStaticLow().end());
    access.pad_value = constant;
  } else if (auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>()) {
    access = through_slice(slice, map);
  } else if (auto cast = tensor.getDefiningOp<UnrealizedConversionCastOp>()) {
    access.tensor = cast.getInputs().front();
    access.prepacked = true;
  }
  if (!isa<BlockArgument>(access.tensor) && !access.tensor.getDefiningOp<linalg::GenericOp>())
    reject(kernel, access.tensor.getDefiningOp(),
           "neither an argument, a padded argument, nor the result of a linalg operation");
  return access;
}

LinalgOperation read_operation(func::FuncOp kernel, linalg::GenericOp op) {
  LinalgOperation operation;
  operation.op = op;
  for (const int64_t extent : op.getStaticLoopRanges()) operation.extents.push_back(extent);
  for (const utils::IteratorType type : op.getIteratorTypesArray())
    operation.reduced.push_back(type == utils::IteratorType::reduction);
  for (OpOperand* operand : op.getDpsInputOperands())
    operation.inputs.push_back(read_access(kernel, operand->get(), op.getMatchingIndexingMap(operand)));
  OpBuilder builder(kernel.getContext());
  for (OpOperand& operand : op.getDpsInitsMutable()) {
    const bool read = op.payloadUsesValueFromOperand(&operand);
    Value scalar = read ? scalar_of(operand.get(), builder) : Value();
    if (read && !scalar) reject(kernel, op, "a reduction must start from a fill");
    operation.initial.push_back(scalar);
  }
  const AffineMap output = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (AffineExpr result : output.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(result);
    if (!dim) reject(kernel, op, "an output coordinate must be a single dimension");
    operation.output_dims.push_back(dim.getPosition());
  }
  for (OpOperand& operand : op.getDpsInitsMutable())
    if (op.getMatchingIndexingMap(&operand) != output) reject(kernel, op, "all results must have the same map");
  return operation;
}

KernelResult read_output(func::FuncOp kernel, Value value, unsigned index) {
  KernelResult output;
  output.result = index;
  output.value = value;
  output.type = cast<RankedTensorType>(value.getType());
  int64_t rank = output.type.getRank();
  if (auto attribute = kernel.getResultAttrOfType<IntegerAttr>(index, "fovea.in_place")) output.in_place = attribute.getInt();
  auto insert = value.getDefiningOp<tensor::InsertSliceOp>();
  if (!insert) {
    output.offsets.assign(rank, 0);
    output.strides.assign(rank, 1);
    for (int64_t i = 0; i < rank; ++i) output.kept.push_back(i);
  } else {
    auto destination = dyn_cast<BlockArgument>(insert.getDest());
    if (!destination) reject(kernel, insert, "an insertion must be into an argument");
    output.value = insert.getSource();
    output.in_place = destination.getArgNumber();
    output.offsets.assign(insert.getStaticOffsets().begin(), insert.getStaticOffsets().end());
    output.strides.assign(insert.getStaticStrides().begin(), insert.getStaticStrides().end());
    const llvm::SmallBitVector dropped = insert.getDroppedDims();
    for (int64_t i = 0; i < rank; ++i)
      if (!dropped[i]) output.kept.push_back(i);
  }
  return output;
}

}  // namespace

int64_t Access::extent(unsigned coordinate) const {
  const int64_t size = cast<RankedTensorType>(tensor.getType()).getDimSize(coordinate);
  return static_cast<int>(coordinate) == group_coordinate ? size / group : size;
}

RankedTensorType Access::seen_type() const {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!adjacent_groups()) return type;
  SmallVector<int64_t> shape(type.getShape());
  shape.back() /= group;
  if (group_coordinate < 0) shape.pop_back();
  return RankedTensorType::get(shape, packed_element());
}

Type Access::packed_element() const {
  return group > 1 ? Float32Type::get(tensor.getContext()) : cast<RankedTensorType>(tensor.getType()).getElementType();
}

bool KernelDescription::has_reduction() const { return llvm::is_contained(root.reduced, true); }

namespace {

// The input that `factor` is computed from by conversions and subtractions of constants, which go to `conversion`; nothing when
// it is computed in another way.
std::optional<unsigned> converted_input(Value factor, Block& body, SmallVectorImpl<Operation*>& conversion) {
  while (Operation* op = factor.getDefiningOp()) {
    const bool shifted = isa<arith::SubIOp, arith::SubFOp>(op) && matchPattern(op->getOperand(1), m_Constant());
    if (op->getBlock() != &body || (!isa<CastOpInterface>(op) && !shifted)) return {};
    conversion.insert(conversion.begin(), op);
    factor = op->getOperand(0);
  }
  const auto argument = cast<BlockArgument>(factor);
  if (argument.getOwner() != &body) return {};
  return argument.getArgNumber();
}

// The two factors of a body that adds their product to its result; empty when the body does something else.
SmallVector<Value> factors_of(linalg::GenericOp op) {
  Block& body = *op.getBody();
  Operation* add = body.getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add)) return {};
  const Value sum = body.getArguments().back();
  if (add->getOperand(0) != sum && add->getOperand(1) != sum) return {};
  Operation* multiply = add->getOperand(add->getOperand(0) == sum ? 1 : 0).getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(multiply)) return {};
  return {multiply->getOperand(0), multiply->getOperand(1)};
}

}  // namespace

bool KernelDescription::is_contraction() const {
  linalg::GenericOp op = root.op;
  if (!has_reduction() || root.inputs.size() != 2 || op.getNumDpsInits() != 1) return false;
  if (root.inputs[0].scalar || root.inputs[1].scalar) return false;
  unsigned seen = 0;
  for (Value factor : factors_of(op)) {
    SmallVector<Operation*> conversion;
    const auto input = converted_input(factor, *op.getBody(), conversion);
    if (!input || *input > 1) return false;
    seen |= 1U << *input;
  }
  return seen == 3;
}

SmallVector<Operation*> KernelDescription::conversion(size_t input) const {
  linalg::GenericOp op = root.op;
  for (Value factor : factors_of(op)) {
    SmallVector<Operation*> conversion;
    if (converted_input(factor, *op.getBody(), conversion) == input) return conversion;
  }
  return {};
}

KernelDescription read_kernel(func::FuncOp kernel) {
  KernelDescription description;
  description.function = kernel;
  if (auto results = kernel->getAttrOfType<IntegerAttr>("fovea.winograd")) description.winograd = results.getInt();
  bool first = true;
  for (auto op : llvm::make_early_inc_range(kernel.getOps<linalg::GenericOp>())) {
    if (first) {
      description.root = read_operation(kernel, op);
    } else {
      description.epilogue.push_back(read_operation(kernel, op));
      const LinalgOperation& added = description.epilogue.back();
      if (llvm::is_contained(added.reduced, true)) reject(kernel, op, "only the first linalg operation may reduce");
      if (llvm::any_of(added.inputs, [](const Access& input) { return input.padded(); }))
        reject(kernel, op, "only the first linalg operation may read padding");
    }
    first = false;
  }
  if (first) fail("kernel @{}: it contains no linalg operation", kernel.getName().str());
  Operation* terminator = kernel.getBody().front().getTerminator();
  for (OpOperand& operand : terminator->getOpOperands())
    description.outputs.push_back(read_output(kernel, operand.get(), operand.getOperandNumber()));
  return description;
}

LinearForm linear_form(AffineExpr expression, unsigned dimensions) {
  LinearForm form;
  form.coefficients.assign(dimensions, 0);
  SmallVector<std::pair<AffineExpr, int64_t>> pending{{expression, 1}};
  while (!pending.empty()) {
    auto [part, factor] = pending.pop_back_val();
    if (auto constant = dyn_cast<AffineConstantExpr>(part)) {
      form.constant += factor * constant.getValue();
    } else if (auto dim = dyn_cast<AffineDimExpr>(part)) {
      form.coefficients[dim.getPosition()] += factor;
    } else {
      auto binary = cast<AffineBinaryOpExpr>(part);
      if (part.getKind() == AffineExprKind::Add) {
        pending.push_back({binary.getLHS(), factor});
        pending.push_back({binary.getRHS(), factor});
      } else if (auto times = dyn_cast<AffineConstantExpr>(binary.getRHS()); times && part.getKind() == AffineExprKind::Mul) {
        pending.push_back({binary.getLHS(), factor * times.getValue()});
      } else {
        fail("an index map may only add multiples of dimensions");
      }
    }
  }
  return form;
}

SmallVector<LinearForm> linear_forms(const Access& access, unsigned dimensions) {
  SmallVector<LinearForm> forms;
  for (AffineExpr result : access.map.getResults()) forms.push_back(linear_form(result, dimensions));
  return forms;
}

int64_t element_bytes(const KernelDescription& kernel) {
  int64_t bytes = 1;
  auto widen = [&](mlir::Type type) {
    const mlir::Type element = mlir::getElementTypeOrSelf(type);
    if (element.isIntOrFloat()) bytes = std::max<int64_t>(bytes, element.getIntOrFloatBitWidth() / 8);
    if (element.isBF16()) bytes = std::max<int64_t>(bytes, 4);  // bf16 is computed in f32, or packed as pairs of 32 bits
  };
  for (const Access& input : kernel.root.inputs) widen(input.tensor.getType());
  for (const KernelResult& output : kernel.outputs) widen(output.value.getType());
  // Random numbers are computed in 64 bits on the way; choosing vectors by these would halve all others.
  auto widen_body = [&](mlir::linalg::GenericOp op) {
    op.getBody()->walk([&](mlir::Operation* inner) {
      for (mlir::Type type : inner->getResultTypes())
        if (type.isIntOrFloat() && type.getIntOrFloatBitWidth() <= 32) widen(type);
    });
  };
  widen_body(kernel.root.op);
  for (const LinalgOperation& operation : kernel.epilogue) widen_body(operation.op);
  return bytes;
}

int64_t operand_bytes(const KernelDescription& kernel) {
  int64_t bytes = 1;
  for (const Access& input : kernel.root.inputs) {
    const mlir::Type element = input.group > 1 ? input.packed_element() : mlir::getElementTypeOrSelf(input.tensor.getType());
    if (element.isIntOrFloat()) bytes = std::max<int64_t>(bytes, element.getIntOrFloatBitWidth() / 8);
  }
  return bytes;
}

}  // namespace fovea
