// SPDX-License-Identifier: Apache-2.0
// time_policies: prints the microseconds that each augmentation policy takes for a 224x224 image on one thread, as lines
// `POLICY MICROSECONDS`. bench/peers/policies_vs_torchvision compares them with torchvision's.
#include <fmt/format.h>

#include <chrono>

#include "fovea/data/augment/policy.h"

namespace fovea {
namespace {

double microseconds(const Image& original, const Policy& policy) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  double spent = 0;
  uint64_t count = 0;
  for (; spent < 0.5; ++count) {
    Image image = original;
    Random random(1, count);
    apply_policy(image, policy, random);
    spent = std::chrono::duration<double>(Clock::now() - start).count();
  }
  return 1e6 * spent / static_cast<double>(count);
}

void print_times() {
  Image image({224, 224, 3});
  Random random(1, 0);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.bits() >> 24);
  for (const std::string& name : policy_names()) {
    if (name != "none") fmt::print("{} {:.1f}\n", name, microseconds(image, policy_of(name, 2, 9)));
  }
}

}  // namespace
}  // namespace fovea

int main() { fovea::print_times(); }
