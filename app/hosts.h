// SPDX-License-Identifier: Apache-2.0
// The machines that `fovea launch` starts processes on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace fovea {

struct Host {
  std::string name;
  int slots = 1;  // the most processes at a time
};

// Reads a list with a machine a line, as mpirun does: "NAME" or "NAME slots=N", and comments after #. Refuses what cannot be
// the name of a machine: mpirun and ssh would take a word that begins with "-" for an option.
std::vector<Host> read_hosts(const std::filesystem::path& file);

// The same as mpirun --host takes it: "NAME:N,NAME:N".
std::string hosts_text(const std::vector<Host>& hosts);

// The processes that fit these machines.
int slots_of(const std::vector<Host>& hosts);

// The machines of the list on which `agent`, such as ssh, can run a command now.
std::vector<Host> reachable(const std::vector<Host>& hosts, const std::string& agent);

}  // namespace fovea
