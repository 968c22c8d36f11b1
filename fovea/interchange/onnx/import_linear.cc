// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: conversion between real numbers and the integers that stand for
// them, by ONNX's rule.
#include <algorithm>
#include <cmath>

#include "fovea/core/tensor_permute.h"
#include "fovea/interchange/onnx/import_quantized.h"
#include "fovea/interchange/onnx/linear_scales.h"

namespace fovea {

const Quantization plain_integers{.scales = {1.0F}, .zeros = {0}, .axis = -1};

Ref reinterpreted(Importer& importer, const OnnxNode& node, Ref integers, const Quantization& quantization) {
  const TensorType type = importer.type_of(integers);
  if (type.quantization == quantization) return integers;
  const QuantizedType output{.storage = type.dtype, .quantization = quantization};
  return importer.add(node, ops::Reinterpret{.input = integers, .output = output});
}

namespace {

void dequantize_constant(Importer& importer, const OnnxNode& node, const Tensor& integers) {
  const LinearScales scales(importer, node, integers.shape(), integers.dtype());
  if (scales.dtype() != integers.dtype())
    importer.complain(node, "zero points are {}, the numbers {}", name(scales.dtype()), name(integers.dtype()));
  importer.spend(node, static_cast<uint64_t>(integers.size()) * sizeof(float));
  Tensor reals(integers.shape(), DType::f32);
  for (int64_t i = 0; i < integers.size(); ++i)
    reals.data<float>()[i] = static_cast<float>(integer_at(integers, i) - scales.zero(i)) * scales.scale(i);
  importer.set_constant(node, 0, std::move(reals));
  ImportedValue& result = importer.result(node, 0);
  result.quantization = scales.quantization();
  if (result.quantization) result.integers = integers;
}

// The integers as the same numbers in f32, in the given order.
Ref whole_numbers(Importer& importer, const OnnxNode& node, ImportedValue& x, const std::vector<int64_t>& order) {
  const Ref integers = importer.in_order(x, order);
  if (!importer.type_of(integers).quantization) return importer.add(node, ops::Cast{.input = integers, .dtype = DType::f32});
  return importer.add(node, ops::Dequantize{reinterpreted(importer, node, integers, plain_integers)});
}

// (q - zero) * scale, with a zero point and a scale for each position or block.
void dequantize_by_position(Importer& importer, const OnnxNode& node, ImportedValue& x, const LinearScales& scales) {
  const std::vector<int64_t> order = importer.some_order(x);
  Ref y = whole_numbers(importer, node, x, order);
  const auto parameter = [&](const char* what, const Tensor& tensor) {
    return importer.parameter(fmt::format("{}/{}", node.title(), what), permuted(tensor, order));
  };
  if (!scales.all_zeros(0)) y = importer.add(node, ops::Sub{y, parameter("zeros", scales.zeros())});
  importer.set_in_order(node, 0, importer.add(node, ops::Mul{y, parameter("scales", scales.scales())}), order);
}

// A scale or zero point that another node computes, as one f32 number.
Ref computed_number(Importer& importer, const OnnxNode& node, size_t index) {
  ImportedValue& value = importer.quantized_input(node, index);
  if (element_count(value.shape()) != 1)
    importer.complain(node, "\"{}\" is {}; of scales that are computed fovea takes one", value.name, to_string(value.shape()));
  if (value.constant && value.constant->dtype() == DType::f32) return importer.scalar(value.constant->data<float>()[0]);
  if (value.constant) return importer.scalar(static_cast<double>(integer_at(*value.constant, 0)));
  Ref ref = importer.row_major(value);
  if (importer.type_of(ref).quantization)
    ref = importer.add(node, ops::Dequantize{reinterpreted(importer, node, ref, plain_integers)});
  else if (importer.type_of(ref).dtype != DType::f32)
    ref = importer.add(node, ops::Cast{.input = ref, .dtype = DType::f32});
  return importer.add(node, ops::Reshape{.input = ref, .shape = {}});
}

// Dequantizes with a scale, and possibly a zero point, that another node computes.
void dequantize_by_value(Importer& importer, const OnnxNode& node, ImportedValue& x) {
  const std::vector<int64_t> order = importer.some_order(x);
  Ref y = whole_numbers(importer, node, x, order);
  if (importer.has_input(node, 2)) {
    const ImportedValue& zero = importer.quantized_input(node, 2);
    if (!zero.constant)
      y = importer.add(node, ops::Sub{y, computed_number(importer, node, 2)});
    else if (integer_at(*zero.constant, 0) != 0)
      y = importer.add(node, ops::Sub{y, importer.scalar(static_cast<double>(integer_at(*zero.constant, 0)))});
  }
  importer.set_in_order(node, 0, importer.add(node, ops::Mul{y, computed_number(importer, node, 1)}), order);
}

void import_dequantize(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  const ImportedValue& scale = importer.quantized_input(node, 1);
  if (x.constant && scale.constant) return dequantize_constant(importer, node, Tensor(*x.constant));
  if (x.constant) importer.complain(node, "a constant of a scale that is computed");
  const TensorType type = importer.type_of(x.ref);
  const bool sums = !type.quantization && type.dtype == DType::i32;
  if (!sums && (!importer.is_quantized(x) || !x.bare)) importer.complain(node, "reads \"{}\", which is no integers", x.name);
  const bool known = scale.constant && (!importer.has_input(node, 2) || importer.quantized_input(node, 2).constant);
  if (!known) return dequantize_by_value(importer, node, x);
  const LinearScales scales(importer, node, x.shape(), type.dtype);
  if (scales.dtype() != type.dtype)
    importer.complain(node, "zero points are {}, the numbers {}", name(scales.dtype()), name(type.dtype));
  if (sums || !scales.is_single()) return dequantize_by_position(importer, node, x, scales);
  const Ref integers = reinterpreted(importer, node, x.ref, *scales.quantization());
  importer.set_same(node, 0, x);
  importer.result(node, 0).ref = integers;
  importer.result(node, 0).bare = false;
}

void quantize_constant(Importer& importer, const OnnxNode& node, const Tensor& reals, const LinearScales& scales) {
  if (reals.dtype() != DType::f32 || scales.dtype() == DType::i32)
    importer.complain(node, "{} as {}", name(reals.dtype()), name(scales.dtype()));
  Tensor integers(reals.shape(), scales.dtype());
  const double least = scales.dtype() == DType::u8 ? 0 : -128, most = least + 255;
  for (int64_t i = 0; i < reals.size(); ++i) {
    const double rounded = std::nearbyint(reals.data<float>()[i] / scales.scale(i));
    const double integer = std::isnan(rounded) ? least : std::clamp(rounded + static_cast<double>(scales.zero(i)), least, most);
    integers.raw()[i] = static_cast<std::byte>(static_cast<int>(integer) & 255);
  }
  importer.set_constant(node, 0, std::move(integers));
}

// round(x / divisor) + zero, as integers that stand for themselves.
void quantize_whole(Importer& importer, const OnnxNode& node, Ref x, Ref divisor, std::optional<Ref> zero, DType dtype,
                    const std::vector<int64_t>& order) {
  Ref y = importer.add(node, ops::Round{importer.add(node, ops::Div{x, divisor})});
  if (zero) y = importer.add(node, ops::Add{y, *zero});
  const QuantizedType output{.storage = dtype, .quantization = plain_integers};
  y = importer.add(node, ops::Quantize{.input = y, .rounding = "onnx", .output = output});
  importer.set_in_order(node, 0, y, order);
}

// Quantizes with a scale and a zero point for each position or block.
void quantize_by_position(Importer& importer, const OnnxNode& node, ImportedValue& x, const LinearScales& scales) {
  const std::vector<int64_t> order = importer.some_order(x);
  const Ref input = importer.in_order(x, order);
  if (std::optional<Quantization> by_position = scales.quantization()) {
    QuantizedType output{.storage = scales.dtype(), .quantization = *by_position};
    output.quantization.axis = std::ranges::find(order, by_position->axis) - order.begin();
    const Ref y = importer.add(node, ops::Quantize{.input = input, .rounding = "onnx", .output = output});
    return importer.set_in_order(node, 0, reinterpreted(importer, node, y, plain_integers), order);
  }
  const Ref divisors = importer.parameter(node.title() + "/scales", permuted(scales.scales(), order));
  const Ref zeros = importer.parameter(node.title() + "/zeros", permuted(scales.zeros(), order));
  quantize_whole(importer, node, input, divisors, zeros, scales.dtype(), order);
}

void quantize_by_value(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> order = importer.some_order(x);
  DType dtype = dtype_without_zero_point(importer, node);
  std::optional<Ref> zero;
  if (importer.has_input(node, 2)) {
    const ImportedValue& given = importer.quantized_input(node, 2);
    dtype = given.constant ? given.constant->dtype() : importer.type_of(given.ref).dtype;
    zero = computed_number(importer, node, 2);
  }
  if (dtype != DType::u8 && dtype != DType::i8)
    importer.complain(node, "integers of type {}; fovea makes int8 and uint8", name(dtype));
  const Ref scale = computed_number(importer, node, 1);
  quantize_whole(importer, node, importer.in_order(x, order), scale, zero, dtype, order);
  importer.result(node, 0).bare = true;
}

void import_quantize(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  importer.integer(node, "saturate", 1);  // of eight-bit floats alone
  if (!importer.is_known(node, 1) || !importer.is_known(node, 2)) return quantize_by_value(importer, node);
  const LinearScales scales(importer, node, x.shape(), dtype_without_zero_point(importer, node));
  if (x.constant) return quantize_constant(importer, node, Tensor(*x.constant), scales);
  if (scales.dtype() == DType::i32) importer.complain(node, "activations of 32 bits; fovea makes int8 and uint8");
  if (importer.is_quantized(x) && x.bare) importer.complain(node, "reads integers");
  if (!importer.is_quantized(x) && importer.type_of(x.ref).dtype != DType::f32)
    importer.complain(node, "reads {}", name(importer.type_of(x.ref).dtype));
  if (!scales.is_single()) {
    quantize_by_position(importer, node, importer.input(node, 0), scales);
  } else if (importer.is_quantized(x) &&
             importer.type_of(x.ref) == TensorType{importer.shape_of(x.ref), scales.dtype(), scales.quantization()}) {
    importer.set_same(node, 0, x);
  } else {
    const Layout layout = x.layout;
    const QuantizedType output{.storage = scales.dtype(), .quantization = *scales.quantization()};
    const Ref y = importer.add(node, ops::Quantize{.input = x.ref, .rounding = "onnx", .output = output});
    importer.set(node, 0, y, layout);
  }
  importer.result(node, 0).bare = true;
}

void import_dynamic_quantize(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Ref input = x.constant ? importer.row_major(x) : x.ref;
  const Layout layout = x.constant ? Layout::row_major(x.shape()) : x.layout;
  const auto [integers, scale, zero] = importer.add(node, ops::DynamicQuantize{input});
  importer.set(node, 0, integers, layout);
  importer.set(node, 1, scale, Layout::row_major({}));
  importer.set(node, 2, zero, Layout::row_major({}));
  for (const size_t index : {size_t{0}, size_t{2}})
    if (index < node.outputs.size() && !node.outputs[index].empty()) importer.result(node, index).bare = true;
}

}  // namespace

DType dtype_without_zero_point(Importer& importer, const OnnxNode& node) {
  const std::string like = importer.text(node, "fovea.like", "");
  if (like.empty()) return DType::u8;
  const ImportedValue& other = importer.known_value(node, like);
  return other.constant ? other.constant->dtype() : importer.type_of(other.ref).dtype;
}

Quantization read_quantization(Importer& importer, const OnnxPort& port) {
  for (const OnnxNode* node : importer.readers(port.name)) {
    if (node->type != "DequantizeLinear" || !importer.is_known(*node, 1) || !importer.is_known(*node, 2)) continue;
    if (importer.constant(*node, 1).size() != 1) continue;
    const LinearScales scales(importer, *node, {}, port.dtype);
    if (scales.dtype() == port.dtype) return *scales.quantization();
  }
  return plain_integers;
}

void add_quantized_imports(ImportTable& table) {
  table["QuantizeLinear"] = import_quantize;
  table["DequantizeLinear"] = import_dequantize;
  table["DynamicQuantizeLinear"] = import_dynamic_quantize;
  add_integer_product_imports(table);
}

}  // namespace fovea
