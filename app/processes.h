// SPDX-License-Identifier: Apache-2.0
// The processes that mpirun or srun started together with this one.
#pragma once

#include <functional>
#include <vector>

#include "fovea/collective/communicator.h"
#include "fovea/train/agreement.h"

namespace fovea {

// Calls `work` with the processes that were started together with this one, or with null where it was started on its own, which
// loads no MPI. Where one of several processes fails, it says so in one line, and all end. `stall_limit` is in seconds.
void run_together(double stall_limit, const std::function<void(Communicator* processes)>& work);

// The program, the processor and the device (fovea/device/devices.h) of this process, which have to be those of all for equal
// bits.
std::vector<Property> program_properties(const std::string& device);

// Threads for this process where none are asked for: its share of this machine.
int shared_threads();

}  // namespace fovea
