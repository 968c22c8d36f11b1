#include "fovea/codegen/placement.h"

#include <algorithm>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/passes/plan_memory.h"
#include "fovea/passes/structure.h"
#include "llvm/ADT/DenseMap.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace fovea {
namespace {

using mlir::Value;
using mlir::func::CallOp;
using mlir::func::FuncOp;

int64_t bytes_of(Value value) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  return type.getNumElements() * static_cast<int64_t>(byte_size(dtype_of(type.getElementType())));
}

// Bytes from the start of the root's memory to what `value` shows of it.
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

// May `result` of the kernel be written over its argument `argument`? Only where every element is read just before its place is
// written: by element-wise work at the loop indices themselves.
bool may_overwrite(FuncOp kernel, unsigned argument, unsigned result) {
  Value input = kernel.getArgument(argument);
  auto writer = kernel.getBody().front().getTerminator()->getOperand(result).getDefiningOp<mlir::linalg::GenericOp>();
  if (!writer || !is_elementwise(writer) || input.getType() != kernel.getFunctionType().getResult(result)) return false;
  return llvm::all_of(input.getUses(), [&](mlir::OpOperand& use) {
    return use.getOwner() == writer && writer.getMatchingIndexingMap(&use).isIdentity();
  });
}

// One piece of memory: all values that share it.
struct Storage {
  KernelOperand::Place place = KernelOperand::Place::arena;
  int64_t index = -1;
  int64_t bytes = 0;
  int64_t first = 0;
  int64_t last = 0;
};

class Planner {
 public:
  Planner(FuncOp main, llvm::ArrayRef<CallOp> calls)
      : main_(main), calls_(calls), module_(main->getParentOfType<mlir::ModuleOp>()) {}

  Placement run() {
    place_arguments();
    for (int64_t call = 0; call < static_cast<int64_t>(calls_.size()); ++call) place_results(call);
    place_returned();
    for (int64_t call = 0; call < static_cast<int64_t>(calls_.size()); ++call) reuse_dying_operands(call);
    return finish();
  }

 private:
  FuncOp kernel_of(CallOp call) { return module_.lookupSymbol<FuncOp>(call.getCallee()); }

  int find(int storage) const {
    while (parent_[storage] != storage) storage = parent_[storage];
    return storage;
  }

  int storage_of(Value value) const { return find(index_.lookup(view_root(value))); }

  int add(Value value, Storage storage) {
    const int id = static_cast<int>(storages_.size());
    storage.bytes = bytes_of(value);
    storages_.push_back(storage);
    parent_.push_back(id);
    index_[value] = id;
    return id;
  }

  void unite(int first, int second) {
    parent_[second] = first;
    storages_[first].first = std::min(storages_[first].first, storages_[second].first);
    storages_[first].last = std::max(storages_[first].last, storages_[second].last);
  }

  void place_arguments() {
    for (mlir::BlockArgument argument : main_.getArguments()) {
      add(argument, {.place = KernelOperand::Place::argument, .index = argument.getArgNumber()});
    }
  }

  // What a call reads exists already, except constants and memory that nobody filled yet.
  void touch(Value operand, int64_t call) {
    Value root = view_root(operand);
    if (!index_.count(root)) {
      mlir::Operation* producer = root.getDefiningOp();
      if (auto constant = mlir::dyn_cast<mlir::arith::ConstantOp>(producer)) {
        add(root, {.place = KernelOperand::Place::constant, .index = static_cast<int64_t>(placement_.constants.size())});
        placement_.constants.push_back(tensor_of(constant.getValue()));
      } else if (mlir::isa<mlir::tensor::EmptyOp>(producer)) {
        add(root, {.first = call, .last = call});
      } else {
        fail("{}: not a kernel's result, a view or a constant; run fovea-fuse first", producer->getName().getStringRef().str());
      }
    }
    Storage& storage = storages_[storage_of(operand)];
    storage.last = std::max(storage.last, call);
  }

  void place_results(int64_t call) {
    CallOp op = calls_[call];
    FuncOp kernel = kernel_of(op);
    for (Value operand : op.getOperands()) touch(operand, call);
    for (auto [i, result] : llvm::enumerate(op.getResults())) {
      auto in_place = kernel.getResultAttrOfType<mlir::IntegerAttr>(i, "fovea.in_place");
      if (in_place) {
        index_[result] = storage_of(op.getOperand(in_place.getInt()));
      } else {
        add(result, {.first = call, .last = call});
      }
    }
  }

  void place_returned() {
    mlir::Operation* end = main_.getBody().front().getTerminator();
    for (mlir::OpOperand& operand : end->getOpOperands()) {
      Value root = view_root(operand.get());
      const int64_t replaced = replaced_argument(main_, operand.getOperandNumber());
      if (mlir::isa<mlir::BlockArgument>(root)) continue;  // an argument that stays as it is
      Storage& storage = storages_[storage_of(root)];
      const bool result = replaced < 0;
      storage.place = result ? KernelOperand::Place::result : KernelOperand::Place::argument;
      storage.index = result ? static_cast<int64_t>(operand.getOperandNumber()) : replaced;
    }
  }

  void reuse_dying_operands(int64_t call) {
    CallOp op = calls_[call];
    FuncOp kernel = kernel_of(op);
    llvm::SmallDenseSet<int> taken;
    for (auto [i, result] : llvm::enumerate(op.getResults())) {
      const int target = storage_of(result);
      if (kernel.getResultAttrOfType<mlir::IntegerAttr>(i, "fovea.in_place") || !is_free(target)) continue;
      for (auto [j, operand] : llvm::enumerate(op.getOperands())) {
        const int source = storage_of(operand);
        if (source == target || taken.contains(source) || !is_free(source) || storages_[source].last != call) continue;
        if (storages_[source].bytes != storages_[target].bytes || !may_overwrite(kernel, j, i)) continue;
        if (llvm::count_if(op.getOperands(), [&](Value other) { return storage_of(other) == source; }) != 1) continue;
        unite(source, target);
        taken.insert(source);
        break;
      }
    }
  }

  bool is_free(int storage) const { return storages_[storage].place == KernelOperand::Place::arena; }

  Placement finish() {
    std::vector<MemoryBlock> blocks;
    llvm::DenseMap<int, size_t> block_of;
    for (int i = 0; i < static_cast<int>(storages_.size()); ++i) {
      if (find(i) != i || !is_free(i)) continue;
      block_of[i] = blocks.size();
      blocks.push_back({storages_[i].bytes, storages_[i].first, storages_[i].last});
    }
    const MemoryPlan plan = plan_memory(blocks);
    placement_.arena_bytes = plan.bytes;
    auto operand_of = [&](Value value) {
      const int id = storage_of(value);
      const Storage& storage = storages_[id];
      KernelOperand operand{.place = storage.place, .index = std::max<int64_t>(storage.index, 0), .offset = view_offset(value)};
      if (is_free(id)) operand.offset += plan.offsets[block_of.lookup(id)];
      return operand;
    };
    for (CallOp call : calls_) {
      std::vector<KernelOperand>& operands = placement_.operands.emplace_back();
      FuncOp kernel = kernel_of(call);
      for (Value value : call.getOperands()) operands.push_back(operand_of(value));
      for (auto [i, value] : llvm::enumerate(call.getResults())) {
        if (!kernel.getResultAttr(i, "fovea.in_place")) operands.push_back(operand_of(value));
      }
    }
    return std::move(placement_);
  }

  FuncOp main_;
  llvm::ArrayRef<CallOp> calls_;
  mlir::ModuleOp module_;
  std::vector<Storage> storages_;
  std::vector<int> parent_;
  llvm::DenseMap<Value, int> index_;
  Placement placement_;
};

template <typename T>
void copy_values(mlir::DenseElementsAttr values, Tensor& tensor) {
  auto* out = reinterpret_cast<T*>(tensor.raw());
  for (T value : values.getValues<T>()) *out++ = value;
}

}  // namespace

Placement place_tensors(FuncOp main, llvm::ArrayRef<CallOp> calls) { return Planner(main, calls).run(); }

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
  fail("compile: a tensor of {} has no element type of ours", text);
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
