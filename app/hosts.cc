// SPDX-License-Identifier: Apache-2.0
#include "app/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "app/child.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {
namespace {

bool may_name_a_machine(const std::string& word) {
  return !word.empty() && word.front() != '-' && std::ranges::all_of(word, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '.' || letter == '-' || letter == '_';
  });
}

int slots_in(const std::string& word, const std::string& where) {
  const std::string key = "slots=";
  int slots = 0;
  const char* end = word.data() + word.size();
  if (!word.starts_with(key) || std::from_chars(word.data() + key.size(), end, slots).ptr != end || slots < 1)
    refuse("{}: \"{}\" is not slots=N with a number of processes", where, word);
  return slots;
}

}  // namespace

std::vector<Host> read_hosts(const std::filesystem::path& file) {
  std::vector<Host> hosts;
  std::istringstream lines(read_text(file));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string where = fmt::format("{}:{}", file.string(), ++number);
    std::istringstream words(line.substr(0, line.find('#')));
    Host host;
    if (!(words >> host.name)) continue;
    if (!may_name_a_machine(host.name)) refuse("{}: \"{}\" is not the name of a machine", where, host.name);
    for (std::string word; words >> word;) host.slots = slots_in(word, where);
    hosts.push_back(host);
  }
  if (hosts.empty()) refuse("{} names no machine", file.string());
  return hosts;
}

std::string hosts_text(const std::vector<Host>& hosts) {
  std::string text;
  for (const Host& host : hosts) text += fmt::format("{}{}:{}", text.empty() ? "" : ",", host.name, host.slots);
  return text;
}

int slots_of(const std::vector<Host>& hosts) {
  int slots = 0;
  for (const Host& host : hosts) slots += host.slots;
  return slots;
}

std::vector<Host> reachable(const std::vector<Host>& hosts, const std::string& agent) {
  std::vector<Host> left;
  for (const Host& host : hosts) {
    std::vector<std::string> command{agent};
    // It must not ask for a password, and not wait for a machine that is gone.
    if (std::filesystem::path(agent).filename() == "ssh")
      command.insert(command.end(), {"-o", "BatchMode=yes", "-o", "ConnectTimeout=10"});
    command.insert(command.end(), {host.name, "true"});
    const bool here = host.name == "localhost" || host.name == "127.0.0.1";
    if (here || Child(command, {.quiet = true}).wait() == 0) left.push_back(host);
  }
  return left;
}

}  // namespace fovea
