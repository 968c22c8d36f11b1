// SPDX-License-Identifier: Apache-2.0
// The published rules of the Edge TPU: files that Coral itself compiles, and small ones that each break one rule.
#include "fovea/interchange/tflite/edgetpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "app/environment.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

using tflite::schema::BuiltinOperator;
using tflite::schema::TensorType;

// A file of operators in sequence, on tensors that are created as needed.
class FileBuilder {
 public:
  FileBuilder() {
    model_.version = 3;
    model_.buffers.push_back(std::make_unique<tflite::schema::BufferT>());
    model_.subgraphs.push_back(std::make_unique<tflite::schema::SubGraphT>());
  }

  int tensor(std::vector<int> shape, TensorType type = TensorType::INT8) {
    auto tensor = std::make_unique<tflite::schema::TensorT>();
    tensor->name = fmt::format("t{}", graph().tensors.size());
    tensor->shape = std::move(shape);
    tensor->type = type;
    tensor->quantization = std::make_unique<tflite::schema::QuantizationParametersT>();
    if (type == TensorType::INT8) tensor->quantization->scale = {0.5f}, tensor->quantization->zero_point = {0};
    graph().tensors.push_back(std::move(tensor));
    return static_cast<int>(graph().tensors.size()) - 1;
  }

  int constant(std::vector<int> shape, TensorType type, std::vector<uint8_t> bytes) {
    const int index = tensor(std::move(shape), type);
    graph().tensors.back()->buffer = static_cast<uint32_t>(model_.buffers.size());
    auto buffer = std::make_unique<tflite::schema::BufferT>();
    buffer->data = std::move(bytes);
    model_.buffers.push_back(std::move(buffer));
    return index;
  }

  int integers(const std::vector<int32_t>& values) {
    std::vector<uint8_t> bytes(4 * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return constant({static_cast<int>(values.size())}, TensorType::INT32, std::move(bytes));
  }

  template <typename Options>
  void add(BuiltinOperator code, std::vector<int> inputs, std::vector<int> outputs, Options options) {
    auto op = std::make_unique<tflite::schema::OperatorT>();
    op->opcode_index = static_cast<uint32_t>(model_.operator_codes.size());
    op->inputs = std::move(inputs);
    op->outputs = std::move(outputs);
    op->builtin_options.Set(std::move(options));
    graph().operators.push_back(std::move(op));
    auto opcode = std::make_unique<tflite::schema::OperatorCodeT>();
    opcode->deprecated_builtin_code = static_cast<int8_t>(code);
    opcode->builtin_code = code;
    model_.operator_codes.push_back(std::move(opcode));
  }

  EdgeTpuReport report() {
    graph().inputs = {graph().operators.front()->inputs[0]};
    graph().outputs = {graph().operators.back()->outputs[0]};
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(tflite::schema::Model::Pack(builder, &model_), "TFL3");
    const auto* bytes = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
    return edgetpu_report(tflite::File(std::vector<std::byte>(bytes, bytes + builder.GetSize()), "a.tflite"));
  }

 private:
  tflite::schema::SubGraphT& graph() { return *model_.subgraphs[0]; }
  tflite::schema::ModelT model_;
};

// Why the one operator that `add` creates is not mapped.
std::string reason(const std::function<void(FileBuilder&)>& add) {
  FileBuilder builder;
  add(builder);
  return builder.report().operators.at(0).reason;
}

TEST(EdgeTpu, TakesTheModelsThatCoralPublishesForIt) {
  const std::filesystem::path folder = test_data() / "tflite";
  if (test_data().empty() || !std::filesystem::exists(folder)) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  for (const char* name : {"tf2_mobilenet_v2_1.0_224_ptq", "mobilenet_v2_1.0_224_quant", "mobilenet_v1_0.25_128_quant"}) {
    const EdgeTpuReport report = edgetpu_report(tflite::File(folder / (std::string(name) + ".tflite")));
    EXPECT_TRUE(report.whole()) << name;
    // Nearly all of the file is parameters.
    const auto size = static_cast<int64_t>(std::filesystem::file_size(folder / (std::string(name) + ".tflite")));
    EXPECT_GT(report.parameter_bytes, size * 4 / 5) << name;
    EXPECT_LT(report.parameter_bytes, size) << name;
  }
}

TEST(EdgeTpu, TheFirstThatDoesNotFitEndsTheMappedPart) {
  FileBuilder builder;
  const int a = builder.tensor({1, 4, 4, 8}), b = builder.tensor({1, 4, 4, 8}), c = builder.tensor({1, 4, 4, 8}),
            d = builder.tensor({1, 4, 4, 8});
  builder.add(BuiltinOperator::RELU, {a}, {b}, tflite::schema::AddOptionsT());
  builder.add(BuiltinOperator::HARD_SWISH, {b}, {c}, tflite::schema::HardSwishOptionsT());
  builder.add(BuiltinOperator::RELU, {c}, {d}, tflite::schema::AddOptionsT());
  const EdgeTpuReport report = builder.report();
  EXPECT_EQ(report.mapped, 1);
  EXPECT_FALSE(report.whole());
  EXPECT_EQ(report.operators[1].reason, "the Edge TPU has no such operator");
  EXPECT_EQ(report.operators[2].reason, "");
  EXPECT_FALSE(report.operators[2].mapped);
  EXPECT_EQ(report.most_activation_bytes, 2 * 4 * 4 * 8);
}

TEST(EdgeTpu, WantsTensorsOfEightBitsAndThreeDimensions) {
  const auto relu = [](std::vector<int> shape, TensorType type) {
    return reason([=](FileBuilder& builder) {
      const int x = builder.tensor(shape, type);
      builder.add(BuiltinOperator::RELU, {x}, {builder.tensor(shape, type)}, tflite::schema::AddOptionsT());
    });
  };
  EXPECT_EQ(relu({1, 4, 4, 8}, TensorType::INT8), "");
  EXPECT_EQ(relu({1, 4, 4, 8}, TensorType::FLOAT32), "t0 is FLOAT32, not of 8 bits");
  EXPECT_EQ(relu({2, 4, 4, 8}, TensorType::INT8), "t0 is [2, 4, 4, 8]; only the three innermost dimensions may be above 1");
  EXPECT_EQ(relu({4, 4, 8}, TensorType::INT8), "");
  const auto dense = [](TensorType weights, size_t bytes) {
    return reason([=](FileBuilder& builder) {
      const int w = builder.constant({2, 8}, weights, std::vector<uint8_t>(bytes));
      builder.add(BuiltinOperator::FULLY_CONNECTED, {builder.tensor({1, 8}), w, -1}, {builder.tensor({1, 2})},
                  tflite::schema::FullyConnectedOptionsT());
    });
  };
  EXPECT_EQ(dense(TensorType::INT8, 16), "");
  EXPECT_EQ(dense(TensorType::INT4, 8), "t0 is INT4, not of 8 bits");
}

TEST(EdgeTpu, WantsEqualDilationsAndConstantParameters) {
  const auto conv = [](int height, int width, bool constant) {
    return reason([=](FileBuilder& builder) {
      const int x = builder.tensor({1, 8, 8, 1});
      const int w =
          constant ? builder.constant({1, 3, 3, 1}, TensorType::INT8, std::vector<uint8_t>(9)) : builder.tensor({1, 3, 3, 1});
      tflite::schema::Conv2DOptionsT options;
      options.stride_h = options.stride_w = 1;
      options.dilation_h_factor = height;
      options.dilation_w_factor = width;
      builder.add(BuiltinOperator::CONV_2D, {x, w, -1}, {builder.tensor({1, 8, 8, 1})}, options);
    });
  };
  EXPECT_EQ(conv(1, 1, true), "");
  EXPECT_EQ(conv(2, 2, true), "");
  EXPECT_EQ(conv(1, 2, true), "dilation 1 by 2; it must be equal in both directions");
  EXPECT_EQ(conv(1, 1, false), "its parameter t1 is computed, not constant");
}

TEST(EdgeTpu, LimitsReductionsPaddingSlicesAndSoftmax) {
  const auto mean = [](std::vector<int> shape, std::vector<int32_t> dimensions, std::vector<int> result) {
    return reason([=](FileBuilder& builder) {
      const int x = builder.tensor(shape);
      builder.add(BuiltinOperator::MEAN, {x, builder.integers(dimensions)}, {builder.tensor(result)},
                  tflite::schema::ReducerOptionsT());
    });
  };
  EXPECT_EQ(mean({1, 7, 7, 6}, {1, 2}, {1, 6}), "");
  EXPECT_EQ(mean({1, 7, 7, 6}, {1}, {1, 7, 6}), "it reduces over one of height and width only");
  EXPECT_EQ(mean({1, 7, 7, 6}, {1, 2, -1}, {1}), "a mean over 6 channels; a multiple of 4 is needed");
  EXPECT_EQ(mean({1, 7, 7, 8}, {1, 2, 3}, {1}), "");
  const auto pad = [](std::vector<int32_t> amounts) {
    return reason([=](FileBuilder& builder) {
      const int x = builder.tensor({1, 4, 4, 2});
      builder.add(BuiltinOperator::PAD, {x, builder.integers(amounts)}, {builder.tensor({1, 5, 5, 2})},
                  tflite::schema::PadOptionsT());
    });
  };
  EXPECT_EQ(pad({0, 0, 0, 1, 0, 1, 0, 0}), "");
  EXPECT_EQ(pad({0, 1, 0, 0, 0, 0, 0, 0}), "it pads the batch");
  const auto softmax = [](std::vector<int> shape) {
    return reason([=](FileBuilder& builder) {
      const int x = builder.tensor(shape);
      builder.add(BuiltinOperator::SOFTMAX, {x}, {builder.tensor(shape)}, tflite::schema::SoftmaxOptionsT());
    });
  };
  EXPECT_EQ(softmax({1, 16000}), "");
  EXPECT_EQ(softmax({1, 16001}), "16001 elements; at most 16,000");
  EXPECT_EQ(softmax({1, 3, 4}), "its input [1, 3, 4] is not one-dimensional");
}

}  // namespace
}  // namespace fovea
