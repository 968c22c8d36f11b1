// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers: a function of seed, stream and position, nothing to keep and nothing to order.
//
// Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The compiled kernels compute the same
// function (fovea.random), so that a host check can repeat any number a kernel drew.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fovea {

// Ten rounds over a counter of four words with a key of two.
constexpr std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t first = uint64_t{0xD2511F53} * counter[0];
    const uint64_t second = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(second),
               static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// FNV-1a, 64 bits: the same on every machine.
uint64_t hash_of(std::string_view text);

// A sequence for one purpose: numbers drawn in order from (seed, stream). Cheap to make; make one per image, per parameter, per
// epoch.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}

  uint32_t bits();  // 32 uniform bits
  float uniform();  // in [0, 1), 24 bits
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  uint32_t below(uint32_t bound);  // in [0, bound), unbiased; bound > 0
  float normal();                  // mean 0, deviation 1 (Box-Muller)

 private:
  uint64_t seed_, stream_, block_ = 0;
  std::array<uint32_t, 4> words_{};
  int left_ = 0;
};

}  // namespace fovea
