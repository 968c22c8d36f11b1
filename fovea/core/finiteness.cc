// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/finiteness.h"

#include <algorithm>
#include <cstring>

namespace fovea {
namespace {

// Works on the bits: a single pass without a branch finds the largest magnitude, and a NaN's bits are above those of infinity.
template <typename Bits>
Finiteness finiteness_of(const std::byte* numbers, int64_t count, Bits infinity) {
  constexpr Bits magnitude = static_cast<Bits>(~Bits{0}) >> 1;
  Bits most = 0;
  for (int64_t i = 0; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, numbers + i * static_cast<int64_t>(sizeof bits), sizeof bits);
    most = std::max(most, static_cast<Bits>(bits & magnitude));
  }
  if (most < infinity) return Finiteness::finite;
  return most == infinity ? Finiteness::infinite : Finiteness::nan;
}

}  // namespace

Finiteness finiteness(const std::byte* numbers, int64_t count, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return finiteness_of<uint32_t>(numbers, count, 0x7F800000u);
    case DType::f64:
      return finiteness_of<uint64_t>(numbers, count, uint64_t{0x7FF} << 52);
    case DType::bf16:
      return finiteness_of<uint16_t>(numbers, count, 0x7F80);
    case DType::f16:
      return finiteness_of<uint16_t>(numbers, count, 0x7C00);
    default:
      return Finiteness::finite;
  }
}

Finiteness finiteness(const Tensor& tensor) { return finiteness(tensor.raw(), tensor.size(), tensor.dtype()); }

}  // namespace fovea
