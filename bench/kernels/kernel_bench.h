// SPDX-License-Identifier: Apache-2.0
// Times the kernels of networks one by one, and compares them with the processor's measured peak.
#pragma once

#include <string>
#include <vector>

#include "bench/kernels/peak.h"

namespace fovea {

struct KernelRow {
  std::string name;  // "3x3 64->64 56x56", "grad input 3x3 64->64 56x56"
  int threads = 1;
  double milliseconds = 0;  // the best run, because others include the machine's other work
  double gflops = 0;
  double peak_share = 0;  // share of the peak of as many threads, measured between the kernels of the same run
};

/// Times the forward pass and both gradients with batch 16 (128 for dense layers), on one thread and on two, or on `threads`
/// alone when it is not 0. Each row takes `seconds`.
/// With `dtype` i8, the layers are of 8-bit integers, forward, with batches 1 and 16, compared with the peak of integer
/// multiply-adds. With `dtype` bf16, images, filters and results are bf16 and gradients by a filter f32, as in a network
/// trained in bf16.
std::vector<KernelRow> bench_kernels(int threads = 0, double seconds = 0.5, DType dtype = DType::f32);

}  // namespace fovea
