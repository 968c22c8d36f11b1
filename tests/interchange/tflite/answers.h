// SPDX-License-Identifier: Apache-2.0
// The answers of a file that is read and compiled.
#pragma once

#include <string>
#include <vector>

#include "fovea/core/random.h"
#include "fovea/interchange/tflite/read.h"
#include "tests/nn/compiled.h"

namespace fovea {

inline std::vector<Tensor> answers(const InferenceModel& model, const std::vector<Tensor>& inputs) {
  Compiled compiled(model.graph, {.inference = true});
  for (const auto& [name, tensor] : model.tensors) compiled.tensors.at(name) = tensor;
  size_t next = 0;
  for (const Graph::Argument& argument : model.graph.arguments())
    if (argument.role == Role::input) compiled.tensors.at(argument.name) = inputs.at(next++);
  compiled.run();
  std::vector<Tensor> results;
  for (const Graph::Result& result : model.graph.results()) results.push_back(compiled.outputs.at(result.name));
  return results;
}

inline std::vector<Tensor> answers(std::vector<std::byte> file, const std::vector<Tensor>& inputs, int64_t batch = 1) {
  return answers(read_tflite(std::move(file), "test.tflite", {.batch = batch}), inputs);
}

inline Tensor real_noise(const Shape& shape, uint64_t stream, double most = 2) {
  Tensor tensor(shape, DType::f32);
  Random random(5, stream);
  for (float& value : tensor.values<float>()) value = static_cast<float>(most * (2 * random.uniform() - 1));
  return tensor;
}

// Integers over the whole range of their type except the least.
inline Tensor integer_noise(const Shape& shape, DType dtype, uint64_t stream) {
  Tensor tensor(shape, dtype);
  Random random(6, stream);
  for (int64_t at = 0; at < tensor.size(); ++at) {
    if (dtype == DType::i16)
      tensor.data<int16_t>()[at] = static_cast<int16_t>(static_cast<int64_t>(random.below(65535)) - 32767);
    if (dtype == DType::i8) tensor.data<int8_t>()[at] = static_cast<int8_t>(static_cast<int64_t>(random.below(255)) - 127);
    if (dtype == DType::u8) tensor.data<uint8_t>()[at] = static_cast<uint8_t>(random.below(256));
    if (dtype == DType::i32)
      tensor.data<int32_t>()[at] = static_cast<int32_t>(static_cast<int64_t>(random.below(20001)) - 10000);
    if (dtype == DType::i64) tensor.data<int64_t>()[at] = static_cast<int64_t>(random.below(2000001)) - 1000000;
  }
  return tensor;
}

}  // namespace fovea
