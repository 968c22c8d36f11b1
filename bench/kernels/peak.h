// SPDX-License-Identifier: Apache-2.0
// The peak of the processor: the multiply-add rate that kernels are compared with.
#pragma once

#include "fovea/codegen/target/target.h"
#include "fovea/core/tensor.h"

namespace fovea {

/// The fp32 GFLOP/s (a multiply-add counts two) of `threads` threads that only multiply and add whole vectors in registers: the
/// best of several short runs, measured now on this machine.
///
/// With `dtype` bf16, the products of bf16 numbers summed in f32; with i8, the products of bytes summed in i32. Without
/// instructions for these (for bytes: those of x86), the result is that of f32.
double measured_peak_gflops(int threads, DType dtype = DType::f32, const Target& target = Target::host());

}  // namespace fovea
