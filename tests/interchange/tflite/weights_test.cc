// SPDX-License-Identifier: Apache-2.0
// Weights as files store them: 8 and 4 bits with real activations, halves, sparse ones, and biases with other scales.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/interchange/tflite/read.h"
#include "fovea/interchange/tflite/sparse.h"
#include "fovea/interchange/tflite/write.h"
#include "tests/interchange/tflite/answers.h"
#include "tests/judges/file_model.h"

namespace fovea {
namespace {

using judges::coding;
using judges::FileModel;
using tflite::BuiltinOperator;
namespace file = tflite::schema;

Quantization channel_scales(int64_t count, int64_t axis) {
  Quantization scales{.axis = axis};
  for (int64_t at = 0; at < count; ++at) scales.scales.push_back(0.01F + 0.003F * static_cast<float>(at));
  scales.zeros.assign(scales.scales.size(), 0);
  return scales;
}

// The numbers that `integers` stand for; scales belong to the first or the last dimension.
Tensor numbers_of(const Tensor& integers, const Quantization& type) {
  Tensor reals(integers.shape(), DType::f32);
  const int64_t inner = type.axis == 0 ? integers.size() / integers.shape()[0] : 1;
  for (int64_t at = 0; at < integers.size(); ++at) {
    const auto channel = static_cast<size_t>(type.per_channel() ? at / inner % std::ssize(type.scales) : 0);
    const int64_t q = integers.dtype() == DType::u8 ? integers.data<uint8_t>()[at] : integers.data<int8_t>()[at];
    reals.data<float>()[at] = type.scales[channel] * static_cast<float>(q - type.zeros[channel]);
  }
  return reals;
}

// A network of one contraction with `weights` and a bias.
std::vector<std::byte> contraction(BuiltinOperator code, const Tensor& weights, const std::optional<Quantization>& type) {
  FileModel model;
  const bool dense = code == BuiltinOperator::FULLY_CONNECTED, depthwise = code == BuiltinOperator::DEPTHWISE_CONV_2D;
  const int64_t outputs = depthwise ? weights.shape()[3] : weights.shape()[0];
  const Shape image = dense ? Shape{1, weights.shape()[1]} : Shape{1, 6, 5, weights.shape()[3]};
  const Shape result = dense ? Shape{1, outputs} : Shape{1, 6, 5, outputs};
  const int x = model.tensor(image, DType::f32), y = model.tensor(result, DType::f32);
  const std::vector<int> inputs{x, model.tensor(weights.shape(), weights.dtype(), type, weights),
                                model.tensor({outputs}, DType::f32, {}, real_noise({outputs}, 3))};
  file::Conv2DOptionsT conv;
  file::DepthwiseConv2DOptionsT each;
  conv.stride_w = conv.stride_h = each.stride_w = each.stride_h = each.depth_multiplier = 1;
  if (dense) model.add(code, 1, inputs, {y}, file::FullyConnectedOptionsT{});
  if (depthwise) model.add(code, 1, inputs, {y}, std::move(each));
  if (code == BuiltinOperator::CONV_2D) model.add(code, 1, inputs, {y}, std::move(conv));
  return model.bytes(x, y);
}

Tensor answer_of(const std::vector<std::byte>& file, const Shape& input) { return answers(file, {real_noise(input, 9)})[0]; }

void expect_equal(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape(), b.shape());
  for (int64_t at = 0; at < a.size(); ++at) ASSERT_EQ(a.data<float>()[at], b.data<float>()[at]) << at;
}

TEST(TfliteWeights, OfEightBitsAreTheNumbersTheyStandFor) {
  struct Form {
    BuiltinOperator code;
    Shape weights, input;
    int64_t axis;
  };
  for (const Form& form : {Form{BuiltinOperator::FULLY_CONNECTED, {7, 20}, {1, 20}, 0},
                           {BuiltinOperator::CONV_2D, {7, 3, 3, 4}, {1, 6, 5, 4}, 0},
                           {BuiltinOperator::DEPTHWISE_CONV_2D, {1, 3, 3, 7}, {1, 6, 5, 7}, 3}}) {
    for (const Quantization& type : {coding(0.02F, 0), channel_scales(7, form.axis)}) {
      const Tensor weights = integer_noise(form.weights, DType::i8, 1);
      expect_equal(answer_of(contraction(form.code, weights, type), form.input),
                   answer_of(contraction(form.code, numbers_of(weights, type), {}), form.input));
    }
    const Tensor bytes = integer_noise(form.weights, DType::u8, 1);
    expect_equal(answer_of(contraction(form.code, bytes, coding(0.02F, 131)), form.input),
                 answer_of(contraction(form.code, numbers_of(bytes, coding(0.02F, 131)), {}), form.input));
    EXPECT_THROW(answer_of(contraction(form.code, integer_noise(form.weights, DType::i8, 1), {}), form.input), Error);
  }
}

TEST(TfliteWeights, OfFourBitsAndOfHalvesAreWidened) {
  const Tensor integers = integer_noise({3, 7}, DType::i8, 1);
  Tensor small({3, 7}, DType::i8), packed({11}, DType::i8), reals({3, 7}, DType::f32), halves({3, 7}, DType::f16);
  for (int64_t at = 0; at < 21; ++at) {
    small.data<int8_t>()[at] = static_cast<int8_t>(((integers.data<int8_t>()[at] % 16) + 24) % 16 - 8);
    packed.raw()[at / 2] |= static_cast<std::byte>((small.data<int8_t>()[at] & 15) << at % 2 * 4);
    const int exponent = static_cast<int>(at % 5) - 2;  // 1.25 * 2^exponent
    reinterpret_cast<uint16_t*>(halves.raw())[at] = static_cast<uint16_t>((15 + exponent) << 10 | 256);
    reals.data<float>()[at] = std::ldexp(1.25F, exponent);
  }
  const std::vector<std::byte> plain = contraction(BuiltinOperator::FULLY_CONNECTED, small, coding(0.02F, 0));
  FileModel model;
  const int x = model.tensor({1, 7}, DType::f32), y = model.tensor({1, 3}, DType::f32);
  const int weights = model.tensor({11}, DType::i8, coding(0.02F, 0), packed);
  model.table(weights).type = file::TensorType::INT4;
  model.table(weights).shape = {3, 7};
  model.add(BuiltinOperator::FULLY_CONNECTED, 1, {x, weights, model.tensor({3}, DType::f32, {}, real_noise({3}, 3))}, {y},
            file::FullyConnectedOptionsT{});
  expect_equal(answer_of(model.bytes(x, y), {1, 7}), answer_of(plain, {1, 7}));
  expect_equal(answer_of(contraction(BuiltinOperator::FULLY_CONNECTED, halves, {}), {1, 7}),
               answer_of(contraction(BuiltinOperator::FULLY_CONNECTED, reals, {}), {1, 7}));
}

// A network with weights of 4 bits is written as such, and read back as what it was.
TEST(TfliteWeights, OfFourBitsAreWrittenAsTwoToAByte) {
  for (const bool odd : {false, true}) {
    const int64_t in = odd ? 5 : 6, out = 3;
    InferenceModel model{.name = "four", .graph = Graph("main"), .tensors = {}, .preprocessing = {}};
    const QuantizedType bytes{DType::u8, coding(0.05F, 128)}, inside{DType::i8, coding(0.05F, 0)};
    const Quantization scales{.scales = {0.1F, 0.2F, 0.3F}, .zeros = {0, 0, 0}, .axis = 1};
    const Ref x = model.graph.argument("x", {{1, in}, DType::u8, bytes.quantization}, Role::input);
    const Ref q = model.graph.add("quantize", {x}, {{"output", inside}}, "in")[0];
    const Ref weight = model.graph.argument("weight", {{in, out}, DType::i8, scales}, Role::parameter);
    const Ref bias = model.graph.argument("bias", {{out}, DType::i32}, Role::parameter);
    const Ref y = model.graph.add("quantized_dense", {q, weight, bias}, {{"output", inside}}, "layer")[0];
    model.graph.finish({{"y", model.graph.add("quantize", {y}, {{"output", bytes}}, "out")[0]}});
    Tensor integers({in, out}, DType::i8);
    for (int64_t i = 0; i < integers.size(); ++i) integers.data<int8_t>()[i] = static_cast<int8_t>(i * 5 % 15 - 7);
    model.tensors = {{"weight", integers}, {"bias", integer_noise({out}, DType::i32, 2)}};
    const std::vector<std::byte> wide = tflite_bytes(model);
    model.four_bits = {"weight"};
    const std::vector<std::byte> packed = tflite_bytes(model);
    const InferenceModel read = read_tflite(packed, "packed.tflite", {});
    ASSERT_EQ(read.four_bits.size(), 1u);
    const Tensor& back = read.tensors.at(*read.four_bits.begin());
    ASSERT_EQ(back.shape(), integers.shape());
    EXPECT_TRUE(std::equal(back.raw(), back.raw() + back.bytes(), integers.raw()));
    EXPECT_EQ(tflite_bytes(read).size(), packed.size()) << "read and written again";
    const Tensor pixels = integer_noise({1, in}, DType::u8, 4);
    const Tensor a = answers(wide, {pixels})[0], b = answers(packed, {pixels})[0];
    EXPECT_TRUE(std::equal(a.raw(), a.raw() + a.bytes(), b.raw()));
    const tflite::File file(packed, "packed.tflite");
    int versions = 0;
    for (const tflite::FileOperator& op : file.operators())
      versions += op.code == BuiltinOperator::FULLY_CONNECTED && op.version == 12 ? 1 : 0;
    EXPECT_EQ(versions, 1);
    for (const tflite::FileTensor& tensor : file.tensors()) EXPECT_EQ(tensor.four_bits, tensor.shape == Shape({out, in}));
    integers.data<int8_t>()[1] = 8;
    EXPECT_THROW(tflite_bytes(model), Error);
  }
}

// Biases written by the converters of 2019 have the dimension of their filter, and some have another scale than the sums.
TEST(TfliteWeights, ScalesOfABiasAreNotUsed) {
  std::vector<Tensor> given;
  for (const int32_t form : {0, 3, -1}) {
    FileModel model;
    const int x = model.tensor({1, 4, 4, 8}, DType::u8, coding(0.05F, 128)),
              y = model.tensor({1, 4, 4, 8}, DType::u8, coding(0.1F, 128));
    const Quantization scales = channel_scales(8, 3);
    Quantization sums = scales;
    for (float& scale : sums.scales) scale *= 0.05F;
    sums.axis = 0;
    const int filter = model.tensor({1, 3, 3, 8}, DType::i8, scales, integer_noise({1, 3, 3, 8}, DType::i8, 1));
    const int bias = model.tensor({8}, DType::i32, form < 0 ? coding(7, 0) : sums, integer_noise({8}, DType::i32, 2));
    if (form >= 0) model.table(bias).quantization->quantized_dimension = form;
    file::DepthwiseConv2DOptionsT options;
    options.stride_w = options.stride_h = options.depth_multiplier = 1;
    const int between = model.tensor({1, 4, 4, 8}, DType::i8, coding(0.05F, 0)),
              after = model.tensor({1, 4, 4, 8}, DType::i8, coding(0.1F, 0));
    model.add(BuiltinOperator::QUANTIZE, 1, {x}, {between}, file::QuantizeOptionsT{});
    model.add(BuiltinOperator::DEPTHWISE_CONV_2D, 3, {between, filter, bias}, {after}, std::move(options));
    model.add(BuiltinOperator::QUANTIZE, 1, {after}, {y}, file::QuantizeOptionsT{});
    given.push_back(answers(model.bytes(x, y), {integer_noise({1, 4, 4, 8}, DType::u8, 4)})[0]);
  }
  for (const Tensor& other : given)
    for (int64_t at = 0; at < other.size(); ++at) ASSERT_EQ(other.data<uint8_t>()[at], given[0].data<uint8_t>()[at]);
}

// How a matrix of bytes is stored sparsely: its dimensions in the order of `order`, in blocks of `block`, with only the last
// outer dimension compressed if `compressed`.
struct SparseForm {
  std::array<int, 2> order, block;
  bool inner_first;  // the order inside a block
  int width;         // bytes of a position
};

template <typename Vector>
file::SparseIndexVectorUnion numbers(const std::vector<int>& values) {
  Vector table;
  table.values.assign(values.begin(), values.end());
  file::SparseIndexVectorUnion result;
  result.Set(std::move(table));
  return result;
}

file::SparseIndexVectorUnion numbers(const std::vector<int>& values, int width) {
  if (width == 1) return numbers<file::Uint8VectorT>(values);
  return width == 2 ? numbers<file::Uint16VectorT>(values) : numbers<file::Int32VectorT>(values);
}

std::pair<file::SparsityParametersT, std::vector<std::byte>> stored_sparsely(const Tensor& matrix, const SparseForm& form) {
  const std::array<int, 2> sizes{static_cast<int>(matrix.shape()[0]), static_cast<int>(matrix.shape()[1])};
  file::SparsityParametersT sparsity;
  std::vector<std::byte> stored;
  const bool blocks = form.block[0] * form.block[1] > 1;
  const std::array<int, 2> inside = form.inner_first ? std::array{1, 0} : std::array{0, 1};
  sparsity.traversal_order = {form.order[0], form.order[1]};
  if (blocks) {
    sparsity.block_map = {0, 1};
    for (const int dim : inside) sparsity.traversal_order.push_back(2 + dim);
  }
  const int outer = form.order[0], walked = form.order[1];
  std::vector<int> segments{0}, positions;
  for (int i = 0; i < sizes[static_cast<size_t>(outer)] / form.block[static_cast<size_t>(outer)]; ++i) {
    for (int j = 0; j < sizes[static_cast<size_t>(walked)] / form.block[static_cast<size_t>(walked)]; ++j) {
      std::vector<std::byte> block;
      std::array<int, 2> at{}, in{};
      for (in[0] = 0; in[0] < form.block[static_cast<size_t>(inside[0])]; ++in[0])
        for (in[1] = 0; in[1] < form.block[static_cast<size_t>(inside[1])]; ++in[1]) {
          at[static_cast<size_t>(outer)] = i * form.block[static_cast<size_t>(outer)];
          at[static_cast<size_t>(walked)] = j * form.block[static_cast<size_t>(walked)];
          for (size_t k = 0; k < 2; ++k) at[static_cast<size_t>(inside[k])] += in[k];
          block.push_back(matrix.raw()[at[0] * sizes[1] + at[1]]);
        }
      if (std::ranges::all_of(block, [](std::byte byte) { return byte == std::byte{0}; })) continue;
      positions.push_back(j);
      stored.insert(stored.end(), block.begin(), block.end());
    }
    segments.push_back(static_cast<int>(positions.size()));
  }
  const auto add_dimension = [&](int size, bool sparse) {
    auto table = std::make_unique<file::DimensionMetadataT>();
    table->dense_size = size;
    if (sparse) {
      table->format = file::DimensionType::SPARSE_CSR;
      table->array_segments = numbers(segments, form.width);
      table->array_indices = numbers(positions, form.width);
    }
    sparsity.dim_metadata.push_back(std::move(table));
  };
  add_dimension(sizes[static_cast<size_t>(outer)] / form.block[static_cast<size_t>(outer)], false);
  add_dimension(0, true);
  if (blocks)
    for (const int dim : inside) add_dimension(form.block[static_cast<size_t>(dim)], false);
  return {std::move(sparsity), std::move(stored)};
}

Tensor mostly_zeros(const Shape& shape, uint64_t stream) {
  Tensor matrix = integer_noise(shape, DType::i8, stream);
  Random random(3, stream);
  for (int64_t at = 0; at < matrix.size(); ++at)
    if (random.below(4) != 0) matrix.data<int8_t>()[at] = 0;
  return matrix;
}

std::vector<std::byte> spread(const file::SparsityParametersT& sparsity, const Shape& shape,
                              std::span<const std::byte> stored) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(file::CreateSparsityParameters(builder, &sparsity));
  return tflite::dense_bytes(*flatbuffers::GetRoot<file::SparsityParameters>(builder.GetBufferPointer()), shape, 1, stored,
                             "test");
}

std::vector<SparseForm> sparse_forms() {
  std::vector<SparseForm> forms;
  for (const auto order : {std::array{0, 1}, {1, 0}})
    for (const auto block : {std::array{1, 1}, {1, 4}, {4, 1}, {2, 2}, {8, 4}})
      for (const bool inner_first : {false, true})
        for (const int width : {1, 2, 4}) forms.push_back({order, block, inner_first, width});
  return forms;
}

TEST(TfliteWeights, SparseOnesAreSpreadInEveryForm) {
  for (const SparseForm& form : sparse_forms()) {
    const Tensor matrix = mostly_zeros({8, 12}, static_cast<uint64_t>(form.width));
    const auto [sparsity, stored] = stored_sparsely(matrix, form);
    const std::vector<std::byte> bytes = spread(sparsity, matrix.shape(), stored);
    ASSERT_EQ(bytes.size(), matrix.bytes());
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), matrix.raw()));
    if (form.block == std::array{1, 1}) {
      EXPECT_LT(stored.size(), matrix.bytes());
    }
  }
}

// A network with sparse weights, with and without DENSIFY, answers like one with dense weights.
TEST(TfliteWeights, SparseOnesAreUsed) {
  const Tensor matrix = mostly_zeros({8, 12}, 1);
  for (const bool densify : {false, true}) {
    FileModel model;
    auto [sparsity, stored] = stored_sparsely(matrix, {{0, 1}, {1, 4}, false, 1});
    Tensor kept({std::ssize(stored)}, DType::i8);
    std::ranges::copy(stored, kept.raw());
    const int x = model.tensor({1, 12}, DType::f32), y = model.tensor({1, 8}, DType::f32);
    const int weights = model.tensor({std::ssize(stored)}, DType::i8, coding(0.02F, 0), kept);
    model.table(weights).shape = {8, 12};
    model.table(weights).sparsity = std::make_unique<file::SparsityParametersT>(std::move(sparsity));
    int used = weights;
    if (densify) model.add(BuiltinOperator::DENSIFY, 1, {weights}, {used = model.tensor({8, 12}, DType::i8, coding(0.02F, 0))});
    model.add(BuiltinOperator::FULLY_CONNECTED, 1, {x, used, model.tensor({8}, DType::f32, {}, real_noise({8}, 3))}, {y},
              file::FullyConnectedOptionsT{});
    expect_equal(answer_of(model.bytes(x, y), {1, 12}),
                 answer_of(contraction(BuiltinOperator::FULLY_CONNECTED, matrix, coding(0.02F, 0)), {1, 12}));
  }
}

// Changes every number of the description in turn: it is read or refused.
TEST(TfliteWeights, DamagedSparsityIsRefused) {
  const Tensor matrix = mostly_zeros({8, 12}, 1);
  int refused = 0, tried = 0;
  for (const SparseForm& form : sparse_forms()) {
    for (int place = 0; place < 40; ++place) {
      for (const int other : {-1, 0, 1, 7, 255, 1 << 30}) {
        auto [sparsity, stored] = stored_sparsely(matrix, form);
        std::vector<int*> numbers;
        for (int& number : sparsity.traversal_order) numbers.push_back(&number);
        for (int& number : sparsity.block_map) numbers.push_back(&number);
        for (auto& dim : sparsity.dim_metadata) {
          numbers.push_back(&dim->dense_size);
          for (file::SparseIndexVectorUnion* list : {&dim->array_segments, &dim->array_indices})
            if (auto* wide = list->AsInt32Vector())
              for (int& number : wide->values) numbers.push_back(&number);
        }
        if (place >= static_cast<int>(numbers.size())) continue;
        *numbers[static_cast<size_t>(place)] = other;
        ++tried;
        try {
          spread(sparsity, matrix.shape(), stored);
        } catch (const Error& error) {
          ++refused;
          EXPECT_THAT(error.what(), testing::HasSubstr("test is stored sparsely"));
        }
      }
    }
    auto [sparsity, stored] = stored_sparsely(matrix, form);
    stored.pop_back();
    EXPECT_THROW(spread(sparsity, matrix.shape(), stored), Error);
    EXPECT_THROW(spread(sparsity, {1 << 15, 1 << 15}, stored), Error);
  }
  EXPECT_GT(refused, tried / 2);
}

}  // namespace
}  // namespace fovea
