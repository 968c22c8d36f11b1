// SPDX-License-Identifier: Apache-2.0
/// \file
/// The processes that Open MPI's mpirun, or srun, has started.
#pragma once

#include <memory>

#include "fovea/collective/communicator.h"

namespace fovea {

/// How the processes go on with each other.
struct MpiOptions {
  double stall_limit = 300;  ///< seconds that a process may let another one wait
};

/// Joins the processes that were started together with this one, which has to be done once, by each of them. A process that
/// lets others wait for longer than the limit is named in the error of each of them. Fails when Open MPI cannot be loaded.
///
/// The destructor leaves the others, which all processes have to do together, unless one has failed.
std::unique_ptr<Communicator> join_mpi(const MpiOptions& options);

}  // namespace fovea
