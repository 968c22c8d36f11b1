// SPDX-License-Identifier: Apache-2.0
#include "tests/judges/operator_jobs.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <span>

#include "fovea/codegen/driver/compile.h"
#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/interchange/tflite/read.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea::judges {
namespace {

constexpr int64_t examples = 8;

void write(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

std::vector<std::byte> answers(const std::string& path, const Tensor& x) {
  InferenceModel model = read_tflite(path);
  Program program = compile(model.graph, {.inference = true});
  ThreadPool threads(1);
  const ProgramPort& result = program.plan().results[0];
  Tensor y(result.shape, result.dtype);
  std::vector<std::byte> all;
  for (int64_t example = 0; example < examples; ++example) {
    std::vector<Tensor> tensors;
    for (const ProgramPort& port : program.plan().arguments) {
      Tensor& tensor = tensors.emplace_back(port.shape, port.dtype);
      const bool is_input = !model.tensors.contains(port.name);
      const std::byte* from = is_input ? x.raw() + example * tensor.bytes() : model.tensors.at(port.name).raw();
      std::copy_n(from, tensor.bytes(), tensor.raw());
    }
    std::vector<Tensor*> pointers;
    for (Tensor& tensor : tensors) pointers.push_back(&tensor);
    program.run(pointers, {&y}, threads);
    all.insert(all.end(), y.raw(), y.raw() + y.bytes());
  }
  return all;
}

}  // namespace

Tensor random_tensor(const Shape& shape, DType dtype, uint64_t stream) {
  Tensor tensor(shape, dtype);
  Random random(1, stream);
  for (int64_t at = 0; at < tensor.size(); ++at) {
    if (dtype == DType::f32) tensor.data<float>()[at] = random.uniform(-8, 8);
    if (dtype == DType::i16) tensor.data<int16_t>()[at] = static_cast<int16_t>(static_cast<int>(random.below(65535)) - 32767);
    if (dtype == DType::i64) tensor.data<int64_t>()[at] = static_cast<int64_t>(random.below(4000001)) - 2000000;
    if (dtype == DType::i32) tensor.data<int32_t>()[at] = static_cast<int32_t>(random.below(4001)) - 2000;
    // -128 is left out, because TensorFlow Lite's weights do not have it.
    if (byte_size(dtype) == 1) tensor.raw()[at] = static_cast<std::byte>(129 + random.below(255));
  }
  return tensor;
}

void OperatorJobs::add(const std::string& name, const std::vector<std::byte>& file, const TensorType& port, double within) {
  if (name.find(part_) == std::string::npos) return;
  const std::string base = folder_ + "/" + name;
  write(base + ".tflite", file);
  Shape shape = port.shape;
  shape[0] = examples;
  const Tensor x = random_tensor(shape, port.dtype, 99);
  write(base + ".x.bin", {x.raw(), x.bytes()});
  try {
    write(base + ".ours.bin", answers(base + ".tflite", x));
  } catch (const Error& error) {
    ++refused_;
    std::fprintf(stderr, "%s\n", error.what());
    return;
  }
  jobs_.push_back({{"model", base + ".tflite"},
                   {"input", base + ".x.bin"},
                   {"dtype", fovea::name(port.dtype)},
                   {"shape", shape},
                   {"output", base + ".y.bin"},
                   {"ours", base + ".ours.bin"},
                   {"within", within}});
}

void OperatorJobs::finish() const {
  std::ofstream(folder_ + "/jobs.json") << jobs_.dump(1);
  if (refused_ > 0) fail("{} operators are not read", refused_);
}

}  // namespace fovea::judges
