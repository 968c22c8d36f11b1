// SPDX-License-Identifier: Apache-2.0
// Memory in which writes outside of it are noticed, and reads of unwritten bytes show in the result.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea {

// This is a NaN as f32, f64 and bf16, and -1 as an integer, so reading from outside shows in the result.
inline constexpr std::byte canary{0xff};

// Memory of a known size, filled with canaries and between canaries, `misaligned` bytes past a multiple of 64.
class Guarded {
 public:
  explicit Guarded(size_t bytes, size_t misaligned = 0, std::byte filling = canary)
      : bytes_(bytes), storage_(bytes + 2 * guard + 64 + misaligned, canary) {
    const auto address = reinterpret_cast<uintptr_t>(storage_.data()) + guard;
    start_ = (address + 63) / 64 * 64 - reinterpret_cast<uintptr_t>(storage_.data()) + misaligned;
    fill(filling);
  }
  std::byte* data() { return storage_.data() + start_; }
  size_t size() const { return bytes_; }
  void fill(std::byte filling) { std::fill_n(data(), bytes_, filling); }
  bool intact() const {
    const auto begin = storage_.begin(), inside = begin + static_cast<std::ptrdiff_t>(start_);
    const auto is_canary = [](std::byte byte) { return byte == canary; };
    return std::all_of(begin, inside, is_canary) &&
           std::all_of(inside + static_cast<std::ptrdiff_t>(bytes_), storage_.end(), is_canary);
  }
  std::vector<std::byte> content() { return {data(), data() + bytes_}; }

 private:
  static constexpr size_t guard = 256;

  size_t bytes_;
  std::vector<std::byte> storage_;
  size_t start_ = 0;
};

}  // namespace fovea
