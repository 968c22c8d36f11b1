// SPDX-License-Identifier: Apache-2.0
// The kernels networks are made of, timed one by one beside the processor's measured multiply-add peak.
#pragma once

#include <string>
#include <vector>

#include "bench/kernels/peak.h"

namespace fovea {

struct KernelRow {
  std::string name;  // "3x3 64->64 56x56", "grad input 3x3 64->64 56x56"
  int threads = 1;
  double milliseconds = 0;  // the best run: the others measure the machine's other work
  double gflops = 0;
  double peak_share = 0;  // of the peak of as many threads, measured between the kernels of the same run
};

// Forward and both gradients, batch 16 (dense: 128), on one thread and on two (or on `threads` alone when it is not 0).
// `seconds` are spent on each row.
// With `dtype` i8: layers of 8-bit integers, forward, batch 1 and 16, beside the peak of integer multiply-adds.
// With `dtype` bf16 images, filters and results are bf16 and gradients by a filter f32, as in a network trained so.
std::vector<KernelRow> bench_kernels(int threads = 0, double seconds = 0.5, DType dtype = DType::f32);

}  // namespace fovea
