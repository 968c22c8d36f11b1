// SPDX-License-Identifier: Apache-2.0
// The dialect, and the classes its operators are made from.
#ifndef FOVEA_DIALECT_DIALECT
#define FOVEA_DIALECT_DIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "fovea/dialect/ops/Interfaces.td"

def Fovea_Dialect : Dialect {
  let name = "fovea";
  let cppNamespace = "::fovea::dialect";
  let summary = "Networks: tensor operators with static shapes, channels last";
  let description = [{
    One function is one network, or one training step. Activations are `[batch, spatial..., channels]`, filters `[spatial..., in, out]`.
    Operators on windows serve 1, 2 and 3 spatial dimensions. Every operator infers its result types, checks what it is given with
    errors that name the layer (the location's name), and provides its gradient and its lowering to linalg.
  }];
  // Attributes are kept in one dictionary, because the recorder creates operators by name with attributes that it knows only by name.
  let usePropertiesForAttributes = 0;
  let hasConstantMaterializer = 1;
  // The attributes fovea.name and fovea.role of arguments and results are verified.
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

def Fovea_Float : StaticShapeTensorOf<[F32, F64, BF16, F16]>;
def Fovea_Number : StaticShapeTensorOf<[F32, F64, BF16, F16, I8, I16, I32, I64]>;
def Fovea_Integer : StaticShapeTensorOf<[I32, I64]>;

// Integers that stand for real numbers (!quant.uniform).
def Fovea_QuantizedElement : Type<CPred<"::mlir::isa<::mlir::quant::QuantizedType>($_self)">, "quantized integer">;
def Fovea_Quantized : StaticShapeTensorOf<[Fovea_QuantizedElement]>;
def Fovea_FloatOrQuantized : StaticShapeTensorOf<[F32, F64, BF16, F16, Fovea_QuantizedElement]>;
// The element types of operators that only move values.
def Fovea_Data : StaticShapeTensorOf<[F32, F64, BF16, F16, I8, I16, I32, I64, Fovea_QuantizedElement]>;

// Infers the result types. Attributes are checked first, so that a shape rule never finds one missing.
def Fovea_ShapeRule : TraitList<[
  DeclareOpInterfaceMethods<InferTypeOpInterface>,
  NativeOpTrait<"InferTypeOpAdaptor", [], [{
      static ::llvm::LogicalResult inferReturnTypes(::mlir::MLIRContext *context, std::optional<::mlir::Location> location,
                                                    Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types);
    }], [{
      ::llvm::LogicalResult $cppClass::inferReturnTypes(
          ::mlir::MLIRContext *context, std::optional<::mlir::Location> location, ::mlir::ValueRange operands,
          ::mlir::DictionaryAttr attributes, ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
          ::llvm::SmallVectorImpl<::mlir::Type> &types) {
        Adaptor adaptor(operands, attributes ? attributes : ::mlir::DictionaryAttr::get(context), properties, regions);
        if (failed(adaptor.verify(location.value_or(::mlir::UnknownLoc::get(context))))) return ::mlir::failure();
        return inferReturnTypes(context, location, adaptor, types);
      }
    }]>
]>;

class Fovea_Op<string mnemonic, list<Trait> traits = []> : Op<Fovea_Dialect, mnemonic, traits # [Pure]> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

// An operator with a shape rule, a gradient and a lowering to linalg, which are in the C++ file of its family.
class Fovea_Operator<string mnemonic, list<Trait> traits = []>
    : Fovea_Op<mnemonic, traits # [Fovea_ShapeRule, DeclareOpInterfaceMethods<DifferentiableOpInterface>,
                                   DeclareOpInterfaceMethods<LinalgLoweringOpInterface>]>;

// The gradient of another operator, where it is not composed of simple ones. It cannot be differentiated itself.
class Fovea_GradientOperator<string mnemonic, list<Trait> traits = []>
    : Fovea_Op<mnemonic, traits # [Fovea_ShapeRule, DeclareOpInterfaceMethods<LinalgLoweringOpInterface>]>;

// An operator of trained networks: integer arithmetic, and what has no use in training.
class Fovea_InferenceOperator<string mnemonic, list<Trait> traits = []>
    : Fovea_Op<mnemonic, traits # [Fovea_ShapeRule, DeclareOpInterfaceMethods<LinalgLoweringOpInterface>]>;

// Computes one scalar of the result from one scalar of each operand. Shapes are broadcast as in numpy, aligned at the last dimension.
class Fovea_ElementwiseOperator<string mnemonic, list<Trait> traits = []> : Fovea_Operator<mnemonic, traits> {
  code scalarDeclaration = [{
    ::mlir::Value scalar(::mlir::ImplicitLocOpBuilder &builder, ::mlir::ValueRange operands);
  }];
  let extraClassDeclaration = scalarDeclaration;
  let extraClassDefinition = [{
    void $cppClass::lower_to_linalg(::mlir::OpBuilder &builder, ::llvm::SmallVectorImpl<::mlir::Value> &results) {
      results[0] = ::fovea::dialect::elementwise(builder, getLoc(), getOperation()->getOperands(), ::mlir::cast<::mlir::RankedTensorType>(getType()),
          [&](::mlir::ImplicitLocOpBuilder &body, ::mlir::ValueRange operands) { return scalar(body, operands); });
    }
  }];
}

// An element-wise operator whose result has the shape and type that broadcasting its operands gives.
class Fovea_ArithmeticOperator<string mnemonic, list<Trait> traits = []> : Fovea_ElementwiseOperator<mnemonic, traits> {
  let extraClassDefinition = [{
    void $cppClass::lower_to_linalg(::mlir::OpBuilder &builder, ::llvm::SmallVectorImpl<::mlir::Value> &results) {
      results[0] = ::fovea::dialect::elementwise(builder, getLoc(), getOperation()->getOperands(), ::mlir::cast<::mlir::RankedTensorType>(getType()),
          [&](::mlir::ImplicitLocOpBuilder &body, ::mlir::ValueRange operands) { return scalar(body, operands); });
    }
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, std::optional<::mlir::Location> location,
        Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &types) {
      return ::fovea::dialect::infer_broadcast(location, getOperationName(), adaptor.getOperands(), types);
    }
  }];
}

class Fovea_UnaryOperator<string mnemonic, string summary_text, list<Trait> traits = []>
    : Fovea_ArithmeticOperator<mnemonic, traits> {
  let summary = summary_text;
  let arguments = (ins Fovea_Float:$input);
  let results = (outs Fovea_Float:$output);
}

class Fovea_BinaryOperator<string mnemonic, string summary_text, list<Trait> traits = []>
    : Fovea_ArithmeticOperator<mnemonic, traits> {
  let summary = summary_text;
  let arguments = (ins Fovea_Number:$lhs, Fovea_Number:$rhs);
  let results = (outs Fovea_Number:$output);
}

def Fovea_Padding : AnyAttrOf<[StrAttr, DenseI64ArrayAttr], "\"valid\", \"same\" or [before, after] of each spatial dimension">;

// How a window moves over the spatial dimensions. An empty list means ones, and a list of one number holds for all dimensions.
defvar Fovea_Strides = DefaultValuedOptionalAttr<DenseI64ArrayAttr, "{}">;
defvar Fovea_Dilations = DefaultValuedOptionalAttr<DenseI64ArrayAttr, "{}">;
defvar Fovea_Groups = DefaultValuedOptionalAttr<I64Attr, "1">;
defvar Fovea_OptionalPadding = OptionalAttr<Fovea_Padding>;

#endif
