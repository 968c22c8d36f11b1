// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/writer.h"

#include <algorithm>
#include <cstring>

#include "fovea/core/file.h"
#include "fovea/graph/model_metadata.h"
#include "fovea/graph/operators.h"
#include "fovea/interchange/tflite/write.h"
#include "fovea/passes/network/folded.h"

namespace fovea::tflite {
namespace {

const LayerWriting* writing_of(const std::string& op) {
  for (const auto writings : {contraction_writings(), window_writings(), elementwise_writings(), shape_writings()}) {
    for (const LayerWriting& writing : writings)
      if (writing.op == op) return &writing;
  }
  return nullptr;
}

schema::TensorType file_type(DType dtype, const std::string& user) {
  switch (dtype) {
    case DType::f32:
      return schema::TensorType::FLOAT32;
    case DType::i8:
      return schema::TensorType::INT8;
    case DType::u8:
      return schema::TensorType::UINT8;
    case DType::i32:
      return schema::TensorType::INT32;
    case DType::i64:
      return schema::TensorType::INT64;
    default:
      refuse("{} holds {}, which a TensorFlow Lite file written here does not", user, name(dtype));
  }
}

std::unique_ptr<schema::QuantizationParametersT> quantization_table(const Quantization& quantization) {
  auto table = std::make_unique<schema::QuantizationParametersT>();
  table->scale = quantization.scales;
  table->zero_point = quantization.zeros;
  table->quantized_dimension = static_cast<int32_t>(std::max<int64_t>(quantization.axis, 0));
  return table;
}

}  // namespace

Writer::Writer(const InferenceModel& model) : model_(model), parameters_(parameter_values(model)) {}

namespace {

// Refuses integer operators of .onnx files that LiteRT does not have. An operator that LiteRT has and only rounds differently
// is written.
void check_rule(const Writer& writer) {
  const Graph::Node& node = writer.node();
  const TensorType input = writer.input_type(), output = writer.output_type();
  if (node.get<std::string>("rounding", "litert") != "onnx" || !input.quantization || !output.quantization) return;
  if (node.is<ops::Quantize>()) return;
  for (const Ref operand : node.operands) {
    if (writer.type(operand).dtype != output.dtype)
      writer.refuse("its integers are {} and {}; LiteRT takes one type", name(writer.type(operand).dtype), name(output.dtype));
  }
  const auto activation = node.as<ops::QuantizedActivation>();
  const std::string_view function = activation                         ? std::string_view(activation->function)
                                    : node.is<ops::QuantizedSoftmax>() ? ops::Softmax::name
                                                                       : std::string_view();
  const int64_t least = output.dtype == DType::u8 ? 0 : -128;
  const float scale = function == ops::Tanh::name ? 1.0F / 128 : 1.0F / 256;
  const int64_t zero = function == ops::Tanh::name ? least + 128 : least;
  const bool prescribed = function == ops::Softmax::name || function == ops::Sigmoid::name || function == ops::Tanh::name;
  if (prescribed && (output.quantization->scales[0] != scale || output.quantization->zeros[0] != zero))
    writer.refuse("its result has scale {} and zero point {}; LiteRT's {} has {} and {}", output.quantization->scales[0],
                  output.quantization->zeros[0], function, scale, zero);
  if (node.is<ops::QuantizedAveragePool>() && (input.quantization != output.quantization || node.get("count_padding", false)))
    writer.refuse("its result has another scale, or padding counts; LiteRT averages within one scale, without padding");
}

}  // namespace

std::vector<std::byte> Writer::write() {
  graph_.name = model_.name;
  for (const Graph::Result& result : model_.graph.results()) result_names_.emplace(result.value.index, result.name);
  for (const Graph::Argument& argument : model_.graph.arguments())
    if (argument.role == Role::input) names_.insert(argument.name);
  for (const Graph::Result& result : model_.graph.results()) names_.insert(result.name);
  for (const Graph::Argument& argument : model_.graph.arguments()) {
    if (argument.role != Role::input) continue;
    const int index = tensor(argument.type, argument.name, 0);
    tensors_[argument.value.index] = index;
    graph_.inputs.push_back(index);
  }
  for (const FusedLayer& layer : fused_layers(model_.graph)) {
    layer_ = &layer;
    const LayerWriting* writing = writing_of(layer.node.op);
    if (!writing) refuse("there is no operator for it");
    if (!layer_->inputs.empty()) check_rule(*this);
    writing->write(*this);
  }
  for (const Graph::Result& result : model_.graph.results()) graph_.outputs.push_back(named_result(result));
  return bytes();
}

// A result that already has another name, as an input or as another result, gets this name from an operator that changes
// nothing.
int Writer::named_result(const Graph::Result& result) {
  const int index = value(result.value);
  if (graph_.tensors[static_cast<size_t>(index)]->name == result.name) return index;
  const int same = tensor(result.type, result.name, 0);
  schema::ReshapeOptionsT options;
  options.new_shape.assign(result.type.shape.begin(), result.type.shape.end());
  add(BuiltinOperator::RESHAPE, {index, integers(result.type.shape)}, same, std::move(options));
  return same;
}

const Tensor& Writer::values(Ref parameter) const {
  const auto found = parameters_.find(parameter.index);
  if (found == parameters_.end()) refuse("its weights are computed by the network; they have to be parameters");
  return found->second;
}

std::string Writer::unique_name(const std::string& wanted) {
  std::string name = wanted;
  for (int number = 2; !names_.insert(name).second; ++number) name = fmt::format("{}.{}", wanted, number);
  return name;
}

int Writer::tensor(const TensorType& type, const std::string& name, uint32_t buffer) {
  auto table = std::make_unique<schema::TensorT>();
  table->shape.assign(type.shape.begin(), type.shape.end());
  table->type = file_type(type.dtype, fmt::format("tensor \"{}\"", name));
  table->buffer = buffer;
  table->name = name;
  if (type.quantization) table->quantization = quantization_table(*type.quantization);
  graph_.tensors.push_back(std::move(table));
  return static_cast<int>(graph_.tensors.size()) - 1;
}

int Writer::value(Ref value) {
  if (const auto known = tensors_.find(value.index); known != tensors_.end()) return known->second;
  if (const auto parameter = parameters_.find(value.index); parameter != parameters_.end()) {
    std::string name;
    for (const Graph::Argument& argument : model_.graph.arguments())
      if (argument.value == value) name = argument.name;
    return tensors_[value.index] = constant(parameter->second, name, type(value).quantization);
  }
  const auto result = result_names_.find(value.index);
  const std::string& layer = node().layer.empty() ? node().op : node().layer;
  return tensors_[value.index] = tensor(type(value), result != result_names_.end() ? result->second : unique_name(layer), 0);
}

int Writer::between(const TensorType& type) {
  return tensor(type, unique_name(node().layer.empty() ? node().op : node().layer), 0);
}

int Writer::constant(const Tensor& values, const std::string& name, std::optional<Quantization> quantization) {
  buffers_.push_back(values);
  return tensor({values.shape(), values.dtype(), std::move(quantization)}, unique_name(name),
                static_cast<uint32_t>(buffers_.size()) - 1);
}

// Two integers to a byte, the first in its lower half.
int Writer::packed_constant(const Tensor& values, const std::string& name, std::optional<Quantization> quantization) {
  Tensor packed({(values.size() + 1) / 2}, DType::u8);
  for (int64_t i = 0; i < values.size(); ++i) {
    const int integer = values.data<int8_t>()[i];
    if (integer < -8 || integer > 7) refuse("its weights hold {}, which does not fit 4 bits", integer);
    packed.data<uint8_t>()[i / 2] |= static_cast<uint8_t>((integer & 15) << (i % 2 * 4));
  }
  buffers_.push_back(packed);
  const int index = tensor({values.shape(), DType::i8, std::move(quantization)}, unique_name(name),
                           static_cast<uint32_t>(buffers_.size()) - 1);
  graph_.tensors[static_cast<size_t>(index)]->type = schema::TensorType::INT4;
  return index;
}

bool Writer::in_four_bits(Ref parameter) const {
  return std::ranges::any_of(model_.graph.arguments(), [&](const Graph::Argument& argument) {
    return argument.value == parameter && model_.four_bits.contains(argument.name);
  });
}

int Writer::integers(const std::vector<int64_t>& values) {
  if (const auto known = integers_.find(values); known != integers_.end()) return known->second;
  Tensor numbers({std::ssize(values)}, DType::i32);
  std::transform(values.begin(), values.end(), numbers.data<int32_t>(), [](int64_t x) { return static_cast<int32_t>(x); });
  return integers_[values] = constant(numbers, "integers");
}

int Writer::number(double value) {
  const auto narrow = static_cast<float>(value);
  if (const auto known = numbers_.find(narrow); known != numbers_.end()) return known->second;
  return numbers_[narrow] = constant(Tensor::of<float>({}, {narrow}), "number");
}

std::unique_ptr<schema::OperatorT> Writer::operator_of(BuiltinOperator, std::vector<int> inputs, int output) {
  auto op = std::make_unique<schema::OperatorT>();
  op->inputs = std::move(inputs);
  op->outputs = {output};
  return op;
}

void Writer::finish(BuiltinOperator code, std::unique_ptr<schema::OperatorT> op) {
  op->opcode_index = opcode(code, version_of(code, *op));
  graph_.operators.push_back(std::move(op));
}

uint32_t Writer::opcode(BuiltinOperator code, int version) {
  for (size_t i = 0; i < codes_.size(); ++i)
    if (codes_[i]->builtin_code == code && codes_[i]->version == version) return static_cast<uint32_t>(i);
  auto table = std::make_unique<schema::OperatorCodeT>();
  table->builtin_code = code;
  table->deprecated_builtin_code = static_cast<int8_t>(std::min(code, BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES));
  table->version = version;
  codes_.push_back(std::move(table));
  return static_cast<uint32_t>(codes_.size()) - 1;
}

// Returns the oldest version of the operator that supports what is used of it (tensorflow/lite/tools/versioning/op_version.cc).
// An interpreter that is too old then refuses the file instead of computing something else.
int Writer::version_of(BuiltinOperator code, const schema::OperatorT& op) const {
  bool integers = false;
  for (const int input : op.inputs)
    integers = integers || (input >= 0 && graph_.tensors[static_cast<size_t>(input)]->type == schema::TensorType::INT8);
  const bool four_bits = op.inputs.size() > 1 && op.inputs[1] >= 0 &&
                         graph_.tensors[static_cast<size_t>(op.inputs[1])]->type == schema::TensorType::INT4;
  switch (code) {
    case BuiltinOperator::CONV_2D: {
      const auto& filter = graph_.tensors[static_cast<size_t>(op.inputs[1])]->shape;
      const auto& image = graph_.tensors[static_cast<size_t>(op.inputs[0])]->shape;
      return four_bits ? 7 : filter[3] != image[3] ? 6 : integers ? 3 : 1;
    }
    case BuiltinOperator::DEPTHWISE_CONV_2D: {
      const auto& options = *op.builtin_options.AsDepthwiseConv2DOptions();
      return four_bits ? 7 : integers ? 3 : options.dilation_h_factor != 1 || options.dilation_w_factor != 1 ? 2 : 1;
    }
    case BuiltinOperator::FULLY_CONNECTED: {
      const auto& scales = graph_.tensors[static_cast<size_t>(op.inputs[1])]->quantization;
      return scales && scales->scale.size() > 1 ? 12 : four_bits ? 10 : integers ? 4 : 1;
    }
    case BuiltinOperator::RESIZE_BILINEAR:
      return op.builtin_options.AsResizeBilinearOptions()->half_pixel_centers ? 3 : integers ? 2 : 1;
    case BuiltinOperator::RESIZE_NEAREST_NEIGHBOR: {
      const auto& options = *op.builtin_options.AsResizeNearestNeighborOptions();
      return options.half_pixel_centers || options.align_corners ? 3 : integers ? 2 : 1;
    }
    case BuiltinOperator::TRANSPOSE_CONV:
      return op.inputs.size() > 3 ? 3 : 1;
    case BuiltinOperator::QUANTIZE:
    case BuiltinOperator::RESHAPE:
    case BuiltinOperator::HARD_SWISH:
    case BuiltinOperator::LEAKY_RELU:
    case BuiltinOperator::RELU_N1_TO_1:
    case BuiltinOperator::ELU:
    case BuiltinOperator::PRELU:
    case BuiltinOperator::EXP:
      return 1;
    default:
      return integers ? 2 : 1;
  }
}

std::vector<std::byte> Writer::bytes() {
  const std::string metadata = metadata_text(model_);
  size_t total = metadata.size() + (size_t{64} << 10);
  for (const Tensor& buffer : buffers_) total += buffer.bytes() + 64;
  if (total > size_t{2'000'000'000})
    fovea::refuse("{} takes {} bytes; a TensorFlow Lite file holds less than 2 GB", model_.name, total);
  flatbuffers::FlatBufferBuilder builder(total);
  const auto buffer_of = [&](const void* data, size_t size) {
    if (size == 0) return schema::CreateBuffer(builder);
    builder.ForceVectorAlignment(size, 1, 16);
    return schema::CreateBuffer(builder, builder.CreateVector(static_cast<const uint8_t*>(data), size));
  };
  std::vector<flatbuffers::Offset<Buffer>> buffers;
  for (const Tensor& buffer : buffers_) buffers.push_back(buffer_of(buffer.raw(), buffer.empty() ? 0 : buffer.bytes()));
  buffers.push_back(buffer_of(metadata.data(), metadata.size()));
  const auto all_buffers = builder.CreateVector(buffers);
  std::vector<flatbuffers::Offset<OperatorCode>> codes;
  for (const auto& code : codes_) codes.push_back(schema::CreateOperatorCode(builder, code.get()));
  const auto all_codes = builder.CreateVector(codes);
  const auto graphs = builder.CreateVector(std::vector{schema::CreateSubGraph(builder, &graph_)});
  const auto entries = builder.CreateVector(
      std::vector{schema::CreateMetadataDirect(builder, metadata_key, static_cast<uint32_t>(buffers_.size()))});
  const auto description = builder.CreateString("fovea");
  schema::FinishModelBuffer(builder, schema::CreateModel(builder, 3, all_codes, graphs, description, all_buffers, 0, entries));
  const auto* start = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {start, start + builder.GetSize()};
}

ActivationFunctionType fused_activation(const Writer& writer, const std::string& activation) {
  if (activation == "none") return ActivationFunctionType::NONE;
  if (activation == ops::Relu::name) return ActivationFunctionType::RELU;
  if (activation == ops::Relu6::name) return ActivationFunctionType::RELU6;
  if (activation == "relu_n1_to_1") return ActivationFunctionType::RELU_N1_TO_1;
  writer.refuse("activation \"{}\" has no counterpart", activation);
}

namespace {

// Quantized tensors keep their scales, which were chosen for exactly this arithmetic.
bool is_quantized(const Graph& graph) {
  const auto quantized = [](const auto& port) { return port.type.quantization.has_value(); };
  return std::ranges::any_of(graph.arguments(), quantized) || std::ranges::any_of(graph.results(), quantized);
}

}  // namespace
}  // namespace fovea::tflite

namespace fovea {

std::vector<std::byte> tflite_bytes(const InferenceModel& model) {
  if (tflite::is_quantized(model.graph)) return tflite::Writer(model).write();
  const InferenceModel plain = folded(model);
  return tflite::Writer(plain).write();
}

void write_tflite(const std::filesystem::path& path, const InferenceModel& model) { write_file(path, tflite_bytes(model)); }

}  // namespace fovea
