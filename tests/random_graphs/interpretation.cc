// SPDX-License-Identifier: Apache-2.0
#include "tests/random_graphs/interpretation.h"

#include <cmath>

#include "fovea/core/error.h"
#include "fovea/passes/linalg_utils.h"

namespace fovea {
namespace {

using mlir::func::FuncOp;

constexpr int noisy_runs = 8;

template <typename T>
void append(Array& array, const Tensor& tensor) {
  array.values.assign(tensor.values<T>().begin(), tensor.values<T>().end());
}

std::string result_name(FuncOp function, unsigned index) {
  return function.getResultAttrOfType<mlir::StringAttr>(index, "fovea.name").str();
}

// The function's arguments by name.
std::vector<Array> arguments_of(FuncOp function, const Arrays& values) {
  std::vector<Array> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    const std::string name = function.getArgAttrOfType<mlir::StringAttr>(i, "fovea.name").str();
    const auto found = values.find(name);
    if (found == values.end()) fail("no value for argument \"{}\"", name);
    Array array = found->second;
    array.shape = mlir::cast<mlir::RankedTensorType>(function.getArgument(i).getType()).getShape().vec();
    arguments.push_back(std::move(array));
  }
  return arguments;
}

void run(FuncOp function, Arrays& values, Arrays& results, Noise* noise) {
  std::vector<Array> computed = interpret(function, arguments_of(function, values), noise);
  for (unsigned i = 0; i < computed.size(); ++i) results[result_name(function, i)] = std::move(computed[i]);
}

}  // namespace

Array array_of(const Tensor& tensor) {
  Array array{tensor.shape(), {}};
  switch (tensor.dtype()) {
    case DType::f32:
      append<float>(array, tensor);
      break;
    case DType::i32:
      append<int32_t>(array, tensor);
      break;
    case DType::i64:
      append<int64_t>(array, tensor);
      break;
    default:  // bytes, signed or unsigned as the linalg operations say
      for (size_t i = 0; i < tensor.bytes(); ++i)
        array.values.push_back(static_cast<double>(static_cast<int8_t>(tensor.raw()[i])));
  }
  return array;
}

Arrays interpreted(const Graph& graph, Stage stage, const CompileOptions& options, const std::map<std::string, Tensor>& values,
                   const Target& target, Noise* noise) {
  auto module = module_at(graph, stage, options, target);
  Arrays known, results;
  for (const auto& [name, tensor] : values) known[name] = array_of(tensor);
  if (FuncOp initializer = initializer_of(*module)) run(initializer, known, known, noise);
  run(network_of(*module), known, results, noise);
  return results;
}

Reference::Reference(const Graph& graph, const CompileOptions& options, std::map<std::string, Tensor> values)
    : graph_(graph), options_(options), values_(std::move(values)) {
  results_ = interpreted(graph_, Stage::linalg, options_, values_);
}

const Arrays& Reference::movement(double precision) {
  const auto known = movements_.find(precision);
  if (known != movements_.end()) return known->second;
  Arrays& moved = movements_[precision];
  for (uint32_t i = 0; i < noisy_runs; ++i) {
    Noise noise(precision, i + 1);
    for (auto& [name, array] : interpreted(graph_, Stage::linalg, options_, values_, {}, &noise)) {
      Array& most = moved[name];
      most.values.resize(array.values.size());
      for (size_t j = 0; j < array.values.size(); ++j) {
        const double by = std::abs(array.values[j] - results_.at(name).values[j]);
        most.values[j] = std::isnan(by) ? INFINITY : std::max(most.values[j], by);
      }
    }
  }
  return moved;
}

std::string Reference::compare(const std::string& name, const Array& got, double precision) {
  const Array& want = results_.at(name);
  if (got.values.size() != want.values.size())
    return fmt::format("{} has {} numbers, {} are wanted", name, got.values.size(), want.values.size());
  double largest = 0;
  for (const double value : want.values) largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0);
  double worst = 0;
  const auto off = [&](size_t i) {
    if (std::isnan(got.values[i]) && std::isnan(want.values[i])) return 0.0;
    if (got.values[i] == want.values[i]) return 0.0;
    const double by = std::abs(got.values[i] - want.values[i]);
    return std::isfinite(by) ? by : INFINITY;
  };
  for (size_t i = 0; i < want.values.size(); ++i) worst = std::max(worst, off(i));
  if (worst <= 8 * precision * largest) return "";
  const std::vector<double>& moved = movement(2 * precision).at(name).values;
  double most_moved = 0;
  for (const double by : moved) most_moved = std::max(most_moved, by);
  if (!(most_moved <= 0.05 * largest + 1e-6)) {
    ++unstable;
    return "";
  }
  for (size_t i = 0; i < want.values.size(); ++i) {
    if (off(i) <= 16 * precision * largest + 4 * moved[i] + most_moved) continue;
    return fmt::format("{}{} at {}: {} instead of {} (largest {}, moves by {})", name, to_string(want.shape), i, got.values[i],
                       want.values[i], largest, moved[i]);
  }
  return "";
}

}  // namespace fovea
