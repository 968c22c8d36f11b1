// SPDX-License-Identifier: Apache-2.0
// A .tflite file, opened and checked: every index, length and size in it fits, and nothing is read through a pointer that was
// not verified. Shapes and quantized axes are in the file's own order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/graph/quantization.h"
#include "fovea/interchange/tflite/schema_generated.h"

namespace fovea::tflite {

// Everything of the schema except Tensor and TensorType, which would hide our own.
using schema::ActivationFunctionType;
using schema::AddOptions;
using schema::ArgMaxOptions;
using schema::ArgMinOptions;
using schema::BatchMatMulOptions;
using schema::Buffer;
using schema::BuiltinOperator;
using schema::CastOptions;
using schema::ConcatenationOptions;
using schema::Conv2DOptions;
using schema::Conv3DOptions;
using schema::CumsumOptions;
using schema::DepthToSpaceOptions;
using schema::DepthwiseConv2DOptions;
using schema::DequantizeOptions;
using schema::DivOptions;
using schema::ExpandDimsOptions;
using schema::FakeQuantOptions;
using schema::FullyConnectedOptions;
using schema::FullyConnectedOptionsWeightsFormat;
using schema::GatherOptions;
using schema::GeluOptions;
using schema::HardSwishOptions;
using schema::L2NormOptions;
using schema::LeakyReluOptions;
using schema::LocalResponseNormalizationOptions;
using schema::MaximumMinimumOptions;
using schema::Metadata;
using schema::MirrorPadMode;
using schema::MirrorPadOptions;
using schema::Model;
using schema::MulOptions;
using schema::OneHotOptions;
using schema::Operator;
using schema::OperatorCode;
using schema::PackOptions;
using schema::Padding;
using schema::PadOptions;
using schema::PadV2Options;
using schema::Pool2DOptions;
using schema::QuantizationParameters;
using schema::QuantizeOptions;
using schema::ReducerOptions;
using schema::ReshapeOptions;
using schema::ResizeBilinearOptions;
using schema::ResizeNearestNeighborOptions;
using schema::ShapeOptions;
using schema::SliceOptions;
using schema::SoftmaxOptions;
using schema::SpaceToDepthOptions;
using schema::SplitOptions;
using schema::SplitVOptions;
using schema::SqueezeOptions;
using schema::StridedSliceOptions;
using schema::SubGraph;
using schema::SubOptions;
using schema::TransposeConvOptions;
using schema::TransposeOptions;
using schema::UnpackOptions;

// A tensor of a file. Its spans are valid as long as the File.
struct FileTensor {
  std::string name;
  Shape shape;
  schema::TensorType type = schema::TensorType::FLOAT32;  // as in the file
  std::optional<Quantization> quantization;
  // of a constant: as many bytes as shape and type imply, also where the file stores it sparsely
  std::span<const std::byte> data;
  std::vector<bool> open;  // for each dimension, whether its size may change; empty when the file does not say
  bool four_bits = false;  // whether the file holds it as two to a byte; `type` is then INT8
  bool resizable = false;  // whether a size other than the batch may change, so that `shape` is only an example

  bool constant() const { return !data.empty(); }
};

// An operator of a file. Its spans are valid as long as the File.
struct FileOperator {
  BuiltinOperator code = BuiltinOperator::ADD;
  std::string name;                  // "CONV_2D"; for a custom operator "CUSTOM (name)"
  std::vector<int> inputs, outputs;  // indices of tensors; -1 for an omitted input
  std::span<const std::byte> custom_options;
  int64_t version = 1;
  const Operator* table = nullptr;

  std::string_view custom_name() const;  // "FlexErf"; empty for one of the format's own operators

  // The operator's options; null when it has none or those of another type.
  template <typename T>
  const T* options() const {
    return table->builtin_options_as<T>();
  }
};

class File {
 public:
  // Fails in one line that names the file and what does not fit.
  explicit File(const std::filesystem::path& path);
  File(std::vector<std::byte> bytes, std::string name);  // `name` is for messages

  const std::string& name() const { return name_; }
  const std::vector<FileTensor>& tensors() const { return tensors_; }
  const std::vector<FileOperator>& operators() const { return operators_; }  // in the order in which they run
  const std::vector<int>& inputs() const { return inputs_; }
  const std::vector<int>& outputs() const { return outputs_; }
  // The names that the file's signatures give to its inputs and outputs, beside the tensors' own names.
  const std::map<std::string, int>& signature_inputs() const { return signature_inputs_; }
  const std::map<std::string, int>& signature_outputs() const { return signature_outputs_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view metadata(std::string_view name) const;  // empty when there is none
  // a copy of a constant's values, whose type must be one of ours; booleans are 0 or 1 in i8
  Tensor constant(int tensor) const;

 private:
  void read();
  FileTensor read_tensor(size_t index, const schema::Tensor& table);
  void read_signatures();
  FileOperator read_operator(size_t index, const Operator& table) const;
  std::span<const std::byte> buffer(uint64_t index, const std::string& user) const;
  std::vector<int> tensor_indices(const flatbuffers::Vector<int32_t>* indices, bool optional, const std::string& user) const;

  std::string name_;
  std::vector<std::byte> bytes_;
  std::list<std::vector<std::byte>> dense_;  // constants that the file stores sparsely
  const Model* model_ = nullptr;
  std::vector<FileTensor> tensors_;
  std::vector<FileOperator> operators_;
  std::vector<int> inputs_, outputs_;
  std::map<std::string, int> signature_inputs_, signature_outputs_;
};

// Our element type for the file's; nothing for those that no network here has (strings, 4-bit integers, ...).
std::optional<DType> dtype_of(schema::TensorType type);

}  // namespace fovea::tflite
