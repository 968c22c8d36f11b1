// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/dialect/check.h"
#include "fovea/graph/graph_implementation.h"
#include "llvm/ADT/StringExtras.h"
#include "mlir/Dialect/Quant/QuantOps.h"
#include "mlir/Dialect/Quant/QuantTypes.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

namespace fovea {
namespace {

std::shared_ptr<mlir::MLIRContext> new_context() {
  mlir::DialectRegistry registry;
  register_dialects(registry);
  auto context = std::make_shared<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  return context;
}

const char* role_name(Role role) {
  switch (role) {
    case Role::input:
      return "input";
    case Role::parameter:
      return "parameter";
    case Role::state:
      return "state";
  }
  return "input";
}

Role role_named(llvm::StringRef name) {
  if (name == "parameter") return Role::parameter;
  return name == "state" ? Role::state : Role::input;
}

mlir::Type element_to_mlir(DType dtype, mlir::MLIRContext* context) {
  mlir::Builder builder(context);
  switch (dtype) {
    case DType::f32:
      return builder.getF32Type();
    case DType::f64:
      return builder.getF64Type();
    case DType::bf16:
      return builder.getBF16Type();
    case DType::f16:
      return builder.getF16Type();
    case DType::i8:
      return builder.getIntegerType(8);
    case DType::i16:
      return builder.getIntegerType(16);
    case DType::i32:
      return builder.getIntegerType(32);
    case DType::i64:
      return builder.getIntegerType(64);
    case DType::u8:
    case DType::boolean:
      break;
  }
  refuse("a network cannot hold {} tensors; convert them to f32 or i32 first", name(dtype));
}

DType element_from_mlir(mlir::Type type) {
  if (type.isF32()) return DType::f32;
  if (type.isF64()) return DType::f64;
  if (type.isBF16()) return DType::bf16;
  if (type.isF16()) return DType::f16;
  if (type.isSignlessInteger(8)) return DType::i8;
  if (type.isSignlessInteger(16)) return DType::i16;
  if (type.isSignlessInteger(32)) return DType::i32;
  if (type.isSignlessInteger(64)) return DType::i64;
  fail("a network cannot hold elements of type {}", dialect::type_text(type));
}

// MLIR's quantized types distinguish u8 from i8, while integers that stand for themselves are signless.
mlir::Type quantized_to_mlir(DType storage, const Quantization& quantization, mlir::MLIRContext* context) {
  if (storage != DType::i8 && storage != DType::u8 && storage != DType::i16 && storage != DType::i32)
    refuse("{} cannot stand for real numbers; i8, u8, i16 and i32 can", name(storage));
  if (quantization.scales.empty() || quantization.scales.size() != quantization.zeros.size() ||
      (!quantization.per_channel() && quantization.scales.size() != 1))
    refuse("a quantized tensor needs one scale and one zero point, or one of each for every channel");
  const bool is_signed = storage != DType::u8;
  const unsigned bits = storage == DType::i32 ? 32 : storage == DType::i16 ? 16 : 8;
  const unsigned flags = is_signed ? mlir::quant::QuantizationFlags::Signed : 0;
  const int64_t least = mlir::quant::QuantizedType::getDefaultMinimumForInteger(is_signed, bits);
  const int64_t most = mlir::quant::QuantizedType::getDefaultMaximumForInteger(is_signed, bits);
  for (size_t i = 0; i < quantization.scales.size(); ++i) {
    const float scale = quantization.scales[i];
    if (!(scale > 0) || !std::isfinite(scale)) refuse("scale {} of a quantized tensor; scales are above 0", scale);
    if (quantization.zeros[i] < least || quantization.zeros[i] > most)
      refuse("zero point {} of a quantized tensor; {} has {} to {}", quantization.zeros[i], name(storage), least, most);
  }
  const mlir::Type integer = mlir::IntegerType::get(context, bits), real = mlir::Float32Type::get(context);
  if (!quantization.per_channel())
    return mlir::quant::UniformQuantizedType::get(flags, integer, real, quantization.scales[0], quantization.zeros[0], least,
                                                  most);
  const llvm::SmallVector<double> scales(quantization.scales.begin(), quantization.scales.end());
  return mlir::quant::UniformQuantizedPerAxisType::get(flags, integer, real, scales, quantization.zeros,
                                                       static_cast<int32_t>(quantization.axis), least, most);
}

Quantization quantization_from_mlir(mlir::quant::QuantizedType type) {
  if (auto uniform = mlir::dyn_cast<mlir::quant::UniformQuantizedType>(type))
    return {.scales = {static_cast<float>(uniform.getScale())}, .zeros = {uniform.getZeroPoint()}};
  auto channels = mlir::dyn_cast<mlir::quant::UniformQuantizedPerAxisType>(type);
  if (!channels) fail("a network cannot hold elements of type {}", dialect::type_text(type));
  return {.scales = {channels.getScales().begin(), channels.getScales().end()},
          .zeros = channels.getZeroPoints().vec(),
          .axis = channels.getQuantizedDimension()};
}

DType storage_from_mlir(mlir::quant::QuantizedType type) {
  const unsigned bits = type.getStorageTypeIntegralWidth();
  if (bits == 32 && type.isSigned()) return DType::i32;
  if (bits == 16 && type.isSigned()) return DType::i16;
  if (bits != 8) fail("a network cannot hold elements of type {}", dialect::type_text(type));
  return type.isSigned() ? DType::i8 : DType::u8;
}

mlir::Attribute attribute_to_mlir(const std::string& name, const Attribute& attribute, mlir::MLIRContext* context) {
  mlir::Builder builder(context);
  return std::visit(
      [&](const auto& value) -> mlir::Attribute {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>)
          return builder.getBoolAttr(value);
        else if constexpr (std::is_same_v<T, int64_t>)
          return builder.getI64IntegerAttr(value);
        else if constexpr (std::is_same_v<T, double>)
          return builder.getF64FloatAttr(value);
        else if constexpr (std::is_same_v<T, std::string>) {
          if (name == "dtype") return mlir::TypeAttr::get(element_to_mlir(dtype_named(value), context));
          return builder.getStringAttr(value);
        } else if constexpr (std::is_same_v<T, std::vector<int64_t>>)
          return builder.getDenseI64ArrayAttr(value);
        else if constexpr (std::is_same_v<T, QuantizedType>)
          return mlir::TypeAttr::get(quantized_to_mlir(value.storage, value.quantization, context));
        else
          return to_mlir(value, context);
      },
      attribute);
}

std::vector<std::string> operator_names(mlir::MLIRContext* context) {
  std::vector<std::string> names;
  for (mlir::RegisteredOperationName op : context->getRegisteredOperations()) {
    if (op.getDialectNamespace() == "fovea") names.push_back(op.stripDialect().str());
  }
  return names;
}

mlir::RegisteredOperationName find_operator(std::string_view name, mlir::MLIRContext* context) {
  const auto op = mlir::RegisteredOperationName::lookup("fovea." + std::string(name), context);
  if (!op) refuse_unknown("operator", name, operator_names(context));
  return *op;
}

void add_attributes(mlir::OperationState& state, mlir::RegisteredOperationName op, const Attributes& attributes) {
  std::vector<std::string> known;
  for (mlir::StringAttr name : op.getAttributeNames()) known.push_back(name.str());
  for (const auto& [name, value] : attributes) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      refuse_unknown("attribute of " + op.stripDialect().str(), name, known);
    state.addAttribute(name, attribute_to_mlir(name, value, op.getContext()));
  }
}

// The number of operands that the operator takes; nothing when it takes one or more. Shape rules rely on the number.
std::optional<size_t> operand_count(const mlir::RegisteredOperationName& op) {
  if (op.hasTrait<mlir::OpTrait::ZeroOperands>()) return 0;
  if (op.hasTrait<mlir::OpTrait::OneOperand>()) return 1;
  if (op.hasTrait<mlir::OpTrait::NOperands<2>::Impl>()) return 2;
  if (op.hasTrait<mlir::OpTrait::NOperands<3>::Impl>()) return 3;
  if (op.hasTrait<mlir::OpTrait::NOperands<4>::Impl>()) return 4;
  if (op.hasTrait<mlir::OpTrait::NOperands<5>::Impl>()) return 5;
  return std::nullopt;
}

void infer_results(mlir::OperationState& state, mlir::RegisteredOperationName op, const DiagnosticCollector& diagnostics) {
  if (op.getStringRef() == dialect::GradientsOp::getOperationName()) {
    for (mlir::Value wrt : llvm::drop_begin(state.operands)) state.addTypes(wrt.getType());
    return;
  }
  const auto* interface = op.getInterface<mlir::InferTypeOpInterface>();
  llvm::SmallVector<mlir::Type> types;
  const mlir::DictionaryAttr attributes = state.attributes.getDictionary(op.getContext());
  if (failed(interface->inferReturnTypes(op.getContext(), state.location, state.operands, attributes, nullptr, {}, types)))
    throw Error(ErrorCode::invalid_argument, diagnostics.first());
  state.addTypes(types);
}

// Converts the verifier's `'fovea.conv' op operand #0 must be ...` to the form of our errors.
[[noreturn]] void refuse_operator(const std::string& complaint, std::string_view name, std::string_view layer) {
  llvm::StringRef reason = complaint;
  if (!reason.starts_with("'fovea.")) throw Error(ErrorCode::invalid_argument, complaint);
  reason = reason.split("' op ").second;
  if (layer.empty()) refuse("{}: {}", name, reason.str());
  refuse("{} \"{}\": {}", name, layer, reason.str());
}

mlir::Location layer_location(std::string_view layer, mlir::MLIRContext* context) {
  const mlir::Location unknown = mlir::UnknownLoc::get(context);
  if (layer.empty()) return unknown;
  return mlir::NameLoc::get(mlir::StringAttr::get(context, llvm::StringRef(layer.data(), layer.size())), unknown);
}

mlir::NamedAttribute text_attribute(mlir::Builder& builder, llvm::StringRef name, llvm::StringRef text) {
  return builder.getNamedAttr(name, builder.getStringAttr(text));
}

}  // namespace

std::string to_string(const TensorType& type) {
  const std::string text = fmt::format("{} {}", to_string(type.shape), name(type.dtype));
  if (!type.quantization) return text;
  if (type.quantization->per_channel()) return fmt::format("{} (scales by dimension {})", text, type.quantization->axis);
  return fmt::format("{} (scale {}, zero {})", text, type.quantization->scales[0], type.quantization->zeros[0]);
}

mlir::RankedTensorType to_mlir(const TensorType& type, mlir::MLIRContext* context) {
  if (!type.quantization) return mlir::RankedTensorType::get(type.shape, element_to_mlir(type.dtype, context));
  const Quantization& quantization = *type.quantization;
  const auto axis = static_cast<size_t>(quantization.axis);
  if (quantization.per_channel() && (axis >= type.shape.size() || type.shape[axis] != std::ssize(quantization.scales)))
    refuse("{} scales by dimension {} do not fit {}", quantization.scales.size(), axis, to_string(type.shape));
  return mlir::RankedTensorType::get(type.shape, quantized_to_mlir(type.dtype, quantization, context));
}

TensorType from_mlir(mlir::Type type) {
  const auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape()) fail("{} is not a tensor of static shape", dialect::type_text(type));
  if (const auto quantized = mlir::dyn_cast<mlir::quant::QuantizedType>(tensor.getElementType()))
    return {tensor.getShape().vec(), storage_from_mlir(quantized), quantization_from_mlir(quantized)};
  return {tensor.getShape().vec(), element_from_mlir(tensor.getElementType())};
}

mlir::DenseElementsAttr to_mlir(const Tensor& tensor, mlir::MLIRContext* context) {
  const auto type = to_mlir(TensorType{tensor.shape(), tensor.dtype()}, context);
  return mlir::DenseElementsAttr::getFromRawBuffer(type, {reinterpret_cast<const char*>(tensor.raw()), tensor.bytes()});
}

Tensor from_mlir(mlir::DenseElementsAttr elements) {
  const TensorType type = from_mlir(elements.getType());
  Tensor tensor(type.shape, type.dtype);
  const llvm::ArrayRef<char> bytes = elements.getRawData();
  const size_t element = byte_size(type.dtype);
  if (elements.isSplat()) {
    for (int64_t index = 0; index < tensor.size(); ++index) std::memcpy(tensor.raw() + index * element, bytes.data(), element);
  } else {
    std::memcpy(tensor.raw(), bytes.data(), tensor.bytes());
  }
  return tensor;
}

DiagnosticCollector::DiagnosticCollector(mlir::MLIRContext* context)
    : handler_(context, [this](mlir::Diagnostic& diagnostic) {
        if (!first_.empty() || diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error) return mlir::success();
        first_ = diagnostic.str();
        if (const auto place = mlir::dyn_cast<mlir::FileLineColLoc>(diagnostic.getLocation()))
          place_ = fmt::format("{}:{}:{}: ", place.getFilename().str(), place.getLine(), place.getColumn());
        return mlir::success();
      }) {}

Graph::Graph(std::string name) : implementation_(std::make_unique<Implementation>()) {
  Implementation& graph = *implementation_;
  graph.context = new_context();
  mlir::OpBuilder builder(graph.context.get());
  graph.module = mlir::ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(graph.module->getBody());
  graph.function = builder.create<mlir::func::FuncOp>(builder.getUnknownLoc(), name, builder.getFunctionType({}, {}));
  graph.function.addEntryBlock();
}

Graph::Graph(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;
Graph::~Graph() = default;

Ref Graph::argument(std::string name, TensorType type, Role role) {
  Implementation& graph = *implementation_;
  for (const Argument& other : graph.arguments) {
    if (other.name == name) refuse("two arguments are named \"{}\"", name);
  }
  for (int64_t size : type.shape) {
    if (size < 1) refuse("argument \"{}\" has shape {}; every size must be at least 1", name, to_string(type.shape));
  }
  mlir::Builder builder(graph.context.get());
  const auto attributes = builder.getDictionaryAttr(
      {text_attribute(builder, "fovea.name", name), text_attribute(builder, "fovea.role", role_name(role))});
  graph.function.insertArgument(graph.function.getNumArguments(), to_mlir(type, graph.context.get()), attributes,
                                layer_location(name, graph.context.get()));
  graph.values.push_back(graph.function.getArguments().back());
  const Ref value{static_cast<int32_t>(graph.values.size()) - 1};
  graph.arguments.push_back({std::move(name), std::move(type), role, value});
  return value;
}

std::vector<Ref> Graph::add(std::string_view operator_name, const std::vector<Ref>& operands, const Attributes& attributes,
                            std::string_view layer) {
  Implementation& graph = *implementation_;
  mlir::MLIRContext* context = graph.context.get();
  mlir::RegisteredOperationName op = find_operator(operator_name, context);
  mlir::OperationState state(layer_location(layer, context), op);
  for (Ref operand : operands) state.addOperands(graph.values.at(static_cast<size_t>(operand.index)));
  add_attributes(state, op, attributes);
  const DiagnosticCollector diagnostics(context);
  if (const auto wanted = operand_count(op); wanted ? operands.size() != *wanted : operands.empty())
    refuse("{} \"{}\" takes {} operands, not {}", operator_name, layer, wanted.value_or(1), operands.size());
  infer_results(state, op, diagnostics);
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(&graph.function.getBody().front());
  mlir::Operation* added = builder.create(state);
  if (failed(mlir::verify(added))) {
    added->erase();
    refuse_operator(diagnostics.first(), operator_name, layer);
  }
  std::vector<Ref> results;
  for (mlir::Value result : added->getResults()) {
    graph.values.push_back(result);
    results.push_back({static_cast<int32_t>(graph.values.size()) - 1});
  }
  return results;
}

void Graph::finish(const std::vector<std::pair<std::string, Ref>>& results) {
  Implementation& graph = *implementation_;
  if (graph.finished) refuse("the network is finished already");
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(&graph.function.getBody().front());
  llvm::SmallVector<mlir::Value> values;
  llvm::SmallVector<mlir::Attribute> names;
  for (const auto& [name, ref] : results) {
    const TensorType result_type = type(ref);
    for (const Argument& argument : graph.arguments) {
      if (argument.name != name) continue;
      if (argument.role == Role::input) refuse("result \"{}\" has the name of an input, which nothing can replace", name);
      if (argument.type != result_type)
        refuse("result \"{}\" is {} and cannot replace {}", name, to_string(result_type), to_string(argument.type));
    }
    values.push_back(graph.values[static_cast<size_t>(ref.index)]);
    names.push_back(builder.getDictionaryAttr(text_attribute(builder, "fovea.name", name)));
    graph.results.push_back({name, result_type, ref});
  }
  builder.create<mlir::func::ReturnOp>(builder.getUnknownLoc(), values);
  graph.function.setFunctionType(
      builder.getFunctionType(graph.function.getArgumentTypes(), mlir::ValueRange(values).getTypes()));
  if (!names.empty()) graph.function.setResAttrsAttr(builder.getArrayAttr(names));
  graph.finished = true;
}

TensorType Graph::type(Ref value) const {
  return from_mlir(implementation_->values.at(static_cast<size_t>(value.index)).getType());
}
const std::vector<Graph::Argument>& Graph::arguments() const { return implementation_->arguments; }
const std::vector<Graph::Result>& Graph::results() const { return implementation_->results; }

std::string Graph::text() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  mlir::ModuleOp module = *implementation_->module;
  module.print(stream, mlir::OpPrintingFlags().enableDebugInfo());
  return text;
}

namespace {

// The network in a parsed file: the only function with a body that is not called by others.
mlir::func::FuncOp main_function(mlir::ModuleOp module, std::string_view file_name) {
  mlir::func::FuncOp found;
  for (auto function : module.getOps<mlir::func::FuncOp>()) {
    if (function.isPrivate() || function.isExternal()) continue;
    if (found)
      fail(ErrorCode::data_loss, "{}: two public functions, {} and {}; a network is one", file_name, found.getName().str(),
           function.getName().str());
    found = function;
  }
  if (!found) fail(ErrorCode::data_loss, "{}: no public function with a body; a network is one", file_name);
  return found;
}

}  // namespace

void read_back(Graph::Implementation& graph) {
  graph.values.clear();
  graph.arguments.clear();
  graph.results.clear();
  mlir::func::FuncOp function = graph.function;
  for (unsigned index = 0; index < function.getNumArguments(); ++index) {
    const auto name = function.getArgAttrOfType<mlir::StringAttr>(index, "fovea.name");
    const auto role = function.getArgAttrOfType<mlir::StringAttr>(index, "fovea.role");
    graph.values.push_back(function.getArgument(index));
    graph.arguments.push_back({name ? name.str() : fmt::format("argument{}", index),
                               from_mlir(function.getArgumentTypes()[index]),
                               role_named(role ? role.getValue() : "input"),
                               {static_cast<int32_t>(index)}});
  }
  for (mlir::Operation& op : function.getBody().front())
    graph.values.insert(graph.values.end(), op.result_begin(), op.result_end());
  mlir::Operation* end = function.getBody().front().getTerminator();
  for (unsigned index = 0; index < function.getNumResults(); ++index) {
    const auto name = function.getResultAttrOfType<mlir::StringAttr>(index, "fovea.name");
    const auto place = std::find(graph.values.begin(), graph.values.end(), end->getOperand(index));
    graph.results.push_back({name ? name.str() : fmt::format("result{}", index),
                             from_mlir(function.getResultTypes()[index]),
                             {static_cast<int32_t>(place - graph.values.begin())}});
  }
}

Graph Graph::parse(std::string_view text, std::string_view file_name) {
  auto graph = std::make_unique<Implementation>();
  graph->context = new_context();
  const DiagnosticCollector diagnostics(graph->context.get());
  graph->module = mlir::parseSourceString<mlir::ModuleOp>(llvm::StringRef(text.data(), text.size()),
                                                          mlir::ParserConfig(graph->context.get()),
                                                          llvm::StringRef(file_name.data(), file_name.size()));
  if (!graph->module) {
    const std::string complaint = diagnostics.first_with_place();
    fail(ErrorCode::data_loss, "{}{}", complaint.find(':') == std::string::npos ? fmt::format("{}: ", file_name) : "",
         complaint);
  }
  graph->function = main_function(*graph->module, file_name);
  graph->finished = true;
  read_back(*graph);
  return Graph(std::move(graph));
}

}  // namespace fovea
