// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/target/accelerator.h"

#include <algorithm>

#include "fovea/core/error.h"

namespace fovea {

namespace {

const std::vector<Accelerator>& accelerators() {
  static const std::vector<Accelerator> all{
      {.name = "h200",
       .description = "NVIDIA H200",
       .f32_flops = 67e12,
       .bf16_flops = 790e12,
       .bytes_per_second = 4.8e12,
       .source = "bf16 measured by a large product; the others from NVIDIA's data sheet"},
      {.name = "h100",
       .description = "NVIDIA H100 SXM",
       .f32_flops = 67e12,
       .bf16_flops = 989e12,
       .bytes_per_second = 3.35e12,
       .source = "NVIDIA's data sheet"},
      {.name = "a100",
       .description = "NVIDIA A100 SXM 80GB",
       .f32_flops = 19.5e12,
       .bf16_flops = 312e12,
       .bytes_per_second = 2.039e12,
       .source = "NVIDIA's data sheet"},
  };
  return all;
}

}  // namespace

double Accelerator::seconds(double operations, double bytes, DType products) const {
  return std::max(operations / flops(products), bytes / bytes_per_second);
}

const Accelerator& accelerator_named(const std::string& name) {
  const auto found = std::ranges::find(accelerators(), name, &Accelerator::name);
  if (found != accelerators().end()) return *found;
  std::vector<std::string> known;
  for (const Accelerator& each : accelerators()) known.push_back(each.name);
  refuse_unknown("accelerator", name, known);
}

}  // namespace fovea
