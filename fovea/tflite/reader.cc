#include "fovea/tflite/reader.h"

#include <algorithm>

#include "fovea/core/layout.h"
#include "fovea/nn/model_metadata.h"

namespace fovea::tflite {
namespace {

const OperatorReading* reading_of(BuiltinOperator code) {
  for (const auto readings : {contraction_readings(), pooling_readings(), elementwise_readings(), shape_readings(),
                              slice_readings(), block_readings()}) {
    for (const OperatorReading& reading : readings)
      if (reading.code == code) return &reading;
  }
  return nullptr;
}

std::string graph_name(const std::string& file) { return std::filesystem::path(file).stem().string(); }

}  // namespace

Reader::Reader(const File& file, const TfliteOptions& options)
    : file_(file),
      options_(options),
      graph_(graph_name(file.name())),
      values_(file.tensors().size()),
      constants_(file.tensors().size()) {
  if (options.batch < 0) refuse("a batch of {}; it is at least 1", options.batch);
}

InferenceModel Reader::read() {
  read_inputs();
  for (size_t index = 0; index < file_.operators().size(); ++index) read_operator(file_.operators()[index], index);
  std::vector<std::pair<std::string, Ref>> results;
  for (const int output : file_.outputs()) {
    const Ref value = values_[static_cast<size_t>(output)];
    if (value.index < 0) fovea::fail("{}: no operator gives its output \"{}\"", file_.name(), tensor_name(output));
    results.emplace_back(unique_name(tensor_name(output)), value);
  }
  if (results.empty()) fovea::fail("{}: a network without outputs", file_.name());
  graph_.finish(results);
  InferenceModel model{graph_name(file_.name()), std::move(graph_), std::move(parameters_), {}, {}};
  // A file that does not say how photographs become inputs gets the whole of their middle square.
  const Shape& image = file_.tensors()[static_cast<size_t>(file_.inputs()[0])].shape;
  if (image.size() == 4) model.preprocessing.resize = std::min(image[1], image[2]);
  if (const std::string_view text = file_.metadata(metadata_key); !text.empty()) read_metadata(text, file_.name(), model);
  return model;
}

void Reader::read_inputs() {
  if (file_.inputs().empty()) fovea::fail("{}: a network without inputs", file_.name());
  const FileTensor& first = file_.tensors()[static_cast<size_t>(file_.inputs()[0])];
  if (!first.shape.empty()) file_batch_ = first.shape[0];
  if (options_.batch == 0) options_.batch = file_batch_;
  for (const int input : file_.inputs()) {
    const FileTensor& tensor = file_.tensors()[static_cast<size_t>(input)];
    const std::string user = fmt::format("{}: input \"{}\"", file_.name(), tensor_name(input));
    if (tensor.constant()) fovea::fail("{} is a constant", user);
    if (values_[static_cast<size_t>(input)].index >= 0) fovea::fail("{} is listed twice", user);
    TensorType type = type_of(tensor, user);
    if (type.shape.empty() || type.shape[0] != file_batch_ || file_batch_ < 1)
      fovea::fail("{} is {}; inputs begin with the batch, the same for all", user, to_string(type.shape));
    type.shape[0] = options_.batch;
    values_[static_cast<size_t>(input)] = graph_.argument(unique_name(tensor_name(input)), type, Role::input);
  }
}

void Reader::read_operator(const FileOperator& op, size_t index) {
  op_ = &op;
  index_ = index;
  const OperatorReading* reading = reading_of(op.code);
  if (!reading) fail("is not among the operators that are read");
  if (op.inputs.empty() || op.outputs.empty()) fail("has {} inputs and {} outputs", op.inputs.size(), op.outputs.size());
  try {
    reading->read(*this);
  } catch (const Error& error) {
    const std::string reason = error.what();
    if (reason.starts_with(file_.name())) throw;
    fail("{}", reason);
  }
}

void Reader::fail_with(const std::string& reason) const {
  fovea::fail("{}: operator {} {}{}{}", file_.name(), index_, op_->name,
              reason.starts_with("has ") || reason.starts_with("is ") ? " " : ": ", reason);
}

std::string Reader::tensor_name(int tensor) const {
  const std::string& name = file_.tensors()[static_cast<size_t>(tensor)].name;
  return name.empty() ? fmt::format("tensor{}", tensor) : name;
}

std::string Reader::unique_name(const std::string& wanted) {
  std::string name = wanted;
  for (int number = 2; !names_.insert(name).second; ++number) name = fmt::format("{}.{}", wanted, number);
  return name;
}

TensorType Reader::type_of(const FileTensor& tensor, const std::string& user) const {
  const std::optional<DType> dtype = dtype_of(tensor.type);
  if (!dtype || *dtype == DType::boolean)
    fovea::fail("{} holds {}, which networks here do not", user, schema::EnumNameTensorType(tensor.type));
  TensorType type{tensor.shape, *dtype};
  if (*dtype == DType::u8 || *dtype == DType::i8) type.quantization = tensor.quantization;
  if (*dtype == DType::u8 && !type.quantization) fovea::fail("{} holds u8 without a scale", user);
  return type;
}

Shape Reader::batched(Shape shape) const {
  if (!shape.empty()) shape[0] = shape[0] * options_.batch / file_batch_;
  return shape;
}

bool Reader::is_constant(size_t input) const {
  if (!has(input)) return false;
  const auto tensor = static_cast<size_t>(op_->inputs[input]);
  return constants_[tensor].has_value() || file_.tensors()[tensor].constant();
}

std::string Reader::input_name(size_t input) const { return tensor_name(op_->inputs.at(input)); }

Tensor Reader::values(size_t input, std::string_view what) const {
  if (!has(input)) fail("has no {}", what);
  if (!is_constant(input)) fail("its {} is computed by the network; only constants are read", what);
  const int tensor = op_->inputs[input];
  const std::optional<Tensor>& known = constants_[static_cast<size_t>(tensor)];
  return known ? *known : file_.constant(tensor);
}

std::vector<int64_t> Reader::integers(size_t input, std::string_view what) const {
  const Tensor tensor = values(input, what);
  if (tensor.dtype() == DType::i64) return {tensor.values<int64_t>().begin(), tensor.values<int64_t>().end()};
  if (tensor.dtype() != DType::i32) fail("its {} holds {}, not integers", what, name(tensor.dtype()));
  return {tensor.values<int32_t>().begin(), tensor.values<int32_t>().end()};
}

std::optional<Quantization> Reader::quantization(size_t input) const {
  return file_.tensors()[static_cast<size_t>(op_->inputs.at(input))].quantization;
}

const Shape& Reader::file_shape(size_t input) const {
  return file_.tensors()[static_cast<size_t>(op_->inputs.at(input))].shape;
}

Ref Reader::input(size_t input) {
  if (!has(input)) fail("has no input {}", input);
  const auto tensor = static_cast<size_t>(op_->inputs[input]);
  Ref& value = values_[tensor];
  if (value.index < 0 && is_constant(input)) {
    const Tensor constant = values(input, "constant");
    const bool integers = constant.dtype() == DType::i8 || constant.dtype() == DType::u8;
    value = parameter(input_name(input), constant, integers ? quantization(input) : std::nullopt);
  }
  if (value.index < 0) fail("reads tensor {} \"{}\", which no operator before it gives", tensor, input_name(input));
  return value;
}

Ref Reader::weight(size_t input, const Shape& shape, const std::vector<int64_t>& permutation, int64_t axis) {
  const std::pair key{op_->inputs.at(input), fmt::format("{} {}", to_string(shape), to_string(permutation))};
  if (const auto known = weights_.find(key); known != weights_.end()) return known->second;
  Tensor tensor = permuted(values(input, "weights").reshaped(shape), permutation);
  std::optional<Quantization> scales = tensor.dtype() == DType::f32 ? std::nullopt : quantization(input);
  if (scales && scales->per_channel()) {
    if (tensor.shape()[static_cast<size_t>(axis)] != std::ssize(scales->scales))
      fail("has weights with {} scales that do not go by its outputs", scales->scales.size());
    scales->axis = axis;
  }
  return weights_[key] = parameter(input_name(input), tensor, std::move(scales));
}

Ref Reader::parameter(const std::string& name, const Tensor& tensor, std::optional<Quantization> quantization) {
  const std::string unique = unique_name(name);
  parameters_[unique] = tensor;
  return graph_.argument(unique, {tensor.shape(), tensor.dtype(), std::move(quantization)}, Role::parameter);
}

Ref Reader::add(std::string_view name, const std::vector<Ref>& operands, const Attributes& attributes) {
  return graph_.add(name, operands, attributes, tensor_name(op_->outputs[0]))[0];
}

Ref Reader::scalar(double value) {
  return add("constant", {}, {{"value", Tensor::of<float>({}, {static_cast<float>(value)})}});
}

QuantizedType Reader::output_type(size_t output) const {
  if (output >= op_->outputs.size()) fail("has no output {}", output);
  const FileTensor& tensor = file_.tensors()[static_cast<size_t>(op_->outputs[output])];
  const std::optional<DType> dtype = dtype_of(tensor.type);
  if (!tensor.quantization || tensor.quantization->per_channel() || (dtype != DType::i8 && dtype != DType::u8))
    fail("gives {}{}; 8-bit integers with one scale are read", schema::EnumNameTensorType(tensor.type),
         tensor.quantization ? "" : " without a scale");
  return {*dtype, *tensor.quantization};
}

void Reader::set_output(Ref value, size_t output) {
  if (output >= op_->outputs.size()) fail("has no output {}", output);
  const auto index = static_cast<size_t>(op_->outputs[output]);
  const FileTensor& tensor = file_.tensors()[index];
  if (values_[index].index >= 0) fail("writes tensor {} \"{}\" a second time", index, tensor_name(op_->outputs[output]));
  const TensorType given = graph_.type(value);
  if (!tensor.resizable && given.shape != batched(tensor.shape))
    fail("gives {}; the file says {}", to_string(given.shape), to_string(batched(tensor.shape)));
  if (given.quantization && (tensor.type == schema::TensorType::INT8 || tensor.type == schema::TensorType::UINT8)) {
    const QuantizedType wanted = output_type(output);
    if (wanted.storage != given.dtype || wanted.quantization != *given.quantization)
      value = add("quantize", {value}, {{"output", wanted}});
  }
  const TensorType type = graph_.type(value);
  if (dtype_of(tensor.type) != type.dtype)
    fail("gives {}; the file says {}", name(type.dtype), schema::EnumNameTensorType(tensor.type));
  values_[index] = value;
}

void Reader::set_constant_output(Tensor tensor) { constants_[static_cast<size_t>(op_->outputs[0])] = std::move(tensor); }

Ref Reader::activated(Ref value, ActivationFunctionType activation) {
  switch (activation) {
    case ActivationFunctionType::NONE:
      return value;
    case ActivationFunctionType::RELU:
      return add("relu", {value});
    case ActivationFunctionType::RELU6:
      return add("relu6", {value});
    case ActivationFunctionType::RELU_N1_TO_1:
      return add("clamp", {value}, {{"low", -1.0}, {"high", 1.0}});
    case ActivationFunctionType::TANH:
      return add("tanh", {value});
    default:
      fail("has activation {}, which is not read", static_cast<int>(activation));
  }
}

std::string Reader::activation_name(ActivationFunctionType activation) const {
  switch (activation) {
    case ActivationFunctionType::NONE:
      return "none";
    case ActivationFunctionType::RELU:
      return "relu";
    case ActivationFunctionType::RELU6:
      return "relu6";
    case ActivationFunctionType::RELU_N1_TO_1:
      return "relu_n1_to_1";
    default:
      fail("has activation {}, which is not read in integers", static_cast<int>(activation));
  }
}

}  // namespace fovea::tflite

namespace fovea {

InferenceModel read_tflite(const std::filesystem::path& path, const TfliteOptions& options) {
  const tflite::File file(path);
  return tflite::Reader(file, options).read();
}

InferenceModel read_tflite(std::vector<std::byte> bytes, const std::string& name, const TfliteOptions& options) {
  const tflite::File file(std::move(bytes), name);
  return tflite::Reader(file, options).read();
}

}  // namespace fovea
