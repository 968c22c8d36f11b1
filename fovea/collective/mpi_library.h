// SPDX-License-Identifier: Apache-2.0
/// \file
/// Open MPI's library, loaded while the program runs. Neither its headers nor the library are needed to build fovea.
///
/// Handles of Open MPI are addresses of objects that the library exports (MPI_COMM_WORLD is &ompi_mpi_comm_world), and stay so
/// within libmpi.so.40, which Open MPI 2 to 5 are. Other MPIs have other handles and are refused.
#pragma once

#include <cstddef>

namespace fovea {

/// MPI_Status of libmpi.so.40.
struct MpiStatus {
  int source;         ///< the rank of the sender
  int tag;            ///< of the message
  int error;          ///< a code, for functions that wait for several requests
  int cancelled;      ///< not public
  size_t byte_count;  ///< not public, what MPI_Get_count divides
};

/// The functions that are used, under their names in the standard without the prefix MPI, and the handles. Each function
/// returns 0 or the code of an error.
struct MpiLibrary {
  using Handle = void*;  ///< of a communicator, a datatype or a request

  int (*init_thread)(int*, char***, int required, int* provided);
  int (*finalize)();
  int (*abort)(Handle communicator, int status);
  int (*comm_rank)(Handle communicator, int* rank);
  int (*comm_size)(Handle communicator, int* size);
  int (*comm_set_errhandler)(Handle communicator, Handle handler);
  int (*get_processor_name)(char* name, int* length);
  int (*isend)(const void*, int count, Handle type, int to, int tag, Handle communicator, Handle* request);
  int (*irecv)(void*, int count, Handle type, int from, int tag, Handle communicator, Handle* request);
  int (*test)(Handle* request, int* done, MpiStatus*);
  int (*iprobe)(int from, int tag, Handle communicator, int* found, MpiStatus*);
  int (*recv)(void*, int count, Handle type, int from, int tag, Handle communicator, MpiStatus*);
  int (*error_string)(int code, char* text, int* length);

  Handle world;          ///< MPI_COMM_WORLD
  Handle byte;           ///< MPI_BYTE
  Handle errors_return;  ///< MPI_ERRORS_RETURN
};

/// The library, loaded at the first call. Fails when there is none, saying which package has it. The reference is valid for the
/// life of the process.
const MpiLibrary& mpi_library();

}  // namespace fovea
