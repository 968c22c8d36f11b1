// SPDX-License-Identifier: Apache-2.0
// What the processor can do: the multiply-add rate that every share of the peak is measured against.
#pragma once

#include "fovea/codegen/target/target.h"
#include "fovea/core/tensor.h"

namespace fovea {

// fp32 GFLOP/s (a multiply-add counts two) of `threads` threads that do nothing else, in whole vectors held in registers: the
// best of several short runs, measured now, on this machine.
//
// With `dtype` bf16: of products of bf16 numbers summed in f32; with i8: of products of bytes summed in i32. The same as of f32
// where the processor has no instruction for them (of bytes: x86's).
double measured_peak_gflops(int threads, DType dtype = DType::f32, const Target& target = Target::host());

}  // namespace fovea
