// SPDX-License-Identifier: Apache-2.0
// Reads the environment for programs; the library itself reads none of it.
#pragma once

#include <filesystem>
#include <string>

#include "fovea/core/settings.h"

namespace fovea {

// The processor is FOVEA_CPU. The kernel cache is FOVEA_CACHE (a folder, or "off"), else $XDG_CACHE_HOME/fovea, else
// ~/.cache/fovea. Data and weights are in FOVEA_HOME, else $XDG_DATA_HOME/fovea, else ~/.local/share/fovea. Weights are also
// looked for in fovea/weights of the folders in XDG_DATA_DIRS, and in hub/checkpoints of PyTorch's TORCH_HOME, else
// $XDG_CACHE_HOME/torch, else ~/.cache/torch. Programs are found by PATH.
Settings settings_from_environment();

// The processes of which this one is one, as mpirun (OMPI_COMM_WORLD_SIZE, OMPI_COMM_WORLD_LOCAL_SIZE) or srun with PMIx
// (PMIX_RANK, SLURM_NTASKS, SLURM_NTASKS_PER_NODE) say; none where it was started on its own.
struct StartedProcesses {
  int count = 0;  // all of them
  int here = 1;   // on this machine
};
StartedProcesses started_processes();

// The program by which mpirun starts processes on other machines: OMPI_MCA_plm_rsh_agent, else ssh.
std::string launch_agent();

// The data that tests and the demonstration use if it is there: FOVEA_DATA, else ../shared/data; empty when neither exists.
std::filesystem::path test_data();

}  // namespace fovea
