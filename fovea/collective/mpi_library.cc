// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/mpi_library.h"

#include <dlfcn.h>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr const char* library = "libmpi.so.40";

void* symbol(void* loaded, const char* name) {
  void* address = ::dlsym(loaded, name);
  if (address == nullptr) fail(ErrorCode::unavailable, "{} has no {}: it is not Open MPI's", library, name);
  return address;
}

template <typename Function>
void find(void* loaded, const char* name, Function& function) {
  function = reinterpret_cast<Function>(symbol(loaded, name));
}

MpiLibrary load() {
  // Open MPI's plugins look for its symbols among those of the whole process.
  void* loaded = ::dlopen(library, RTLD_NOW | RTLD_GLOBAL);
  if (loaded == nullptr) {
    fail(ErrorCode::unavailable, "several processes need Open MPI (Debian's package openmpi-bin), which cannot be loaded: {}",
         ::dlerror());
  }
  MpiLibrary mpi{};
  find(loaded, "MPI_Init_thread", mpi.init_thread);
  find(loaded, "MPI_Finalize", mpi.finalize);
  find(loaded, "MPI_Abort", mpi.abort);
  find(loaded, "MPI_Comm_rank", mpi.comm_rank);
  find(loaded, "MPI_Comm_size", mpi.comm_size);
  find(loaded, "MPI_Comm_set_errhandler", mpi.comm_set_errhandler);
  find(loaded, "MPI_Get_processor_name", mpi.get_processor_name);
  find(loaded, "MPI_Isend", mpi.isend);
  find(loaded, "MPI_Irecv", mpi.irecv);
  find(loaded, "MPI_Test", mpi.test);
  find(loaded, "MPI_Iprobe", mpi.iprobe);
  find(loaded, "MPI_Recv", mpi.recv);
  find(loaded, "MPI_Error_string", mpi.error_string);
  mpi.world = symbol(loaded, "ompi_mpi_comm_world");
  mpi.byte = symbol(loaded, "ompi_mpi_byte");
  mpi.errors_return = symbol(loaded, "ompi_mpi_errors_return");
  return mpi;
}

}  // namespace

const MpiLibrary& mpi_library() {
  static const MpiLibrary mpi = load();
  return mpi;
}

}  // namespace fovea
