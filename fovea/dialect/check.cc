// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/check.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace fovea::dialect {

std::string layer_name(Location location) {
  if (auto named = dyn_cast<NameLoc>(location)) return named.getName().str();
  if (auto call = dyn_cast<CallSiteLoc>(location)) return layer_name(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations()) {
      if (std::string name = layer_name(part); !name.empty()) return name;
    }
  }
  return "";
}

LogicalResult complain(std::optional<Location> location, StringRef operator_name, const Twine& message) {
  if (!location) return failure();
  operator_name.consume_front("fovea.");
  const std::string layer = layer_name(*location);
  if (layer.empty()) return emitError(*location) << operator_name << ": " << message;
  return emitError(*location) << operator_name << " \"" << layer << "\": " << message;
}

std::string shape_text(ArrayRef<int64_t> shape) {
  std::string text = "[";
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(shape, stream);
  return text + "]";
}

std::string size_text(ArrayRef<int64_t> size) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(size, stream, "x");
  return text;
}

std::string type_text(Type type) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  type.print(stream);
  return text;
}

std::optional<SmallVector<int64_t>> broadcast_shapes(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> result(std::max(a.size(), b.size()));
  for (size_t from_end = 1; from_end <= result.size(); ++from_end) {
    const int64_t left = from_end <= a.size() ? a[a.size() - from_end] : 1;
    const int64_t right = from_end <= b.size() ? b[b.size() - from_end] : 1;
    if (left != right && left != 1 && right != 1) return std::nullopt;
    result[result.size() - from_end] = left == 1 ? right : left;
  }
  return result;
}

LogicalResult check_same_element_type(std::optional<Location> location, StringRef operator_name, ValueRange operands) {
  for (Value operand : operands.drop_front()) {
    if (element_type(operand) != element_type(operands[0])) {
      return complain(location, operator_name,
                      "operands have different element types, " + type_text(element_type(operands[0])) + " and " +
                          type_text(element_type(operand)) + "; cast one");
    }
  }
  return success();
}

LogicalResult infer_broadcast(std::optional<Location> location, StringRef operator_name, ValueRange operands,
                              SmallVectorImpl<Type>& types) {
  if (failed(check_same_element_type(location, operator_name, operands))) return failure();
  SmallVector<int64_t> shape(shape_of(operands[0]));
  for (Value operand : operands.drop_front()) {
    const auto wider = broadcast_shapes(shape, shape_of(operand));
    if (!wider) {
      return complain(location, operator_name,
                      "shapes " + shape_text(shape) + " and " + shape_text(shape_of(operand)) +
                          " do not broadcast: aligned at the last dimension, sizes must be equal or 1");
    }
    shape = *wider;
  }
  types.push_back(RankedTensorType::get(shape, element_type(operands[0])));
  return success();
}

LogicalResult infer_reduction(std::optional<Location> location, StringRef operator_name, Value input, ArrayRef<int64_t> dims,
                              bool keep_dims, SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> shape = shape_of(input);
  SmallVector<int64_t> result;
  for (int64_t dim : dims) {
    if (dim < 0 || dim >= static_cast<int64_t>(shape.size()) || llvm::count(dims, dim) > 1) {
      return complain(location, operator_name,
                      "dims " + shape_text(dims) + " do not name distinct dimensions of " + shape_text(shape));
    }
  }
  for (auto [dim, size] : llvm::enumerate(shape)) {
    if (!llvm::is_contained(dims, static_cast<int64_t>(dim)))
      result.push_back(size);
    else if (keep_dims)
      result.push_back(1);
  }
  types.push_back(RankedTensorType::get(result, element_type(input)));
  return success();
}

}  // namespace fovea::dialect
