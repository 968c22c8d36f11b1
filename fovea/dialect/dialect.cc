// SPDX-License-Identifier: Apache-2.0
#include "fovea/dialect/dialect.h"

#include "fovea/dialect/Dialect.cc.inc"
#include "fovea/dialect/Interfaces.cc.inc"
#include "fovea/dialect/check.h"
#include "fovea/dialect/quantized/quantized.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Quant/QuantOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

namespace fovea {

void register_dialects(DialectRegistry& registry) {
  registry.insert<dialect::FoveaDialect, func::FuncDialect, linalg::LinalgDialect, tensor::TensorDialect, arith::ArithDialect,
                  math::MathDialect, quant::QuantizationDialect>();
}

namespace dialect {
namespace {

// Accepts fovea.name on arguments and results, fovea.role on arguments, and what passes put there.
LogicalResult check_port_attribute(Operation* op, NamedAttribute attribute, bool is_argument) {
  const StringRef name = attribute.getName().getValue();
  const auto text = dyn_cast<StringAttr>(attribute.getValue());
  if (name == "fovea.name" && text) return success();
  // on kernels: the argument that the result overwrites
  if (name == "fovea.in_place" && !is_argument && isa<IntegerAttr>(attribute.getValue())) return success();
  if (name == "fovea.storage" && text && text.getValue() == "u8") return success();  // for integers that are signless in code
  if (name == "fovea.role" && is_argument && text &&
      (text.getValue() == "input" || text.getValue() == "parameter" || text.getValue() == "state"))
    return success();
  const bool mark = name == "fovea.unsigned_bytes" || name == "fovea.non_temporal" ||  // on tile programs
                    name == "fovea.four_bits";                                         // for fovea-quantize
  if (mark && is_argument && isa<UnitAttr>(attribute.getValue())) return success();
  if (name == "fovea.role" && is_argument && text && text.getValue() == "hoisted")
    return success();  // set by fovea-hoist-constants
  if (name == "fovea.role") return op->emitError("fovea.role must be \"input\", \"parameter\" or \"state\", on an argument");
  return op->emitError() << "unknown attribute " << name << " = " << attribute.getValue()
                         << "; there are fovea.name (a string) and fovea.role";
}

}  // namespace

Operation* FoveaDialect::materializeConstant(OpBuilder& builder, Attribute value, Type type, Location location) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type) return nullptr;
  return builder.create<ConstantOp>(location, type, elements);
}

LogicalResult FoveaDialect::verifyOperationAttribute(Operation* op, NamedAttribute attribute) {
  if (isa<FunctionOpInterface, ModuleOp>(op)) return success();
  if (attribute.getName() == "fovea.repeated" && isa<CallOpInterface>(op)) return success();  // set by fovea-rematerialize
  if (attribute.getName() == "fovea.dot_product" && isa<UnitAttr>(attribute.getValue())) return success();  // on tile programs
  if (attribute.getName() == "fovea.layer" && isa<IntegerAttr>(attribute.getValue()))
    return success();                                                                     // set by fovea-group-layers
  if (attribute.getName() == "fovea.layer_end" && isa<QuantizeOp>(op)) return success();  // for fovea-quantize
  return op->emitError() << "attribute " << attribute.getName() << " belongs on a function";
}
LogicalResult FoveaDialect::verifyRegionArgAttribute(Operation* op, unsigned, unsigned, NamedAttribute attribute) {
  return check_port_attribute(op, attribute, /*is_argument=*/true);
}
LogicalResult FoveaDialect::verifyRegionResultAttribute(Operation* op, unsigned, unsigned, NamedAttribute attribute) {
  return check_port_attribute(op, attribute, /*is_argument=*/false);
}

}  // namespace dialect
}  // namespace fovea
