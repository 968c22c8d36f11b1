// SPDX-License-Identifier: Apache-2.0
// integer_operators FOLDER [PART]: writes a .tflite file for each integer operator, random inputs, and our answers from the
// file as read back. compare_with_litert/compare_operators.py compares them with LiteRT's. jobs.json lists them. With PART,
// only operators whose names contain it.
//
// LiteRT's page accepts u8 but not i8, so networks of i8 are put between two quantize operators.
#include <cmath>
#include <cstdio>

#include "fovea/core/error.h"
#include "fovea/interchange/tflite/write.h"
#include "tests/judges/file_operators.h"

using namespace fovea;
using namespace fovea::judges;

namespace {

using Integers = std::vector<int64_t>;

QuantizedType coding(DType storage, float scale, int64_t zero) { return {storage, {.scales = {scale}, .zeros = {zero}}}; }

TensorType tensor_type(const Shape& shape, const QuantizedType& type) { return {shape, type.storage, type.quantization}; }

struct Parameter {
  TensorType type;
  Tensor values;
  bool four_bits = false;
};

// The operator alone in a network, between two conversions when it works on i8.
class Writer {
 public:
  explicit Writer(OperatorJobs& jobs) : jobs_(jobs) {}

  void add(const std::string& name, const std::string& op, const TensorType& input, const std::vector<Parameter>& parameters,
           const Attributes& attributes) {
    InferenceModel model{.name = op, .graph = Graph("main")};
    TensorType port = input;
    if (input.dtype == DType::i8) port = {input.shape, DType::u8, unsigned_of(*input.quantization)};
    std::vector<Ref> operands{model.graph.argument("x", port, Role::input)};
    if (input.dtype == DType::i8)
      operands = model.graph.add("quantize", operands, {{"output", QuantizedType{DType::i8, *input.quantization}}}, "in");
    for (const Parameter& parameter : parameters) {
      const std::string name = "parameter" + std::to_string(operands.size());
      operands.push_back(model.graph.argument(name, parameter.type, Role::parameter));
      model.tensors[name] = parameter.values;
      if (parameter.four_bits) model.four_bits.insert(name);
    }
    Ref y = model.graph.add(op, operands, attributes, "layer")[0];
    const TensorType type = model.graph.type(y);
    if (type.dtype == DType::i8)
      y = model.graph.add("quantize", {y}, {{"output", QuantizedType{DType::u8, unsigned_of(*type.quantization)}}}, "out")[0];
    model.graph.finish({{"y", y}});
    jobs_.add(name, tflite_bytes(model), port);
  }

 private:
  static Quantization unsigned_of(Quantization quantization) {
    quantization.zeros[0] += 128;
    return quantization;
  }

  OperatorJobs& jobs_;
};

// All operators on one storage type. `middle` is the zero point of centered numbers, 0 or 128.
class Cases {
 public:
  Cases(Writer& writer, DType storage)
      : writer_(writer),
        storage_(storage),
        prefix_(std::string(name(storage)) + "_"),
        middle_(storage == DType::i8 ? 0 : 128) {}

  void write_all() const {
    elementwise();
    functions();
    conversions();
    pooling();
    resizing();
    contractions();
  }

 private:
  QuantizedType of(float scale, int64_t zero) const { return coding(storage_, scale, middle_ + zero); }
  QuantizedType input() const { return of(0.0337F, -3); }
  QuantizedType output() const { return of(0.0711F, 7); }
  void add(const std::string& name, const std::string& op, const TensorType& x, const std::vector<Parameter>& parameters,
           const Attributes& attributes) const {
    writer_.add(prefix_ + name, op, x, parameters, attributes);
  }
  Parameter parameter(const Shape& shape, const QuantizedType& type, uint64_t stream) const {
    return {tensor_type(shape, type), random_tensor(shape, type.storage, stream)};
  }

  void elementwise() const {
    const Shape image{1, 7, 6, 16};
    const QuantizedType other = of(0.0519F, 11);
    for (const std::string op : {"add", "sub", "mul"}) {
      for (const std::string activation : {"none", "relu6"})
        add(op + "_" + activation, "quantized_" + op, tensor_type(image, input()), {parameter(image, other, 3)},
            {{"activation", activation}, {"output", output()}});
      add(op + "_channels", "quantized_" + op, tensor_type(image, input()), {parameter({1, 1, 1, 16}, other, 4)},
          {{"output", output()}});
    }
    for (const std::string op : {"maximum", "minimum"})
      add(op, "quantized_" + op, tensor_type(image, input()), {parameter(image, input(), 3)}, {});
    add("prelu", "quantized_prelu", tensor_type(image, input()), {parameter({1, 1, 16}, of(0.0119F, 5), 4)},
        {{"output", output()}});
  }

  void functions() const {
    const QuantizedType probability = of(1.0F / 256, -128), centered = of(1.0F / 128, 0);
    for (const std::string function :
         {"relu", "relu6", "relu_n1_to_1", "sigmoid", "tanh", "hard_swish", "gelu", "leaky_relu"}) {
      for (const float scale : {0.0337F, 0.061F, 0.0711F}) {
        const QuantizedType result = function == "sigmoid" ? probability : function == "tanh" ? centered : output();
        add(function + std::to_string(std::lround(scale * 1e4F)), "quantized_activation",
            tensor_type({1, 7, 6, 16}, of(scale, 7)), {},
            {{"function", function}, {"alpha", function == "leaky_relu" ? 0.1 : 0.0}, {"output", result}});
      }
    }
    for (const auto& [classes, scale] : {std::pair{1001, 0.117F}, {10, 0.05F}, {3, 0.9F}})
      add("softmax" + std::to_string(classes), "quantized_softmax", tensor_type({1, classes}, of(scale, 4)), {},
          {{"output", probability}});
  }

  void conversions() const {
    const Shape image{1, 7, 6, 16};
    for (const float scale : {0.0711F, 0.0071F, 0.0337F})
      add("requantize" + std::to_string(std::lround(scale * 1e4F)), "quantize", tensor_type(image, input()), {},
          {{"output", of(scale, 7)}});
    add("quantize", "quantize", {image, DType::f32}, {}, {{"output", output()}});
    add("dequantize", "dequantize", tensor_type(image, input()), {}, {});
  }

  void pooling() const {
    const Attributes same{{"window", Integers{3, 3}}, {"strides", Integers{2, 2}}, {"padding", std::string("same")}};
    add("maximum", "max_pool", tensor_type({1, 7, 6, 16}, input()), {}, same);
    add("average", "quantized_average_pool", tensor_type({1, 7, 6, 16}, input()), {}, same);
    add("average_all", "quantized_average_pool", tensor_type({1, 7, 7, 16}, input()), {}, {{"window", Integers{7, 7}}});
    for (int64_t k = 0; k < 8; ++k) {
      const auto step = static_cast<float>(k);
      const QuantizedType from = of(0.01F + 0.0137F * step, -7 * k), to = of(0.0061F + 0.0117F * step, 5 * k - 9);
      add("mean" + std::to_string(k), "quantized_mean", tensor_type({1, 1 + k, 4, 40}, from), {},
          {{"dims", Integers{1, 2}}, {"output", k % 2 == 0 ? from : to}});
    }
  }

  void resizing() const {
    for (const std::string method : {"bilinear", "nearest"}) {
      for (const Integers& size : {Integers{14, 12}, {9, 11}, {3, 5}}) {
        for (const std::string way : {"legacy", "corners", "centers"})
          add(method + std::to_string(size[0]) + "_" + way, "resize", tensor_type({1, 7, 6, 16}, input()), {},
              {{"size", size},
               {"method", method},
               {"align_corners", way == "corners"},
               {"half_pixel_centers", way == "centers"}});
      }
    }
  }

  // Weights with one scale, and with one for each channel when they are signed.
  void contractions() const {
    const QuantizedType one = storage_ == DType::i8 ? coding(storage_, 0.013F, 0) : coding(storage_, 0.013F, 131);
    contraction("", one);
    if (storage_ == DType::u8) return;
    QuantizedType channels{DType::i8, {.axis = 3}};
    for (int at = 0; at < 24; ++at) {
      channels.quantization.scales.push_back(0.003F + 0.0017F * static_cast<float>(at % 5));
      channels.quantization.zeros.push_back(0);
    }
    contraction("_channels", channels);
    contraction("_four_bits", one, true);
    contraction("_four_bits_channels", channels, true);
  }

  // Random weights, from -7 to 7 where they have 4 bits.
  Parameter weights(const Shape& shape, const QuantizedType& type, bool four_bits) const {
    Parameter weights = parameter(shape, type, 6);
    weights.four_bits = four_bits;
    for (int64_t i = 0; four_bits && i < weights.values.size(); ++i)
      weights.values.data<int8_t>()[i] = static_cast<int8_t>(weights.values.data<int8_t>()[i] % 8);
    return weights;
  }

  void contraction(const std::string& suffix, const QuantizedType& weight, bool four_bits = false) const {
    Quantization bias;
    for (const float scale : weight.quantization.scales) bias.scales.push_back(input().quantization.scales[0] * scale);
    bias.zeros.assign(bias.scales.size(), 0);
    bias.axis = weight.quantization.per_channel() ? 0 : -1;
    const Parameter bias_values{{{24}, DType::i32, bias}, random_tensor({24}, DType::i32, 5)};
    QuantizedType units = weight;
    if (units.quantization.per_channel()) units.quantization.axis = 1;
    const std::string same = "same";
    add("conv" + suffix, "quantized_conv", tensor_type({1, 7, 6, 16}, input()),
        {weights({3, 3, 16, 24}, weight, four_bits), bias_values},
        {{"padding", same}, {"strides", Integers{2, 2}}, {"activation", std::string("relu6")}, {"output", output()}});
    add("pointwise" + suffix, "quantized_conv", tensor_type({1, 7, 6, 40}, input()),
        {weights({1, 1, 40, 24}, weight, four_bits), bias_values}, {{"output", output()}});
    add("depthwise" + suffix, "quantized_conv", tensor_type({1, 7, 6, 24}, input()),
        {weights({3, 3, 1, 24}, weight, four_bits), bias_values},
        {{"padding", same}, {"groups", int64_t{24}}, {"output", output()}});
    add("dense" + suffix, "quantized_dense", tensor_type({1, 77}, input()), {weights({77, 24}, units, four_bits), bias_values},
        {{"output", output()}});
  }

  Writer& writer_;
  DType storage_;
  std::string prefix_;
  int64_t middle_;
};

}  // namespace

int main(int count, char** words) {
  try {
    if (count != 2 && count != 3) refuse("integer_operators FOLDER [PART OF NAMES]");
    OperatorJobs jobs(words[1], count == 3 ? words[2] : "");
    Writer writer(jobs);
    for (const DType storage : {DType::i8, DType::u8}) Cases(writer, storage).write_all();
    add_file_operators(jobs);
    add_word_operators(jobs);
    add_real_operators(jobs);
    jobs.finish();
  } catch (const Error& error) {
    std::fprintf(stderr, "integer_operators: %s\n", error.what());
    return 1;
  }
}
