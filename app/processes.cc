// SPDX-License-Identifier: Apache-2.0
#include "app/processes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "app/environment.h"
#include "app/exit_status.h"
#include "fovea/codegen/target/target.h"
#include "fovea/collective/mpi_communicator.h"
#include "fovea/core/file.h"
#include "fovea/core/random.h"
#include "fovea/device/devices.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

// Says why this process fails, unless another one does, and ends all.
void end_all(Communicator& processes, std::exception_ptr error) {
  bool speaks = false;
  Failure failure;
  try {
    std::rethrow_exception(error);
  } catch (const PeerFailure&) {
    failure.status = exit_failed;
  } catch (...) {
    failure = failure_of(std::current_exception());
    speaks = processes.announce_failure(failure.message);
  }
  if (speaks) {
    const std::string who = processes.rank() == 0 ? "" : processes.name_of(processes.rank()) + ": ";
    fmt::print(stderr, "fovea: {}{}\n", who, failure.message);
  }
  std::fflush(nullptr);
  processes.abandon(failure.status);
}

}  // namespace

std::vector<Property> program_properties(const std::string& device) {
  const Target target = Target::host();
  const std::string processor = fmt::format("{} {} {} {} {} {}", target.triple, target.features, target.vector_bytes,
                                            target.vector_registers, target.l1_bytes, target.l2_bytes);
  const std::shared_ptr<Device> accelerator = open_device(device);
  return {{"the program", fmt::format("fovea {} ({:016x})", FOVEA_VERSION, hash_of(read_text("/proc/self/exe")))},
          {"the processor", fmt::format("{} ({:016x})", target.cpu, hash_of(processor))},
          {"the device", accelerator ? accelerator->name() : "the processor"}};
}

int shared_threads() { return std::max(1, ThreadPool::available() / started_processes().here); }

void run_together(double stall_limit, const std::function<void(Communicator* processes)>& work) {
  const StartedProcesses started = started_processes();
  if (started.count == 0) return work(nullptr);
  const std::unique_ptr<Communicator> processes =
      started.count == 1 ? single_process() : join_mpi({.stall_limit = stall_limit});
  if (started.count == 1) return work(processes.get());
  try {
    work(processes.get());
  } catch (...) {
    end_all(*processes, std::current_exception());
  }
}

}  // namespace fovea
