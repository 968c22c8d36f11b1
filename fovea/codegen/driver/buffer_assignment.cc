// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/buffer_assignment.h"

#include <algorithm>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/memory/plan_memory.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace fovea {
namespace {

using mlir::Value;

// The byte offset of `value`, a view, in the memory of the tensor that it views.
int64_t view_offset(Value value) {
  int64_t offset = 0;
  while (mlir::Operation* op = value.getDefiningOp()) {
    if (!is_view(op)) break;
    if (auto slice = mlir::dyn_cast<mlir::tensor::ExtractSliceOp>(op)) {
      auto type = slice.getSourceType();
      int64_t elements = 0;
      int64_t stride = 1;
      for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
        elements += slice.getStaticOffsets()[dim] * stride;
        stride *= type.getDimSize(dim);
      }
      offset += elements * static_cast<int64_t>(byte_size(dtype_of(type.getElementType())));
    }
    value = op->getOperand(0);
  }
  return offset;
}

using Home = CallTensor::Home;

KernelOperand::Place place_of(Home home) {
  switch (home) {
    case Home::argument:
      return KernelOperand::Place::argument;
    case Home::result:
      return KernelOperand::Place::result;
    case Home::constant:
      return KernelOperand::Place::constant;
    case Home::arena:
      break;
  }
  return KernelOperand::Place::arena;
}

template <typename T>
void copy_values(mlir::DenseElementsAttr values, Tensor& tensor) {
  auto* out = reinterpret_cast<T*>(tensor.raw());
  for (T value : values.getValues<T>()) *out++ = value;
}

}  // namespace

BufferAssignment assign_buffers(const FusedFunction& function, llvm::ArrayRef<int64_t> scratch_bytes) {
  Lifetimes lifetimes = lifetimes_of(function.list);
  const size_t tensors = lifetimes.blocks.size();
  for (auto [call, bytes] : llvm::enumerate(scratch_bytes))
    lifetimes.blocks.push_back({.bytes = bytes, .first = static_cast<int64_t>(call), .last = static_cast<int64_t>(call)});
  const MemoryPlan plan = plan_memory(lifetimes.blocks);
  BufferAssignment assignment{.scratch_offsets = {plan.offsets.begin() + static_cast<ptrdiff_t>(tensors), plan.offsets.end()},
                              .arena_bytes = plan.bytes};
  auto operand_of = [&](Value value) {
    const int tensor = function.tensor_of(value);
    const CallTensor& storage = lifetimes.storage[tensor];
    KernelOperand operand{.place = place_of(storage.home), .index = storage.index, .offset = view_offset(value)};
    if (storage.home == Home::arena) operand.offset += plan.offsets[lifetimes.block[tensor]];
    return operand;
  };
  for (size_t call = 0; call < function.calls.size(); ++call) {
    std::vector<KernelOperand>& operands = assignment.operands.emplace_back();
    mlir::func::CallOp op = function.calls[call];
    for (Value value : op.getOperands()) operands.push_back(operand_of(value));
    for (auto [i, value] : llvm::enumerate(op.getResults())) {
      if (function.list.traits[call].in_place[i] < 0) operands.push_back(operand_of(value));
    }
  }
  for (mlir::arith::ConstantOp constant : function.constants) assignment.constants.push_back(tensor_of(constant.getValue()));
  return assignment;
}

DType dtype_of(mlir::Type element_type) {
  if (element_type.isF32()) return DType::f32;
  if (element_type.isF64()) return DType::f64;
  if (element_type.isBF16()) return DType::bf16;
  if (element_type.isF16()) return DType::f16;
  if (element_type.isInteger(1)) return DType::boolean;
  if (element_type.isUnsignedInteger(8)) return DType::u8;
  if (element_type.isInteger(8)) return DType::i8;
  if (element_type.isInteger(16)) return DType::i16;
  if (element_type.isInteger(32)) return DType::i32;
  if (element_type.isInteger(64)) return DType::i64;
  std::string text;
  llvm::raw_string_ostream(text) << element_type;
  fail("compile: tensors of {} are not supported", text);
}

Tensor tensor_of(mlir::TypedAttr constant) {
  auto type = mlir::cast<mlir::RankedTensorType>(constant.getType());
  Tensor tensor(Shape(type.getShape().begin(), type.getShape().end()), dtype_of(type.getElementType()));
  if (auto resource = mlir::dyn_cast<mlir::DenseResourceElementsAttr>(constant)) {
    mlir::AsmResourceBlob* blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != tensor.bytes()) fail("compile: a constant's data does not fit its type");
    std::memcpy(tensor.raw(), blob->getData().data(), tensor.bytes());
    return tensor;
  }
  auto values = mlir::dyn_cast<mlir::DenseElementsAttr>(constant);
  if (!values) fail("compile: a constant without values");
  switch (tensor.dtype()) {
    case DType::boolean:
      copy_values<bool>(values, tensor);
      break;
    default:
      if (values.isSplat()) {
        const size_t size = byte_size(tensor.dtype());
        for (int64_t i = 0; i < tensor.size(); ++i) std::memcpy(tensor.raw() + i * size, values.getRawData().data(), size);
      } else {
        std::memcpy(tensor.raw(), values.getRawData().data(), tensor.bytes());
      }
  }
  return tensor;
}

}  // namespace fovea
