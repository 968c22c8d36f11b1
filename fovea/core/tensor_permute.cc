// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/tensor_permute.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "fovea/core/error.h"

namespace fovea {
namespace {

// IEEE 754: one sign, five exponent and ten fraction bits.
float widen_f16(uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  const float sign = (bits & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 0x1f) return fraction == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction | 0x400), exponent - 25);
}

float widen_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

void check_permutation(std::span<const int64_t> permutation, const Shape& shape) {
  std::vector<bool> seen(shape.size());
  for (const int64_t dimension : permutation) {
    const auto place = static_cast<size_t>(dimension);
    if (place >= seen.size() || seen[place]) break;
    seen[place] = true;
  }
  if (permutation.size() != shape.size() || std::find(seen.begin(), seen.end(), false) != seen.end())
    fail("{} is not a permutation of the dimensions of {}", to_string(permutation), to_string(shape));
}

}  // namespace

Tensor permuted(const Tensor& tensor, std::span<const int64_t> permutation) {
  const Shape& shape = tensor.shape();
  check_permutation(permutation, shape);
  const size_t rank = shape.size(), element = byte_size(tensor.dtype());
  std::vector<int64_t> strides(rank, 1);
  for (size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  Shape result_shape;
  std::vector<int64_t> steps;
  for (const int64_t dimension : permutation) {
    result_shape.push_back(shape[static_cast<size_t>(dimension)]);
    steps.push_back(strides[static_cast<size_t>(dimension)]);
  }
  Tensor result(result_shape, tensor.dtype());
  std::vector<int64_t> position(rank);
  int64_t from = 0;
  for (int64_t to = 0; to < tensor.size(); ++to) {
    std::memcpy(result.raw() + static_cast<size_t>(to) * element, tensor.raw() + static_cast<size_t>(from) * element, element);
    for (size_t i = rank; i-- > 0;) {
      from += steps[i];
      if (++position[i] < result_shape[i]) break;
      from -= steps[i] * result_shape[i];
      position[i] = 0;
    }
  }
  return result;
}

Tensor widened(const Tensor& tensor) {
  if (tensor.dtype() == DType::f32) return tensor;
  if (tensor.dtype() != DType::f16 && tensor.dtype() != DType::bf16) fail("{} cannot be widened to f32", name(tensor.dtype()));
  Tensor wide(tensor.shape(), DType::f32);
  const auto* narrow = reinterpret_cast<const uint16_t*>(tensor.raw());
  std::transform(narrow, narrow + tensor.size(), wide.data<float>(), tensor.dtype() == DType::f16 ? widen_f16 : widen_bf16);
  return wide;
}

}  // namespace fovea
