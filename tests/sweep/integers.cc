// SPDX-License-Identifier: Apache-2.0
// Cases of quantized integers, which must be equal bit for bit.
#include "fovea/core/random.h"
#include "tests/sweep/problem.h"

namespace fovea::sweep {
namespace {

using reference::Coding;
using reference::Integers;

DType storage_of(const Coding& coding) { return coding.is_signed ? DType::i8 : DType::u8; }

Quantization quantization_of(const Coding& coding, int64_t last) {
  return {.scales = coding.scales, .zeros = coding.zeros, .axis = coding.scales.size() > 1 ? last : -1};
}

Coding image_coding(const Case& layer) {
  if (layer.element == Element::u8) return {{0.0078125F}, {128}, false};
  return {{0.023528477F}, {-5}, true};
}

// Signed filters have a scale for each channel, unsigned ones have a zero point.
Coding filter_coding(const Case& layer, int64_t channels) {
  if (layer.element == Element::u8) return {{0.021827F}, {131}, false};
  Coding coding{{}, std::vector<int64_t>(static_cast<size_t>(channels), 0), true};
  for (int64_t at = 0; at < channels; ++at) coding.scales.push_back(0.003F + 0.0017F * static_cast<float>(at % 5));
  return coding;
}

Coding output_coding(const Case& layer) {
  if (layer.element == Element::u8) return {{0.0619F}, {117}, false};
  return {{0.0711F}, {-3}, true};
}

Integers random_integers(const Shape& shape, const Coding& coding, uint64_t stream) {
  Integers result{shape, {}, coding};
  Random random(7, stream);
  for (int64_t at = 0; at < element_count(shape); ++at)
    result.values.push_back(coding.least() + static_cast<int64_t>(random.bits() % 256));
  return result;
}

Argument argument_of(const std::string& name, Role role, const Integers& integers) {
  Tensor tensor(integers.shape, storage_of(integers.coding));
  for (size_t at = 0; at < integers.values.size(); ++at)
    tensor.raw()[at] = static_cast<std::byte>(static_cast<uint8_t>(integers.values[at]));
  const auto last = static_cast<int64_t>(integers.shape.size()) - 1;
  return {name, {integers.shape, tensor.dtype(), quantization_of(integers.coding, last)}, role, tensor};
}

Argument bias_of(const std::string& name, const std::vector<int64_t>& bias) {
  Tensor tensor({static_cast<int64_t>(bias.size())}, DType::i32);
  for (size_t at = 0; at < bias.size(); ++at) tensor.data<int32_t>()[at] = static_cast<int32_t>(bias[at]);
  return {name, {tensor.shape(), DType::i32}, Role::parameter, tensor};
}

Integers pooled(const Case& layer, const Integers& image) {
  return layer.op == Operator::max_pool ? reference::quantized_maximum(image, layer.kernel, attributes_of(layer))
                                        : reference::quantized_average(image, layer.kernel, attributes_of(layer), "none");
}

}  // namespace

Problem integer_problem(const Case& layer, const std::string& prefix, const Shape& x, const Shape& w);
Ref record_integers(Graph& graph, const Case& layer, const std::vector<Ref>& operands, Attributes attributes,
                    const std::string& prefix);

Problem integer_problem(const Case& layer, const std::string& prefix, const Shape& x, const Shape& w) {
  Problem problem{layer, {}, {}};
  const Integers image = random_integers(x, image_coding(layer), 1);
  problem.arguments.push_back(argument_of(prefix + ".x", Role::input, image));
  Integers result;
  if (layer.is_pool()) {
    result = pooled(layer, image);
  } else {
    const Integers filter = random_integers(w, filter_coding(layer, w.back()), 2);
    problem.arguments.push_back(argument_of(prefix + ".w", Role::parameter, filter));
    std::vector<int64_t> bias;
    Random random(7, 3);
    for (int64_t at = 0; at < w.back(); ++at) bias.push_back(static_cast<int64_t>(random.bits() % 20001) - 10000);
    problem.arguments.push_back(bias_of(prefix + ".bias", bias));
    result = layer.op == Operator::dense
                 ? reference::quantized_dense(image, filter, bias, "none", false, output_coding(layer))
                 : reference::quantized_conv(image, filter, bias, attributes_of(layer), "none", false, output_coding(layer));
  }
  problem.results.push_back({prefix + ".y", result.shape, {result.values.begin(), result.values.end()}, 0});
  return problem;
}

Ref record_integers(Graph& graph, const Case& layer, const std::vector<Ref>& operands, Attributes attributes,
                    const std::string& prefix) {
  if (layer.op == Operator::max_pool) return graph.add("max_pool", operands, attributes, prefix)[0];
  if (layer.op == Operator::avg_pool) {
    std::erase_if(attributes, [](const auto& attribute) { return attribute.first == "count_padding"; });
    return graph.add("quantized_average_pool", operands, attributes, prefix)[0];
  }
  const Coding output = output_coding(layer);
  attributes.emplace_back("output", QuantizedType{storage_of(output), quantization_of(output, 0)});
  return graph.add(layer.op == Operator::dense ? "quantized_dense" : "quantized_conv", operands, attributes, prefix)[0];
}

}  // namespace fovea::sweep
