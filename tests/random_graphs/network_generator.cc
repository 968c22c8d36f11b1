// SPDX-License-Identifier: Apache-2.0
#include "tests/random_graphs/network_generator.h"

#include <algorithm>
#include <numeric>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr int64_t most_elements = 4096;

void fill(Tensor& tensor, double low, double high, std::mt19937& random) {
  for (int64_t i = 0; i < tensor.size(); ++i) {
    const double value = std::uniform_real_distribution<double>(low, high)(random);
    if (tensor.dtype() == DType::f32)
      tensor.data<float>()[i] = static_cast<float>(value);
    else if (tensor.dtype() == DType::i32)
      tensor.data<int32_t>()[i] = static_cast<int32_t>(value);
    else
      tensor.raw()[i] = static_cast<std::byte>(random() & 255);
  }
}

}  // namespace

NetworkGenerator::NetworkGenerator(uint32_t seed, std::string name)
    : result_{.model = {.name = std::move(name), .graph = Graph("network"), .tensors = {}, .preprocessing = {}, .labels = {}},
              .inputs = {}},
      random_(seed) {}

Ref NetworkGenerator::argument(const TensorType& type, Role role, double low, double high) {
  const std::string name =
      (role == Role::input ? "x" : "layer.") + std::to_string(arguments_++) + (role == Role::input ? "" : ".weight");
  Tensor tensor(type.shape, type.dtype);
  fill(tensor, low, high, random_);
  (role == Role::input ? result_.inputs : result_.model.tensors)[name] = tensor;
  return graph().argument(name, type, role);
}

Ref NetworkGenerator::input(const TensorType& type, double low, double high) { return argument(type, Role::input, low, high); }

Ref NetworkGenerator::parameter(const TensorType& type, double low, double high) {
  return argument(type, Role::parameter, low, high);
}

Ref NetworkGenerator::constant(const Shape& shape, double low, double high) {
  Tensor tensor(shape, DType::f32);
  fill(tensor, low, high, random_);
  if (chance(50)) std::ranges::fill(tensor.values<float>(), tensor.data<float>()[0]);
  return add_all("constant", {}, {{"value", tensor}})[0];
}

std::vector<Ref> NetworkGenerator::add_all(const char* operation, const std::vector<Ref>& operands,
                                           const Attributes& attributes) {
  return graph().add(operation, operands, attributes, "layer" + std::to_string(layers_++ / 2));
}

std::optional<Ref> NetworkGenerator::add(const char* operation, const std::vector<Ref>& operands,
                                         const Attributes& attributes) {
  try {
    const Ref value = add_all(operation, operands, attributes)[0];
    if (element_count(shape(value)) > most_elements || shape(value).size() > 5) return std::nullopt;
    return value;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    return std::nullopt;
  }
}

void NetworkGenerator::keep(Ref value, double size) {
  values_.push_back(value);
  sizes_[value.index] = size;
}

std::optional<Ref> NetworkGenerator::some(int64_t least_rank, int64_t most_rank) {
  for (int tries = 0; tries < 20; ++tries) {
    const auto reach = std::min<int64_t>(3 + tries, std::ssize(values_));
    const Ref value = values_[values_.size() - 1 - static_cast<size_t>(pick(reach))];
    const auto rank = std::ssize(shape(value));
    if (rank >= least_rank && rank <= most_rank) return value;
  }
  return std::nullopt;
}

Shape NetworkGenerator::window(int64_t spatial, int64_t largest) {
  Shape sizes;
  const int64_t square = between(1, largest);
  const bool even = chance(60);
  for (int64_t i = 0; i < spatial; ++i) sizes.push_back(even ? square : between(1, largest));
  return sizes;
}

Attributes NetworkGenerator::movement(const Shape& window, bool dilated) {
  Attributes attributes;
  const auto numbers = [&](int64_t most) {
    Shape list{between(1, most)};
    if (chance(40)) {
      list.clear();
      for (size_t i = 0; i < window.size(); ++i) list.push_back(between(1, most));
    }
    return list;
  };
  if (chance(60)) attributes.emplace_back("strides", numbers(4));
  if (dilated && chance(30)) attributes.emplace_back("dilations", numbers(2));
  const int64_t kind = pick(4);
  if (kind == 1) attributes.emplace_back("padding", std::string("same"));
  if (kind == 2) attributes.emplace_back("padding", std::string("valid"));
  if (kind == 3) {
    Shape padding;
    for (const int64_t size : window) {
      padding.push_back(between(0, std::min<int64_t>(size - 1, 2)));
      padding.push_back(chance(50) ? padding.back() : between(0, std::min<int64_t>(size - 1, 2)));
    }
    attributes.emplace_back("padding", padding);
  }
  return attributes;
}

Shape NetworkGenerator::random_shape(int64_t rank) {
  Shape shape{between(1, 3)};
  for (int64_t i = 2; i < rank; ++i) shape.push_back(between(1, rank > 4 ? 5 : 9));
  if (rank > 1) shape.push_back(one_of<int64_t>({1, 2, 3, 4, 8, 17}));
  return shape;
}

namespace {

// Other computed values may be results, too.
std::vector<Ref> chosen_results(NetworkGenerator& generator) {
  std::vector<Ref> results{generator.values().back()};
  for (int64_t more = generator.pick(3); more > 0; --more) {
    const Ref value = *generator.some();
    if (std::ranges::find(results, value) == results.end()) results.push_back(value);
  }
  return results;
}

void finish_training(NetworkGenerator& generator) {
  Graph& graph = generator.graph();
  std::optional<Ref> loss;
  for (const Ref value : chosen_results(generator)) {
    Shape dims(generator.shape(value).size());
    std::iota(dims.begin(), dims.end(), 0);
    const Ref square = generator.add_all("mul", {value, value})[0];
    const Ref part = dims.empty() ? square : generator.add_all("reduce_mean", {square}, {{"dims", dims}})[0];
    loss = loss ? generator.add_all("add", {*loss, part})[0] : part;
  }
  std::vector<Ref> operands{*loss};
  std::vector<std::string> names;
  for (const Graph::Argument& argument : graph.arguments()) {
    if (argument.type.dtype != DType::f32) continue;
    operands.push_back(argument.value);
    names.push_back(argument.name);
  }
  const std::vector<Ref> gradients = generator.add_all("gradients", operands);
  std::vector<std::pair<std::string, Ref>> results{{"loss", *loss}};
  const Ref rate = generator.constant({}, 0.05, 0.1);
  for (size_t i = 0; i < names.size(); ++i) {
    const bool updates = !names[i].starts_with("x") && generator.chance(60);
    if (!updates) {
      results.emplace_back("gradient." + names[i], gradients[i]);
      continue;
    }
    const Ref step = generator.add_all("mul", {gradients[i], rate})[0];
    results.emplace_back(names[i], generator.add_all("sub", {operands[i + 1], step})[0]);
  }
  graph.finish(results);
}

}  // namespace

RandomNetwork random_network(uint32_t seed, int steps, Purpose purpose) {
  NetworkGenerator generator(seed, "random" + std::to_string(seed));
  if (purpose == Purpose::integers)
    add_integer_operators(generator, steps);
  else
    add_real_operators(generator, steps, purpose == Purpose::training);
  if (purpose == Purpose::training) {
    finish_training(generator);
  } else {
    std::vector<std::pair<std::string, Ref>> results;
    for (const Ref value : chosen_results(generator)) results.emplace_back("y" + std::to_string(results.size()), value);
    generator.graph().finish(results);
  }
  return std::move(generator.result());
}

}  // namespace fovea
