// SPDX-License-Identifier: Apache-2.0
/// \file
/// Counter-based random numbers: a pure function of seed, stream and position, so no state is kept and no order has to be
/// agreed on.
///
/// Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The compiled kernels compute the same
/// function (fovea.random), so that a check on the host can repeat any number that a kernel drew.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fovea {

/// Ten rounds of Philox over a counter of four words with a key of two. Each counter gives four independent, uniformly
/// distributed words.
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

/// FNV-1a, 64 bits: the same on every machine.
uint64_t hash_of(std::string_view text);

/// A sequence of random numbers for one purpose, drawn in order from (seed, stream). It is cheap to construct: make one per
/// image, per parameter, per epoch. One thread at a time.
class Random {
 public:
  /// Sequences of different streams of one seed are independent.
  Random(uint64_t seed, uint64_t stream) : seed_(seed), stream_(stream) {}

  uint32_t bits();  ///< The next 32 uniformly distributed bits.
  float uniform();  ///< A number in [0, 1) with 24 random bits.
  /// A number in [low, high).
  float uniform(float low, float high) { return low + (high - low) * uniform(); }
  uint32_t below(uint32_t bound);  ///< An integer in [0, bound) without bias; bound > 0.
  float normal();                  ///< A number of the normal distribution with mean 0 and standard deviation 1 (Box-Muller).

 private:
  uint64_t seed_, stream_, block_ = 0;
  std::array<uint32_t, 4> words_{};
  int left_ = 0;
};

}  // namespace fovea
