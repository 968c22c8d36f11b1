// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/gpu/grid_code.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/MemRef/IR/MemRef.h>
#include <mlir/Dialect/SCF/IR/SCF.h>
#include <mlir/Dialect/SPIRV/IR/SPIRVAttributes.h>

#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

namespace {

// The least and the most value of a form over the domain.
std::pair<int64_t, int64_t> range_of(const LinearForm& form, ArrayRef<int64_t> extents) {
  int64_t least = form.constant, most = form.constant;
  for (size_t dim = 0; dim < extents.size(); ++dim) {
    const int64_t reach = form.coefficients[dim] * (extents[dim] - 1);
    (reach < 0 ? least : most) += reach;
  }
  return {least, most};
}

}  // namespace

GridCode::GridCode(const KernelDescription& kernel, const Grid& grid, GpuCode code, gpu::GPUFuncOp function)
    : builder(OpBuilder::atBlockEnd(&function.getBody().front())),
      location(func::FuncOp(kernel.function).getLoc()),
      kernel_(kernel),
      grid_(grid),
      code_(code),
      function_(function) {
  const unsigned operands = function.getNumArguments() - 1;
  for (unsigned i = 0; code == GpuCode::spirv && i < operands; ++i) {
    Value offset = builder.create<memref::LoadOp>(location, function.getArgument(operands), ValueRange{index(i)});
    offsets_.push_back(builder.create<arith::IndexCastOp>(location, builder.getIndexType(), offset));
  }
  invocation_ = builder.create<gpu::ThreadIdOp>(location, gpu::Dimension::x);
  workgroup_ = builder.create<gpu::BlockIdOp>(location, gpu::Dimension::x);
  if (grid.down > 1) {
    Value row = builder.create<gpu::BlockIdOp>(location, gpu::Dimension::y);
    workgroup_ = add(multiply(row, grid.across), workgroup_);
  }
}

Value GridCode::index(int64_t value) { return builder.create<arith::ConstantIndexOp>(location, value); }
Value GridCode::add(Value a, Value b) { return builder.createOrFold<arith::AddIOp>(location, a, b); }
Value GridCode::multiply(Value a, int64_t factor) {
  return factor == 1 ? a : builder.createOrFold<arith::MulIOp>(location, a, index(factor));
}
Value GridCode::divide(Value a, int64_t divisor) {
  return divisor == 1 ? a : builder.createOrFold<arith::DivUIOp>(location, a, index(divisor));
}
Value GridCode::remainder(Value a, int64_t divisor) {
  return divisor == 1 ? index(0) : builder.createOrFold<arith::RemUIOp>(location, a, index(divisor));
}
Value GridCode::below(Value a, int64_t limit) {
  return builder.createOrFold<arith::CmpIOp>(location, arith::CmpIPredicate::ult, a, index(limit));
}
Value GridCode::both(Value a, Value b) {
  if (!a || !b) return a ? a : b;
  return builder.createOrFold<arith::AndIOp>(location, a, b);
}
Value GridCode::select(Value condition, Value a, Value b) {
  return condition ? builder.createOrFold<arith::SelectOp>(location, condition, a, b) : a;
}
Value GridCode::zero(Type type) {
  return builder.create<arith::ConstantOp>(location, type, cast<TypedAttr>(builder.getZeroAttr(type)));
}
Value GridCode::invocation() { return invocation_; }
Value GridCode::workgroup() { return workgroup_; }
Value GridCode::workgroup_exists() {
  return grid_.across * grid_.down == grid_.workgroups ? Value() : below(workgroup_, grid_.workgroups);
}

void GridCode::locate(const LinalgOperation& operation, ArrayRef<unsigned> dims, Value number, Values& point) {
  SmallVector<unsigned> wide;
  for (const unsigned dim : dims) {
    if (operation.extents[dim] > 1)
      wide.push_back(dim);
    else
      point[dim] = index(0);
  }
  for (size_t i = wide.size(); i-- > 0;) {
    const int64_t extent = operation.extents[wide[i]];
    point[wide[i]] = i == 0 ? number : remainder(number, extent);
    if (i > 0) number = divide(number, extent);
  }
}

void GridCode::where(Value condition, llvm::function_ref<void()> body) {
  if (!condition) return body();
  auto branch = builder.create<scf::IfOp>(location, condition);
  const OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}

GridCode::Values GridCode::loop(Value from, Value to, int64_t step, ValueRange carried,
                                llvm::function_ref<Values(Value, ValueRange)> body) {
  auto loop = builder.create<scf::ForOp>(location, from, to, index(step), carried);
  const OpBuilder::InsertionGuard guard(builder);
  if (carried.empty()) {
    builder.setInsertionPoint(loop.getBody()->getTerminator());
    body(loop.getInductionVar(), {});
    return {};
  }
  builder.setInsertionPointToStart(loop.getBody());
  const Values next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  builder.create<scf::YieldOp>(location, next);
  return Values(loop.getResults());
}

// SPIR-V's workgroup memory is a global variable, which MLIR makes of an allocation; elsewhere it belongs to the function.
Value GridCode::workgroup_memory(int64_t count, Type element) {
  MLIRContext* context = builder.getContext();
  const Attribute space = code_ == GpuCode::spirv
                              ? Attribute(spirv::StorageClassAttr::get(context, spirv::StorageClass::Workgroup))
                              : Attribute(gpu::AddressSpaceAttr::get(context, gpu::GPUDialect::getWorkgroupAddressSpace()));
  const auto type = MemRefType::get({count}, element, MemRefLayoutAttrInterface(), space);
  if (code_ == GpuCode::spirv) return builder.create<memref::AllocOp>(location, type);
  return function_.addWorkgroupAttribution(type, location);
}

Value GridCode::in_binding(Value place, unsigned operand) { return offsets_.empty() ? place : add(place, offsets_[operand]); }

// A place outside of the tensor is read as its first element, which is then not used.
Value GridCode::load(Value tensor, Value place, Value condition) {
  const unsigned number = cast<BlockArgument>(tensor).getArgNumber();
  if (condition) place = select(condition, place, index(0));
  Value element =
      builder.create<memref::LoadOp>(location, function_.getArgument(number), ValueRange{in_binding(place, number)});
  if (!cast<RankedTensorType>(tensor.getType()).getElementType().isInteger(1)) return element;
  return builder.create<arith::CmpIOp>(location, arith::CmpIPredicate::ne, element, zero(element.getType()));
}

Value GridCode::clone_constant(Value constant) {
  Operation* op = constant.getDefiningOp();
  if (!isa_and_nonnull<arith::ConstantOp>(op)) fail("a body reads a value that is neither an operand nor a constant");
  return builder.clone(*op)->getResult(0);
}

Value GridCode::read(const LinalgOperation& operation, size_t input, const Values& point, Value condition) {
  const Access& access = operation.inputs[input];
  if (access.scalar) return clone_constant(access.scalar);
  if (access.group > 1 || access.prepacked) fail("an operand is laid out for a processor");
  const auto type = cast<RankedTensorType>(access.tensor.getType());
  Value place = index(0), inside;
  int64_t stride = 1;
  const SmallVector<LinearForm> forms = linear_forms(access, static_cast<unsigned>(operation.extents.size()));
  for (auto coordinate = static_cast<int64_t>(forms.size()) - 1; coordinate >= 0; --coordinate) {
    LinearForm form = forms[static_cast<size_t>(coordinate)];
    form.constant -= access.low(static_cast<unsigned>(coordinate));
    const int64_t extent = type.getDimSize(coordinate);
    Value at = index(form.constant);
    for (size_t dim = 0; dim < form.coefficients.size(); ++dim)
      if (form.coefficients[dim] != 0) at = add(at, multiply(point[dim], form.coefficients[dim]));
    const auto [least, most] = range_of(form, operation.extents);
    // A coordinate below 0 is a large number without a sign.
    if (least < 0 || most >= extent) inside = both(inside, below(at, extent));
    place = add(place, multiply(at, stride));
    stride *= extent;
  }
  Value element = load(access.tensor, place, both(inside, condition));
  if (inside) {
    Value padding = access.padded() ? Value(builder.create<arith::ConstantOp>(location, cast<TypedAttr>(access.pad_value)))
                                    : zero(type.getElementType());
    element = select(inside, element, padding);
  }
  return condition ? select(condition, element, zero(type.getElementType())) : element;
}

GridCode::Values GridCode::initial() {
  Values values;
  linalg::GenericOp op = kernel_.root.op;
  for (auto [initial, result] : llvm::zip_equal(kernel_.root.initial, op.getResults()))
    values.push_back(initial ? clone_constant(initial) : zero(getElementTypeOrSelf(result.getType())));
  return values;
}

GridCode::Values GridCode::apply(const LinalgOperation& operation, ValueRange inputs, ValueRange accumulators,
                                 const Values& point) {
  linalg::GenericOp op = operation.op;
  Block& body = *op.getBody();
  IRMapping mapping;
  const auto given = llvm::to_vector(llvm::concat<const Value>(Values(inputs), Values(accumulators)));
  for (auto [argument, value] : llvm::zip_equal(body.getArguments(), given)) mapping.map(argument, value);
  const auto resolve = [&](Value value) {
    if (!mapping.contains(value)) mapping.map(value, clone_constant(value));
  };
  for (Operation& inner : body.without_terminator()) {
    if (auto number = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(number.getResult(), point[number.getDim()]);
      continue;
    }
    for (Value operand : inner.getOperands()) resolve(operand);
    builder.clone(inner, mapping);
  }
  Values results;
  for (Value result : body.getTerminator()->getOperands()) {
    resolve(result);
    results.push_back(mapping.lookup(result));
  }
  return results;
}

GridCode::Values GridCode::accumulate(const Values& point, ValueRange accumulators) {
  Values inputs;
  for (size_t i = 0; i < kernel_.root.inputs.size(); ++i) inputs.push_back(read(kernel_.root, i, point));
  return apply(kernel_.root, inputs, accumulators, point);
}

Value GridCode::combine(unsigned result, Value a, Value b) {
  IRMapping mapping;
  Operation* op = combiner(kernel_.root, result);
  mapping.map(op->getOperand(0), a);
  mapping.map(op->getOperand(1), b);
  return builder.clone(*op, mapping)->getResult(0);
}

Value GridCode::neutral(unsigned result) {
  return builder.create<arith::ConstantOp>(location, *arith::getNeutralElement(combiner(kernel_.root, result)));
}

unsigned GridCode::operand_of(const KernelResult& output) const {
  if (output.in_place >= 0) return static_cast<unsigned>(output.in_place);
  unsigned operand = func::FuncOp(kernel_.function).getNumArguments();
  for (const KernelResult& earlier : kernel_.outputs)
    if (earlier.result < output.result && earlier.in_place < 0) ++operand;
  return operand;
}

void GridCode::store(const KernelResult& output, Value value, ArrayRef<Value> coordinates) {
  const unsigned operand = operand_of(output);
  SmallVector<Value> at;
  for (const int64_t offset : output.offsets) at.push_back(index(offset));
  for (auto [kept, coordinate] : llvm::zip_equal(output.kept, coordinates))
    at[kept] = add(at[kept], multiply(coordinate, output.strides[kept]));
  Value place = in_binding(index(0), operand);
  int64_t stride = 1;
  for (int64_t i = output.type.getRank() - 1; i >= 0; --i) {
    place = add(place, multiply(at[i], stride));
    stride *= output.type.getDimSize(i);
  }
  if (value.getType().isInteger(1)) value = builder.create<arith::ExtUIOp>(location, builder.getI8Type(), value);
  builder.create<memref::StoreOp>(location, value, function_.getArgument(operand), ValueRange{place});
}

void GridCode::finish(ValueRange results, const Values& point) {
  DenseMap<Value, Value> known;
  linalg::GenericOp root = kernel_.root.op;
  for (auto [result, value] : llvm::zip_equal(root.getResults(), results)) known[result] = value;
  SmallVector<Value> coordinates;
  for (const unsigned dim : kernel_.root.output_dims) coordinates.push_back(point[dim]);
  for (const LinalgOperation& operation : kernel_.epilogue) {
    Values place(operation.extents.size()), inputs, accumulators;
    for (auto [dim, coordinate] : llvm::zip_equal(operation.output_dims, coordinates)) place[dim] = coordinate;
    linalg::GenericOp op = operation.op;
    for (size_t i = 0; i < operation.inputs.size(); ++i) {
      const auto earlier = known.find(operation.inputs[i].tensor);
      inputs.push_back(earlier != known.end() ? earlier->second : read(operation, i, place));
    }
    for (auto [initial, result] : llvm::zip_equal(operation.initial, op.getResults()))
      accumulators.push_back(initial ? clone_constant(initial) : zero(getElementTypeOrSelf(result.getType())));
    for (auto [result, value] : llvm::zip_equal(op.getResults(), apply(operation, inputs, accumulators, place)))
      known[result] = value;
  }
  for (const KernelResult& output : kernel_.outputs) store(output, known.at(output.value), coordinates);
}

}  // namespace fovea
