// SPDX-License-Identifier: Apache-2.0
// ConvInteger and MatMulInteger: sums of products of 8-bit integers in 32 bits, without a scale.
#include <algorithm>

#include "fovea/core/tensor_permute.h"
#include "fovea/interchange/onnx/import_quantized.h"
#include "fovea/interchange/onnx/linear_scales.h"

namespace fovea {
namespace {

// A zero point: known while reading, or a number that a DynamicQuantizeLinear computes.
struct ZeroPoint {
  int64_t number = 0;
  std::optional<Ref> computed;
};

ZeroPoint zero_of(Importer& importer, const OnnxNode& node, size_t index) {
  if (!importer.has_input(node, index)) return {};
  ImportedValue& zero = importer.quantized_input(node, index);
  if (element_count(zero.shape()) != 1)
    importer.complain(node, "zero points {} of its data; fovea takes one", to_string(zero.shape()));
  if (zero.constant) return {.number = integer_at(*zero.constant, 0), .computed = {}};
  Ref ref = importer.row_major(zero);
  if (importer.type_of(ref).quantization)
    ref = importer.add(node, ops::Dequantize{reinterpreted(importer, node, ref, plain_integers)});
  if (importer.type_of(ref).dtype != DType::i32) ref = importer.add(node, ops::Cast{.input = ref, .dtype = DType::i32});
  return {.number = 0, .computed = importer.add(node, ops::Reshape{.input = ref, .shape = {}})};
}

// The weights with their zero points: one, or one for each position of `axis`.
IntegerWeight weight_of(Importer& importer, const OnnxNode& node, int64_t axis) {
  const ImportedValue& value = importer.quantized_input(node, 1);
  if (!value.constant || (value.constant->dtype() != DType::u8 && value.constant->dtype() != DType::i8))
    importer.complain(node, "weights \"{}\" that are no known int8 or uint8", value.name);
  if (axis >= value.rank()) importer.complain(node, "weights {} of {} dimensions", to_string(value.shape()), value.rank());
  Quantization quantization = plain_integers;
  if (importer.has_input(node, 3)) {
    const Tensor& zeros = importer.constant(node, 3);
    const int64_t channels = value.constant->shape().at(static_cast<size_t>(axis));
    if (zeros.dtype() != value.constant->dtype() || (zeros.size() != 1 && zeros.size() != channels))
      importer.complain(node, "zero points {} {} of weights {} {}", to_string(zeros.shape()), name(zeros.dtype()),
                        to_string(value.constant->shape()), name(value.constant->dtype()));
    quantization.zeros.clear();
    for (int64_t i = 0; i < zeros.size(); ++i) quantization.zeros.push_back(integer_at(zeros, i));
    const bool equal = std::ranges::all_of(quantization.zeros, [&](int64_t z) { return z == quantization.zeros[0]; });
    if (equal) quantization.zeros.resize(1);
    if (!equal) importer.complain(node, "weights of different zero points");
  }
  return *integer_weight(*value.constant, quantization);
}

// The data as integers with a known zero point; the zero point is 0 when it is computed.
Ref data_of(Importer& importer, const OnnxNode& node, Ref x, const ZeroPoint& zero) {
  Quantization quantization = plain_integers;
  quantization.zeros = {zero.number};
  return reinterpreted(importer, node, x, quantization);
}

ImportedValue& integers_of(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.quantized_input(node, 0);
  if (x.constant || !importer.is_quantized(x) || !x.bare)
    importer.complain(node, "reads \"{}\", which is no data of int8 or uint8", x.name);
  return x;
}

// sums - zero * (the sum of the weights that contribute to each result).
Ref without_zero(Importer& importer, const OnnxNode& node, Ref sums, const ZeroPoint& zero, const Tensor& weight_sums) {
  if (!zero.computed) return sums;
  const Ref parameter = importer.parameter(node.title() + "/weight sums", weight_sums);
  const Ref product = importer.add(node, ops::Mul{parameter, *zero.computed});
  return importer.add(node, ops::Sub{sums, product});
}

// The cells of padding before the image, for each spatial dimension.
std::vector<int64_t> padding_before(const ops::IntegerConv& conv, const Shape& image, const Shape& taps, const Shape& result) {
  std::vector<int64_t> before;
  for (size_t d = 0; d + 2 < image.size(); ++d) {
    if (const std::vector<int64_t>* pairs = conv.padding->cells()) {
      before.push_back((*pairs)[2 * d]);
      continue;
    }
    const int64_t reach = (taps[d] - 1) * conv.dilations[d] + 1;
    const int64_t last = (result[d + 1] - 1) * conv.strides[d] + reach;
    before.push_back(conv.padding->rule() == "same" ? std::max<int64_t>(last - image[d + 1], 0) / 2 : 0);
  }
  return before;
}

// For each result, the sum of the weights whose taps are inside the image: [1, spatial..., filters], or [filters] when all are.
Tensor sums_of_taps(const IntegerWeight& weight, const ops::IntegerConv& conv, const Shape& image, const Shape& result) {
  const Tensor& taps = weight.integers;  // [spatial..., in, out]
  const size_t spatial = image.size() - 2;
  const int64_t filters = taps.shape().back(), in = taps.shape()[spatial], zero = weight.quantization.zeros[0];
  const Shape window(taps.shape().begin(), taps.shape().begin() + static_cast<int64_t>(spatial));
  const int64_t cells = element_count(window);
  std::vector<int32_t> of_tap(static_cast<size_t>(cells * filters));
  for (int64_t tap = 0; tap < cells; ++tap) {
    for (int64_t i = 0; i < in * filters; ++i)
      of_tap[static_cast<size_t>(tap * filters + i % filters)] +=
          static_cast<int32_t>(integer_at(taps, tap * in * filters + i) - zero);
  }
  const std::vector<int64_t> before = padding_before(conv, image, window, result);
  Shape shape = result;
  shape[0] = 1;
  Tensor sums(shape, DType::i32);
  std::fill_n(sums.data<int32_t>(), sums.size(), 0);
  bool same = true;
  for (int64_t cell = 0; cell < sums.size() / filters; ++cell) {
    for (int64_t tap = 0; tap < cells; ++tap) {
      bool inside = true;
      int64_t position = cell, place = tap;
      for (size_t d = spatial; d-- > 0;) {
        const int64_t at = position % result[d + 1] * conv.strides[d] + place % window[d] * conv.dilations[d] - before[d];
        inside = inside && at >= 0 && at < image[d + 1];
        position /= result[d + 1];
        place /= window[d];
      }
      same = same && inside;
      for (int64_t f = 0; inside && f < filters; ++f)
        sums.data<int32_t>()[cell * filters + f] += of_tap[static_cast<size_t>(tap * filters + f)];
    }
  }
  if (!same) return sums;
  Tensor one({filters}, DType::i32);
  std::copy_n(sums.data<int32_t>(), filters, one.data<int32_t>());
  return one;
}

void import_conv(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = integers_of(importer, node);
  IntegerWeight weight = weight_of(importer, node, 0);
  const ops::Conv window = convolution_of(importer, node, x, weight.integers.shape());
  weight.integers = permuted(weight.integers, filter_order(x.rank()));
  const ZeroPoint zero = zero_of(importer, node, 2);
  const Ref input = data_of(importer, node, importer.channels_last(x), zero);
  const Ref filter = importer.parameter(importer.quantized_input(node, 1).name, weight.integers, weight.quantization);
  const ops::IntegerConv conv{.input = input,
                              .filter = filter,
                              .strides = window.strides,
                              .dilations = window.dilations,
                              .groups = window.groups,
                              .padding = window.padding};
  const Ref y = importer.add(node, conv);
  const Shape image = importer.shape_of(input), result = importer.shape_of(y);
  if (!zero.computed) return importer.set_channels_last(node, 0, y);
  importer.spend(node, static_cast<uint64_t>(element_count(result)) * sizeof(int32_t));
  importer.set_channels_last(node, 0, without_zero(importer, node, y, zero, sums_of_taps(weight, conv, image, result)));
}

void import_product(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = integers_of(importer, node);
  const IntegerWeight weight = weight_of(importer, node, 1);
  if (x.rank() < 2 || weight.integers.shape().size() != 2 || x.shape().back() != weight.integers.shape()[0])
    importer.complain(node, "{} times {}; fovea takes weights [in, out]", to_string(x.shape()),
                      to_string(weight.integers.shape()));
  const ZeroPoint zero = zero_of(importer, node, 2);
  Shape result = x.shape();
  const Shape shape{element_count(result) / result.back(), result.back()};
  const int64_t units = result.back() = weight.integers.shape()[1];
  Ref rows = importer.row_major(x);
  if (importer.shape_of(rows) != shape) rows = importer.add(node, ops::Reshape{.input = rows, .shape = shape});
  const Ref parameter = importer.parameter(importer.quantized_input(node, 1).name, weight.integers, weight.quantization);
  Ref y = importer.add(node, ops::IntegerDense{data_of(importer, node, rows, zero), parameter});
  Tensor sums({units}, DType::i32);
  std::fill_n(sums.data<int32_t>(), units, 0);
  for (int64_t i = 0; i < weight.integers.size(); ++i)
    sums.data<int32_t>()[i % units] += static_cast<int32_t>(integer_at(weight.integers, i) - weight.quantization.zeros[0]);
  y = without_zero(importer, node, y, zero, sums);
  if (importer.shape_of(y) != result) y = importer.add(node, ops::Reshape{.input = y, .shape = result});
  importer.set(node, 0, y, Layout::row_major(result));
}

}  // namespace

void add_integer_product_imports(ImportTable& table) {
  table["ConvInteger"] = import_conv;
  table["MatMulInteger"] = import_product;
}

}  // namespace fovea
