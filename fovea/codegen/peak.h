// What the processor can do: the multiply-add rate that every share of the peak is measured against.
#pragma once

#include "fovea/codegen/target.h"

namespace fovea {

// fp32 GFLOP/s (a multiply-add counts two) of `threads` threads that do nothing else, in whole vectors held in registers: the
// best of several short runs, measured now, on this machine.
double measured_peak_gflops(int threads, const Target& target = Target::host());

}  // namespace fovea
