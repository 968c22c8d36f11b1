// SPDX-License-Identifier: Apache-2.0
// Files as other converters write them: logic, shapes that leave something open, custom operators, and metadata.
#include "fovea/interchange/tflite/read.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "fovea/core/error.h"
#include "fovea/interchange/tflite/metadata_generated.h"
#include "tests/interchange/tflite/answers.h"
#include "tests/judges/file_model.h"

namespace fovea {
namespace {

using judges::coding;
using judges::FileModel;
using tflite::BuiltinOperator;
namespace file = tflite::schema;

std::string complaint(const std::vector<std::byte>& bytes) {
  try {
    read_tflite(bytes, "test.tflite");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TfliteFiles, ComparisonsAndChoices) {
  const Shape shape{1, 3, 5};
  Tensor x = real_noise(shape, 1, 3), other = real_noise({5}, 2, 3);
  for (float& number : x.values<float>()) number = std::round(number);
  for (float& number : other.values<float>()) number = std::round(number);
  const auto right = [&](int64_t at) { return other.data<float>()[at % 5]; };
  struct Comparison {
    BuiltinOperator code;
    std::function<bool(float, float)> holds;
  };
  for (const Comparison& comparison : {Comparison{BuiltinOperator::LESS, std::less<float>()},
                                       {BuiltinOperator::LESS_EQUAL, std::less_equal<float>()},
                                       {BuiltinOperator::GREATER, std::greater<float>()},
                                       {BuiltinOperator::GREATER_EQUAL, std::greater_equal<float>()},
                                       {BuiltinOperator::EQUAL, std::equal_to<float>()},
                                       {BuiltinOperator::NOT_EQUAL, std::not_equal_to<float>()}}) {
    FileModel model;
    const int in = model.tensor(shape, DType::f32), limit = model.tensor({5}, DType::f32, {}, other);
    const int truth = model.tensor(shape, DType::boolean), opposite = model.tensor(shape, DType::boolean);
    const int both = model.tensor(shape, DType::boolean), either = model.tensor(shape, DType::boolean);
    const int chosen = model.tensor(shape, DType::f32);
    model.add(comparison.code, 1, {in, limit}, {truth});
    model.add(BuiltinOperator::LOGICAL_NOT, 1, {truth}, {opposite});
    model.add(BuiltinOperator::LOGICAL_AND, 1, {truth, opposite}, {both});
    model.add(BuiltinOperator::LOGICAL_OR, 1, {truth, opposite}, {either});
    model.add(BuiltinOperator::SELECT_V2, 1, {truth, in, limit}, {chosen});
    const std::vector<Tensor> given =
        answers(model.bytes(std::vector{in}, std::vector{truth, opposite, both, either, chosen}), {x});
    for (int64_t at = 0; at < x.size(); ++at) {
      const float left = x.data<float>()[at];
      const bool holds = comparison.holds(left, right(at));
      EXPECT_EQ(given[0].data<int8_t>()[at], holds ? 1 : 0);
      EXPECT_EQ(given[1].data<int8_t>()[at], holds ? 0 : 1);
      EXPECT_EQ(given[2].data<int8_t>()[at], 0);
      EXPECT_EQ(given[3].data<int8_t>()[at], 1);
      EXPECT_EQ(given[4].data<float>()[at], holds ? left : right(at));
    }
  }
}

// A batch of several images gives the result of each image alone, whatever a shape leaves open.
TEST(TfliteFiles, ShapesThatLeaveSomethingOpenTakeSeveralImages) {
  for (const std::vector<int64_t>& shape :
       {std::vector<int64_t>{1, -1, 1}, {1, -1}, {-1, 40}, {1, 4, -1}, {-1, 2, 20}, {1, 40}, {1, 1, -1, 5}}) {
    FileModel model;
    Shape out = shape;
    int64_t known = 1;
    for (const int64_t size : shape) known *= size > 0 ? size : 1;
    for (int64_t& size : out)
      if (size < 0) size = 40 / known;
    const int x = model.tensor({1, 4, 10}, DType::f32), y = model.tensor(out, DType::f32);
    model.add(BuiltinOperator::RESHAPE, 1, {x, model.integers(shape)}, {y}, file::ReshapeOptionsT{});
    const std::vector<std::byte> bytes = model.bytes(x, y);
    const Tensor images = real_noise({3, 4, 10}, 1), together = answers(bytes, {images}, 3)[0];
    out[0] *= 3;
    EXPECT_EQ(together.shape(), out) << to_string(shape);
    EXPECT_TRUE(std::equal(images.values<float>().begin(), images.values<float>().end(), together.values<float>().begin()));
  }
}

std::vector<std::byte> numbers(const std::vector<int32_t>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(int32_t));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

TEST(TfliteFiles, TransposedConvolutionsWithABiasOfTheirOwn) {
  for (const int32_t padding : {1, 2}) {
    for (const int32_t stride : {1, 2, 3}) {
      for (const int64_t taps : {1, 2, 3, 4}) {
        const int64_t high = 3, wide = 4, in = 5, out = 6;
        const auto cut = [&](int64_t size) { return padding == 1 ? std::max<int64_t>(0, taps - (size - 1) % stride - 1) : 0; };
        const Shape result{1, stride * (high - 1) + taps - cut(high), stride * (wide - 1) + taps - cut(wide), out};
        const Tensor w = real_noise({out, taps, taps, in}, 2), b = real_noise({out}, 3), x = real_noise({1, high, wide, in}, 4);
        FileModel model;
        const int image = model.tensor(x.shape(), DType::f32), y = model.tensor(result, DType::f32);
        model.add_custom("Convolution2DTransposeBias", numbers({padding, stride, stride}),
                         {image, model.tensor(w.shape(), DType::f32, {}, w), model.tensor({out}, DType::f32, {}, b)}, {y});
        const Tensor given = answers(model.bytes(image, y), {x})[0];
        std::vector<double> wanted(static_cast<size_t>(given.size()));
        for (size_t at = 0; at < wanted.size(); ++at) wanted[at] = b.data<float>()[at % out];
        for (int64_t r = 0; r < high; ++r)
          for (int64_t c = 0; c < wide; ++c)
            for (int64_t i = 0; i < taps; ++i)
              for (int64_t j = 0; j < taps; ++j)
                for (int64_t k = 0; k < out; ++k) {
                  const int64_t to_r = r * stride - cut(high) / 2 + i, to_c = c * stride - cut(wide) / 2 + j;
                  if (to_r < 0 || to_r >= result[1] || to_c < 0 || to_c >= result[2]) continue;
                  for (int64_t l = 0; l < in; ++l)
                    wanted[static_cast<size_t>((to_r * result[2] + to_c) * out + k)] +=
                        x.data<float>()[(r * wide + c) * in + l] * w.data<float>()[((k * taps + i) * taps + j) * in + l];
                }
        for (size_t at = 0; at < wanted.size(); ++at)
          ASSERT_NEAR(given.data<float>()[at], wanted[at], 1e-4) << padding << " " << stride << " " << taps << " " << at;
      }
    }
  }
}

TEST(TfliteFiles, PoolingKeepsPlacesForUnpooling) {
  for (const int32_t window : {2, 3}) {
    const Tensor x = real_noise({1, 6, 6, 5}, 1);
    const Shape small{1, 6 / window, 6 / window, 5};
    FileModel model;
    const int image = model.tensor(x.shape(), DType::f32), most = model.tensor(small, DType::f32),
              place = model.tensor(small, DType::f32);
    const int back = model.tensor(x.shape(), DType::f32);
    const std::vector<std::byte> options = numbers({2, window, window, window, window, 0});
    model.add_custom("MaxPoolingWithArgmax2D", options, {image}, {most, place});
    model.add_custom("MaxUnpooling2D", options, {most, place}, {back});
    const std::vector<Tensor> given = answers(model.bytes(std::vector{image}, std::vector{most, place, back}), {x});
    for (int64_t r = 0; r < 6; ++r)
      for (int64_t c = 0; c < 6; ++c)
        for (int64_t k = 0; k < 5; ++k) {
          const int64_t cell = (r / window * small[2] + c / window) * 5 + k, at = (r * 6 + c) * 5 + k;
          const float number = x.data<float>()[at];
          const bool largest = number == given[0].data<float>()[cell];
          EXPECT_LE(number, given[0].data<float>()[cell]);
          EXPECT_EQ(given[2].data<float>()[at], largest ? number : 0);
          if (largest) {
            EXPECT_EQ(static_cast<int64_t>(given[1].data<float>()[cell]), r % window * window + c % window);
          }
        }
  }
}

TEST(TfliteFiles, OtherNamesAreRefusedWithTheirPlace) {
  for (const std::string name : {"FlexErf", "TFLite_Detection_PostProcess", "SomeoneElses"}) {
    FileModel model;
    const int x = model.tensor({1, 4}, DType::f32), y = model.tensor({1, 4}, DType::f32);
    model.add_custom(name, numbers({1}), {x}, {y});
    EXPECT_THAT(
        complaint(model.bytes(x, y)),
        testing::AllOf(testing::StartsWith("test.tflite: operator 0 CUSTOM (" + name + ")"), testing::HasSubstr("read")));
  }
  // The options of MediaPipe's operators are plain numbers of any length and value.
  for (const char* name : {"Convolution2DTransposeBias", "MaxPoolingWithArgmax2D", "MaxUnpooling2D"}) {
    for (const std::vector<int32_t>& options :
         {std::vector<int32_t>{}, {1}, {1, 0, 0, 0, 0, 0}, {7, 1, 1, 1, 1, 0}, {1, -5, 1 << 30, 2, 2, 0}}) {
      FileModel model;
      const int x = model.tensor({1, 4, 4, 1}, DType::f32), y = model.tensor({1, 4, 4, 1}, DType::f32);
      model.add_custom(name, numbers(options), {x, x, x}, {y});
      EXPECT_THAT(complaint(model.bytes(x, y)), testing::HasSubstr(name));
    }
  }
}

TEST(TfliteFiles, SignaturesGiveOtherNames) {
  FileModel model;
  const int x = model.tensor({1, 4}, DType::f32), y = model.tensor({1, 4}, DType::f32);
  model.add(BuiltinOperator::ABS, 1, {x}, {y});
  model.name_port(true, "image", x);
  model.name_port(false, "logits", y);
  const InferenceModel read = read_tflite(model.bytes(x, y), "test.tflite");
  EXPECT_THAT(read.input_aliases, testing::ElementsAre(testing::Pair("image", "tensor0")));
  EXPECT_THAT(read.output_aliases, testing::ElementsAre(testing::Pair("logits", "tensor1")));
  model.name_port(true, "nowhere", 77);
  EXPECT_THAT(complaint(model.bytes(x, y)), testing::HasSubstr("tensor 77 of 2"));
}

// Stored files and their directory, as a zip archive that follows something else.
std::vector<std::byte> zip_of(const std::map<std::string, std::string>& files) {
  std::string body, directory;
  const auto put = [](std::string& to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> 8 * i & 255);
  };
  for (const auto& [name, content] : files) {
    uint32_t checksum = 0xffffffff;
    for (const char letter : content) {
      checksum ^= static_cast<uint8_t>(letter);
      for (int bit = 0; bit < 8; ++bit) checksum = checksum >> 1 ^ ((checksum & 1) != 0 ? 0xedb88320U : 0U);
    }
    std::string common;
    put(common, 20, 2), put(common, 0, 2), put(common, 0, 2), put(common, 0, 4), put(common, ~checksum & 0xffffffffU, 4);
    put(common, content.size(), 4), put(common, content.size(), 4), put(common, name.size(), 2), put(common, 0, 2);
    put(directory, 0x02014b50, 4), put(directory, 20, 2);
    directory += common;
    put(directory, 0, 2), put(directory, 0, 2), put(directory, 0, 2), put(directory, 0, 4), put(directory, body.size(), 4);
    directory += name;
    put(body, 0x04034b50, 4);
    body += common + name + content;
  }
  std::string end;
  put(end, 0x06054b50, 4), put(end, 0, 4), put(end, files.size(), 2), put(end, files.size(), 2), put(end, directory.size(), 4);
  put(end, body.size(), 4), put(end, 0, 2);
  const std::string all = body + directory + end;
  const auto* start = reinterpret_cast<const std::byte*>(all.data());
  return {start, start + all.size()};
}

std::vector<std::byte> with_metadata(const std::string& labels) {
  namespace metadata = tflite::metadata;
  metadata::ModelMetadataT all;
  auto graph = std::make_unique<metadata::SubGraphMetadataT>();
  auto input = std::make_unique<metadata::TensorMetadataT>(), output = std::make_unique<metadata::TensorMetadataT>();
  auto unit = std::make_unique<metadata::ProcessUnitT>();
  metadata::NormalizationOptionsT options;
  options.mean = {127.5F};
  options.std = {51, 102, 255};
  unit->options.Set(std::move(options));
  input->process_units.push_back(std::move(unit));
  for (const auto& [name, locale] : {std::pair{"etiketten.txt", "de"}, {"labels.txt", "en"}}) {
    auto list = std::make_unique<metadata::AssociatedFileT>();
    list->name = name;
    list->locale = locale;
    list->type = metadata::AssociatedFileType::TENSOR_AXIS_LABELS;
    output->associated_files.push_back(std::move(list));
  }
  graph->input_tensor_metadata.push_back(std::move(input));
  graph->output_tensor_metadata.push_back(std::move(output));
  all.subgraph_metadata.push_back(std::move(graph));
  flatbuffers::FlatBufferBuilder builder;
  metadata::FinishModelMetadataBuffer(builder, metadata::CreateModelMetadata(builder, &all));
  const auto* start = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  FileModel model;
  const int x = model.tensor({1, 2, 2, 3}, DType::f32), y = model.tensor({1, 2, 2, 3}, DType::f32);
  model.add(BuiltinOperator::ABS, 1, {x}, {y});
  model.add_metadata("TFLITE_METADATA", {start, start + builder.GetSize()});
  std::vector<std::byte> bytes = model.bytes(x, y);
  const std::vector<std::byte> archive = zip_of({{"etiketten.txt", "Katze\nHund\n"}, {"labels.txt", labels}});
  bytes.insert(bytes.end(), archive.begin(), archive.end());
  return bytes;
}

TEST(TfliteFiles, LabelsAndNormalizationComeFromTheMetadata) {
  const InferenceModel read = read_tflite(with_metadata("cat\n\ndog\n"), "test.tflite");
  EXPECT_THAT(read.labels, testing::ElementsAre("cat", "1", "dog"));
  EXPECT_TRUE(read.says_preprocessing);
  EXPECT_THAT(read.preprocessing.mean, testing::ElementsAre(0.5F, 0.5F, 0.5F));
  EXPECT_THAT(read.preprocessing.deviation, testing::ElementsAre(0.2F, 0.4F, 1.0F));
  FileModel plain;
  const int x = plain.tensor({1, 2, 2, 3}, DType::f32), y = plain.tensor({1, 2, 2, 3}, DType::f32);
  plain.add(BuiltinOperator::ABS, 1, {x}, {y});
  EXPECT_FALSE(read_tflite(plain.bytes(x, y), "test.tflite").says_preprocessing);
}

// Changes every byte of a file with metadata and an archive in turn: it is read or refused.
TEST(TfliteFiles, DamagedMetadataAreRefused) {
  const std::vector<std::byte> good = with_metadata("cat\ndog\nbird\n");
  int refused = 0;
  for (size_t place = 0; place < good.size(); place += 3) {
    for (const unsigned other : {0x80U, 0xffU, 0x01U}) {
      std::vector<std::byte> bytes = good;
      bytes[place] ^= static_cast<std::byte>(other);
      refused += complaint(bytes).empty() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 100);
  for (size_t length = 0; length < good.size(); length += 7)
    complaint({good.begin(), good.begin() + static_cast<int64_t>(length)});
}

}  // namespace
}  // namespace fovea
