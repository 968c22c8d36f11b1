// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/reader.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/tensor_permute.h"
#include "fovea/graph/model_metadata.h"
#include "fovea/interchange/tflite/file_metadata.h"

namespace fovea::tflite {
namespace {

const OperatorReading* reading_of(BuiltinOperator code) {
  for (const auto readings : {contraction_readings(), pooling_readings(), elementwise_readings(), shape_readings(),
                              slice_readings(), block_readings(), logic_readings(), order_readings()}) {
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
    const auto tensor = static_cast<size_t>(output);
    if (values_[tensor].index < 0 && constants_[tensor])
      fovea::fail(ErrorCode::data_loss, "{}: its output \"{}\" is a constant", file_.name(), tensor_name(output));
    const Ref value = values_[tensor];
    if (value.index < 0)
      fovea::fail(ErrorCode::data_loss, "{}: no operator gives its output \"{}\"", file_.name(), tensor_name(output));
    results.emplace_back(unique_name(tensor_name(output)), value);
  }
  if (results.empty()) fovea::fail(ErrorCode::data_loss, "{}: a network without outputs", file_.name());
  graph_.finish(results);
  InferenceModel model{graph_name(file_.name()), std::move(graph_), std::move(parameters_), {}, {}, {}};
  model.four_bits = std::move(four_bits_);
  // When a file does not say how images become inputs, the whole center square is used.
  const Shape& image = file_.tensors()[static_cast<size_t>(file_.inputs()[0])].shape;
  if (image.size() == 4) model.preprocessing.resize = std::min(image[1], image[2]);
  read_file_metadata(file_, model);
  name_ports(model);
  if (const std::string_view text = file_.metadata(metadata_key); !text.empty()) read_metadata(text, file_.name(), model);
  return model;
}

// Sets the names that the file's signature gives to inputs and results, beside the names of their tensors.
void Reader::name_ports(InferenceModel& model) const {
  const auto place_in = [](const std::vector<int>& list, int tensor) {
    return static_cast<size_t>(std::ranges::find(list, tensor) - list.begin());
  };
  std::vector<std::string> inputs;
  for (const Graph::Argument& argument : model.graph.arguments())
    if (argument.role == Role::input) inputs.push_back(argument.name);
  for (const auto& [alias, tensor] : file_.signature_inputs())
    if (const size_t place = place_in(file_.inputs(), tensor); place < inputs.size())
      model.input_aliases[alias] = inputs[place];
  const auto& results = model.graph.results();
  for (const auto& [alias, tensor] : file_.signature_outputs())
    if (const size_t place = place_in(file_.outputs(), tensor); place < results.size())
      model.output_aliases[alias] = results[place].name;
}

void Reader::read_inputs() {
  if (file_.inputs().empty()) fovea::fail(ErrorCode::data_loss, "{}: a network without inputs", file_.name());
  const FileTensor& first = file_.tensors()[static_cast<size_t>(file_.inputs()[0])];
  if (!first.shape.empty()) file_batch_ = first.shape[0];
  if (options_.batch == 0) options_.batch = file_batch_;
  for (const int input : file_.inputs()) {
    const FileTensor& tensor = file_.tensors()[static_cast<size_t>(input)];
    const std::string user = fmt::format("{}: input \"{}\"", file_.name(), tensor_name(input));
    if (tensor.constant()) fovea::fail(ErrorCode::data_loss, "{} is a constant", user);
    if (values_[static_cast<size_t>(input)].index >= 0) fovea::fail(ErrorCode::data_loss, "{} is listed twice", user);
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
  if (op.custom_name().starts_with("Flex"))
    fail("is TensorFlow's own, which no file of TensorFlow Lite computes; it is not read");
  if (op.inputs.empty() || op.outputs.empty()) fail("has {} inputs and {} outputs", op.inputs.size(), op.outputs.size());
  try {
    if (op.code == BuiltinOperator::CUSTOM) return read_custom(*this);
    if (read_folded(*this)) return;
    if (!reading) fail("is not among the operators that are read");
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
  if (*dtype == DType::u8 || *dtype == DType::i8 || *dtype == DType::i16) type.quantization = tensor.quantization;
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
  const Tensor constant = known ? *known : file_.constant(tensor);
  return constant.dtype() == DType::f16 ? widened(constant) : constant;
}

namespace {

template <typename T>
void dequantize(const Tensor& integers, const Quantization& type, Tensor& reals) {
  int64_t inner = 1;
  for (size_t dim = integers.shape().size(); type.per_channel() && dim-- > static_cast<size_t>(type.axis) + 1;)
    inner *= integers.shape()[dim];
  for (int64_t at = 0; at < integers.size(); ++at) {
    const size_t channel = type.per_channel() ? static_cast<size_t>(at / inner) % type.scales.size() : 0;
    const auto center = static_cast<float>(static_cast<int64_t>(integers.data<T>()[at]) - type.zeros[channel]);
    reals.data<float>()[at] = type.scales[channel] * center;
  }
}

}  // namespace

Tensor Reader::whole_numbers(size_t input) const {
  const Tensor integers = values(input, "weights");
  Tensor result(integers.shape(), DType::f32);
  const Quantization plain{.scales = {1}, .zeros = {quantization(input)->zeros[0]}};
  if (integers.dtype() == DType::u8)
    dequantize<uint8_t>(integers, plain, result);
  else
    dequantize<int8_t>(integers, plain, result);
  return result;
}

Tensor Reader::reals(size_t input, std::string_view what) const {
  const Tensor constant = values(input, what);
  if (constant.dtype() == DType::f32) return constant;
  const std::optional<Quantization> type = quantization(input);
  if (!type) fail("has a {} of {} without a scale", what, name(constant.dtype()));
  Tensor result(constant.shape(), DType::f32);
  switch (constant.dtype()) {
    case DType::i8:
      dequantize<int8_t>(constant, *type, result);
      break;
    case DType::u8:
      dequantize<uint8_t>(constant, *type, result);
      break;
    case DType::i16:
      dequantize<int16_t>(constant, *type, result);
      break;
    case DType::i32:
      dequantize<int32_t>(constant, *type, result);
      break;
    default:
      fail("has a {} of {}, which is not read", what, name(constant.dtype()));
  }
  return result;
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
    const bool integers = constant.dtype() == DType::i8 || constant.dtype() == DType::u8 || constant.dtype() == DType::i16;
    value = parameter(input_name(input), constant, integers ? quantization(input) : std::nullopt);
  }
  if (value.index < 0) fail("reads tensor {} \"{}\", which no operator before it gives", tensor, input_name(input));
  return value;
}

Ref Reader::weight(size_t input, const Shape& shape, const std::vector<int64_t>& permutation, int64_t axis) {
  const std::pair key{op_->inputs.at(input), fmt::format("{} {}", to_string(shape), to_string(permutation))};
  if (const auto known = weights_.find(key); known != weights_.end()) return known->second;
  Tensor tensor = values(input, "weights");
  if (input_type(data_input()).dtype == DType::f32 && byte_size(tensor.dtype()) == 1)
    tensor = options_.dynamic && data_input() == 0 && op_->code != BuiltinOperator::CUSTOM ? whole_numbers(input)
                                                                                           : reals(input, "weights");
  tensor = permuted(tensor.reshaped(shape), permutation);
  std::optional<Quantization> scales = byte_size(tensor.dtype()) == 1 ? quantization(input) : std::nullopt;
  if (tensor.dtype() == DType::i32 && is_scaled_as_sums(input)) scales = quantization(input);
  if (scales && scales->per_channel()) {
    if (tensor.shape()[static_cast<size_t>(axis)] != std::ssize(scales->scales))
      fail("has weights with {} scales that do not go by its outputs", scales->scales.size());
    scales->axis = axis;
  }
  const Ref read = parameter(input_name(input), tensor, std::move(scales));
  if (has_four_bits(input) && tensor.dtype() == DType::i8) four_bits_.insert(graph_.arguments().back().name);
  return weights_[key] = read;
}

bool Reader::has_four_bits(size_t input) const { return file_.tensors()[static_cast<size_t>(op_->inputs.at(input))].four_bits; }

// Whether a bias states the scale of the sums that it is added to. It always has that scale, but some files state another one.
bool Reader::is_scaled_as_sums(size_t input) const {
  if (!has(1) || !has(data_input())) return false;
  const std::optional<Quantization> bias = quantization(input), weights = quantization(1);
  const std::optional<Quantization>& data = file_.tensors()[static_cast<size_t>(op_->inputs.at(data_input()))].quantization;
  if (!bias || !weights || !data || data->per_channel()) return false;
  if (bias->per_channel() && bias->scales.size() != weights->scales.size()) return false;
  for (size_t i = 0; i < weights->scales.size(); ++i) {
    const double wanted = static_cast<double>(data->scales[0]) * static_cast<double>(weights->scales[i]);
    const size_t place = bias->per_channel() ? i : 0;
    if (bias->zeros[place] != 0 || std::abs(static_cast<double>(bias->scales[place]) - wanted) > 1e-6 * wanted) return false;
  }
  return true;
}

Ref Reader::parameter(const std::string& name, const Tensor& tensor, std::optional<Quantization> quantization) {
  const std::string unique = unique_name(name);
  parameters_[unique] = tensor;
  return graph_.argument(unique, {tensor.shape(), tensor.dtype(), std::move(quantization)}, Role::parameter);
}

Ref Reader::scalar(double value) { return add(ops::Constant{.value = Tensor::of<float>({}, {static_cast<float>(value)})}); }

Ref Reader::reversed(Ref value, int64_t dim) {
  const Shape shape = type(value).shape;
  const int64_t size = shape[static_cast<size_t>(dim)];
  if (size > 4096) fail("reverses {} cells; 4096 are read", size);
  std::vector<Ref> cells;
  for (int64_t at = size; at-- > 0;) {
    Shape offsets(shape.size(), 0), sizes = shape;
    offsets[static_cast<size_t>(dim)] = at;
    sizes[static_cast<size_t>(dim)] = 1;
    cells.push_back(add(ops::Slice{.input = value, .offsets = offsets, .sizes = sizes}));
  }
  return cells.size() == 1 ? value : add(ops::Concat{.inputs = cells, .dim = dim});
}

QuantizedType Reader::output_type(size_t output) const {
  if (output >= op_->outputs.size()) fail("has no output {}", output);
  const FileTensor& tensor = file_.tensors()[static_cast<size_t>(op_->outputs[output])];
  const std::optional<DType> dtype = dtype_of(tensor.type);
  if (!tensor.quantization || tensor.quantization->per_channel() ||
      (dtype != DType::i8 && dtype != DType::u8 && dtype != DType::i16))
    fail("gives {}{}; integers of 8 or 16 bits with one scale are read", schema::EnumNameTensorType(tensor.type),
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
  if (given.quantization && (tensor.type == schema::TensorType::INT8 || tensor.type == schema::TensorType::UINT8 ||
                             tensor.type == schema::TensorType::INT16)) {
    const QuantizedType wanted = output_type(output);
    if (wanted.storage != given.dtype || wanted.quantization != *given.quantization)
      value = add(ops::Quantize{.input = value, .output = wanted});
  }
  const TensorType type = graph_.type(value);
  // A boolean is 0 or 1 in a byte.
  const bool truth = tensor.type == schema::TensorType::BOOL && type.dtype == DType::i8 && !type.quantization;
  if (!truth && dtype_of(tensor.type) != type.dtype)
    fail("gives {}; the file says {}", name(type.dtype), schema::EnumNameTensorType(tensor.type));
  values_[index] = value;
}

void Reader::set_constant_output(Tensor tensor, size_t output) {
  if (output >= op_->outputs.size()) fail("has no output {}", output);
  constants_[static_cast<size_t>(op_->outputs[output])] = std::move(tensor);
}

schema::TensorType Reader::file_output_type(size_t output) const {
  return file_.tensors()[static_cast<size_t>(op_->outputs.at(output))].type;
}
const Shape& Reader::file_output_shape(size_t output) const {
  return file_.tensors()[static_cast<size_t>(op_->outputs.at(output))].shape;
}

Ref Reader::real(size_t input) { return quantized(input) ? add(ops::Dequantize{this->input(input)}) : this->input(input); }

Ref Reader::like_output(Ref value, size_t output) {
  const FileTensor& tensor = file_.tensors()[static_cast<size_t>(op_->outputs.at(output))];
  const std::optional<DType> dtype = dtype_of(tensor.type);
  const bool integers = dtype == DType::i8 || dtype == DType::u8 || dtype == DType::i16;
  return integers && tensor.quantization ? add(ops::Quantize{.input = value, .output = output_type(output)}) : value;
}

Ref Reader::activated(Ref value, ActivationFunctionType activation) {
  switch (activation) {
    case ActivationFunctionType::NONE:
      return value;
    case ActivationFunctionType::RELU:
      return add(ops::Relu{value});
    case ActivationFunctionType::RELU6:
      return add(ops::Relu6{value});
    case ActivationFunctionType::RELU_N1_TO_1:
      return add(ops::Clamp{.input = value, .low = -1.0, .high = 1.0});
    case ActivationFunctionType::TANH:
      return add(ops::Tanh{value});
    default:
      fail("has activation {}, which is not read", static_cast<int>(activation));
  }
}

std::string Reader::activation_name(ActivationFunctionType activation) const {
  switch (activation) {
    case ActivationFunctionType::NONE:
      return "none";
    case ActivationFunctionType::RELU:
      return std::string(ops::Relu::name);
    case ActivationFunctionType::RELU6:
      return std::string(ops::Relu6::name);
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
