// SPDX-License-Identifier: Apache-2.0
// Reads a graph back without MLIR.
#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/dialect/check.h"
#include "fovea/graph/graph.h"
#include "fovea/graph/graph_implementation.h"
#include "mlir/Dialect/Quant/QuantTypes.h"

namespace fovea {
namespace {

Attribute type_attribute(mlir::Type type) {
  const TensorType scalar = from_mlir(mlir::RankedTensorType::get({}, type));
  if (scalar.quantization) return QuantizedType{scalar.dtype, *scalar.quantization};
  return std::string(name(scalar.dtype));
}

Attribute attribute_from_mlir(mlir::NamedAttribute named) {
  const mlir::Attribute value = named.getValue();
  if (const auto flag = mlir::dyn_cast<mlir::BoolAttr>(value)) return flag.getValue();
  if (const auto integer = mlir::dyn_cast<mlir::IntegerAttr>(value)) return integer.getInt();
  if (const auto number = mlir::dyn_cast<mlir::FloatAttr>(value)) return number.getValueAsDouble();
  if (const auto text = mlir::dyn_cast<mlir::StringAttr>(value)) return text.str();
  if (const auto list = mlir::dyn_cast<mlir::DenseI64ArrayAttr>(value)) return list.asArrayRef().vec();
  if (const auto type = mlir::dyn_cast<mlir::TypeAttr>(value)) return type_attribute(type.getValue());
  if (const auto elements = mlir::dyn_cast<mlir::DenseElementsAttr>(value)) return from_mlir(elements);
  fail("attribute {} of a network has a value that is no flag, number, text, list, type or tensor", named.getName().str());
}

}  // namespace

const Attribute* Graph::Node::find(std::string_view name) const {
  const auto found = std::find_if(attributes.begin(), attributes.end(), [&](const auto& entry) { return entry.first == name; });
  return found == attributes.end() ? nullptr : &found->second;
}

std::vector<Graph::Node> Graph::nodes() const {
  const Implementation& graph = *implementation_;
  llvm::DenseMap<mlir::Value, int32_t> places;
  for (size_t index = 0; index < graph.values.size(); ++index)
    places.try_emplace(graph.values[index], static_cast<int32_t>(index));
  std::vector<Node> nodes;
  mlir::func::FuncOp function = graph.function;
  for (mlir::Operation& op : function.getBody().front()) {
    if (op.hasTrait<mlir::OpTrait::IsTerminator>()) continue;
    Node& node = nodes.emplace_back();
    node.op = op.getName().stripDialect().str();
    for (mlir::Value operand : op.getOperands()) node.operands.push_back({places.at(operand)});
    for (mlir::Value result : op.getResults()) node.results.push_back({places.at(result)});
    for (mlir::NamedAttribute attribute : op.getAttrDictionary())
      node.attributes.emplace_back(attribute.getName().str(), attribute_from_mlir(attribute));
    if (const auto layer = mlir::dyn_cast<mlir::NameLoc>(op.getLoc())) node.layer = layer.getName().str();
  }
  return nodes;
}

}  // namespace fovea
