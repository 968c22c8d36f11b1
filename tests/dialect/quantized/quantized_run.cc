// SPDX-License-Identifier: Apache-2.0
#include "tests/dialect/quantized/quantized_run.h"

#include <gtest/gtest.h>

#include "fovea/codegen/driver/compile.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

using reference::Coding;
using reference::Integers;
using reference::Movement;

namespace {

DType storage_of(const Coding& coding) { return coding.is_signed ? DType::i8 : DType::u8; }

Quantization quantization_of(const Coding& coding, int64_t last) {
  return {.scales = coding.scales, .zeros = coding.zeros, .axis = coding.scales.size() > 1 ? last : -1};
}

}  // namespace

TensorType type_of(const Integers& integers) {
  const auto last = static_cast<int64_t>(integers.shape.size()) - 1;
  return {integers.shape, storage_of(integers.coding), quantization_of(integers.coding, last)};
}

QuantizedType output_type(const Coding& coding, int64_t last) { return {storage_of(coding), quantization_of(coding, last)}; }

Tensor tensor_of(const Integers& integers) {
  Tensor tensor(integers.shape, storage_of(integers.coding));
  for (size_t at = 0; at < integers.values.size(); ++at)
    tensor.raw()[at] = static_cast<std::byte>(static_cast<uint8_t>(integers.values[at]));
  return tensor;
}

Tensor tensor_of(const std::vector<int64_t>& bias) {
  Tensor tensor({static_cast<int64_t>(bias.size())}, DType::i32);
  for (size_t at = 0; at < bias.size(); ++at) tensor.data<int32_t>()[at] = static_cast<int32_t>(bias[at]);
  return tensor;
}

Integers random_integers(const Shape& shape, const Coding& coding, uint64_t stream) {
  Integers result{shape, {}, coding};
  Random random(7, stream);
  for (int64_t at = 0; at < element_count(shape); ++at)
    result.values.push_back(coding.least() + static_cast<int64_t>(random.bits() % 256));
  return result;
}

std::vector<int64_t> random_bias(int64_t channels, uint64_t stream) {
  std::vector<int64_t> bias;
  Random random(7, stream);
  for (int64_t at = 0; at < channels; ++at) bias.push_back(static_cast<int64_t>(random.bits() % 20001) - 10000);
  return bias;
}

// Compiles one operator for a processor and runs it.
Tensor run_operator(const std::string& name, const std::vector<Tensor>& arguments, const std::vector<TensorType>& types,
                    const Attributes& attributes, const std::string& cpu) {
  Graph graph;
  std::vector<Ref> operands;
  for (const TensorType& type : types)
    operands.push_back(graph.argument("x" + std::to_string(operands.size()), type, Role::input));
  graph.finish({{"y", graph.add(name, operands, attributes, "layer")[0]}});
  Program program = compile(graph, {.cpu = cpu});
  Tensor result(program.plan().results[0].shape, program.plan().results[0].dtype);
  std::vector<Tensor> inputs = arguments;
  std::vector<Tensor*> pointers;
  for (Tensor& input : inputs) pointers.push_back(&input);
  ThreadPool threads(2);
  program.run(pointers, {&result}, threads);
  return result;
}

void expect_equal(const Tensor& got, const Integers& wanted, const std::string& what) {
  ASSERT_EQ(got.dtype(), storage_of(wanted.coding)) << what;
  ASSERT_EQ(got.size(), std::ssize(wanted.values)) << what;
  int64_t differing = 0, first = -1;
  for (int64_t at = 0; at < got.size(); ++at) {
    const auto byte = static_cast<uint8_t>(got.raw()[at]);
    const int64_t value = wanted.coding.is_signed ? static_cast<int8_t>(byte) : byte;
    if (value == wanted.values[static_cast<size_t>(at)]) continue;
    if (differing++ == 0) first = at;
  }
  EXPECT_EQ(differing, 0) << what << ": the first of them at " << first << ", "
                          << wanted.values[static_cast<size_t>(std::max<int64_t>(first, 0))] << " wanted";
}

const std::vector<std::string>& processors() {
  static const std::vector<std::string> names = {"", "haswell"};
  return names;
}

void expect_integers(const std::string& name, const std::vector<Integers>& operands, const Attributes& attributes,
                     const Integers& wanted, const std::vector<std::vector<int64_t>>& biases) {
  std::vector<Tensor> arguments;
  std::vector<TensorType> types;
  for (const Integers& operand : operands) {
    arguments.push_back(tensor_of(operand));
    types.push_back(type_of(operand));
  }
  for (const auto& bias : biases) {
    arguments.push_back(tensor_of(bias));
    types.push_back({arguments.back().shape(), DType::i32});
  }
  for (const std::string& cpu : processors())
    expect_equal(run_operator(name, arguments, types, attributes, cpu), wanted, name + " " + cpu);
}

Attributes movement_attributes(const Movement& movement) {
  Attributes attributes{{"padding", movement.padding}};
  if (!movement.cells.empty()) attributes = {{"padding", movement.cells}};
  if (!movement.strides.empty()) attributes.emplace_back("strides", movement.strides);
  if (!movement.dilations.empty()) attributes.emplace_back("dilations", movement.dilations);
  if (movement.groups > 1) attributes.emplace_back("groups", movement.groups);
  return attributes;
}

}  // namespace fovea
