// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/random.h"

#include <cmath>
#include <numbers>

namespace fovea {

uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return hash;
}

uint32_t Random::bits() {
  if (left_ == 0) {
    words_ = philox({static_cast<uint32_t>(block_), static_cast<uint32_t>(block_ >> 32), static_cast<uint32_t>(stream_),
                     static_cast<uint32_t>(stream_ >> 32)},
                    {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)});
    ++block_;
    left_ = 4;
  }
  return words_[static_cast<size_t>(4 - left_--)];
}

float Random::uniform() { return static_cast<float>(bits() >> 8) * 0x1p-24f; }

uint32_t Random::below(uint32_t bound) {
  // Lemire, "Fast random integer generation in an interval", 2019: the few products that would bias the result are rejected.
  uint64_t product = uint64_t{bits()} * bound;
  if (static_cast<uint32_t>(product) < bound) {
    const uint32_t threshold = -bound % bound;
    while (static_cast<uint32_t>(product) < threshold) product = uint64_t{bits()} * bound;
  }
  return static_cast<uint32_t>(product >> 32);
}

float Random::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - static_cast<double>(uniform())));
  return static_cast<float>(radius * std::cos(2 * std::numbers::pi * uniform()));
}

}  // namespace fovea
