// SPDX-License-Identifier: Apache-2.0
#include "tests/random_graphs/exported.h"

#include <nlohmann/json.hpp>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/interchange/npy.h"
#include "fovea/interchange/onnx/write.h"
#include "tests/random_graphs/interpretation.h"

namespace fovea {
namespace {

Tensor tensor_of(const Array& array) {
  Tensor tensor(array.shape, DType::f32);
  std::ranges::transform(array.values, tensor.data<float>(), [](double value) { return static_cast<float>(value); });
  return tensor;
}

}  // namespace

void write_exported(const std::filesystem::path& folder, int64_t seed, const RandomNetwork& network) {
  const auto path = [&](const std::string& ending) { return folder / fmt::format("{}.{}", seed, ending); };
  try {
    write_onnx(path("onnx"), network.model);
  } catch (const Error&) {
    return;
  }
  std::map<std::string, Tensor> values = network.model.tensors;
  values.insert(network.inputs.begin(), network.inputs.end());
  Reference reference(network.model.graph, {}, values);
  nlohmann::ordered_json names{
      {"model", path("onnx").string()}, {"inputs", nlohmann::json::object()}, {"results", nlohmann::json::array()}};
  for (const auto& [name, tensor] : network.inputs) {
    write_npy(path(name + ".npy"), tensor);
    names["inputs"][name] = path(name + ".npy").string();
  }
  for (const auto& [name, array] : reference.results()) {
    Array moves = reference.movement(1.0 / (1 << 20)).at(name);
    moves.shape = array.shape;
    write_npy(path(name + ".npy"), tensor_of(array));
    write_npy(path(name + ".moves.npy"), tensor_of(moves));
    names["results"].push_back(
        {{"name", name}, {"values", path(name + ".npy").string()}, {"moves", path(name + ".moves.npy").string()}});
  }
  write_text(path("json"), names.dump());
}

}  // namespace fovea
