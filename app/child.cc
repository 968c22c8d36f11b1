// SPDX-License-Identifier: Apache-2.0
#include "app/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "fovea/core/error.h"

extern char** environ;

namespace fovea {

Child::Child(std::vector<std::string> command, ChildOptions options) : options_(std::move(options)) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int ends[2] = {-1, -1};
  if (options_.on_line && ::pipe2(ends, O_CLOEXEC) != 0)
    fail(code_of_errno(errno), "cannot start {}: {}", command.front(), std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (options_.quiet) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  }
  if (options_.on_line) posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  const int problem = ::posix_spawnp(&process_, arguments.front(), &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (ends[1] >= 0) ::close(ends[1]);
  errors_ = ends[0];
  if (problem != 0) {
    process_ = -1;
    fail(code_of_errno(problem), "cannot start {}: {}", command.front(), std::strerror(problem));
  }
}

Child::~Child() {
  if (errors_ >= 0) ::close(errors_);
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void Child::signal(int number) const {
  if (process_ > 0) ::kill(process_, number);
}

void Child::kill_all() const {
  if (process_ > 0) ::kill(-process_, SIGKILL);
}

// Reads what there is, for at most a tenth of a second.
void Child::read_lines() {
  pollfd readable{errors_, POLLIN, 0};
  if (::poll(&readable, errors_ >= 0 ? 1 : 0, 100) <= 0) return;
  char buffer[4096];
  const ssize_t count = ::read(errors_, buffer, sizeof buffer);
  if (count <= 0) {
    if (!line_.empty()) options_.on_line(line_);
    ::close(errors_);
    errors_ = -1;
    return;
  }
  line_.append(buffer, static_cast<size_t>(count));
  for (size_t end = line_.find('\n'); end != line_.npos; end = line_.find('\n')) {
    options_.on_line(line_.substr(0, end));
    line_.erase(0, end + 1);
  }
}

int Child::wait(const std::function<void()>& between) {
  int status = 0;
  for (;;) {
    read_lines();
    if (between) between();
    const pid_t ended = ::waitpid(process_, &status, WNOHANG);
    if (ended == process_ || (ended < 0 && errno != EINTR)) break;
  }
  process_ = -1;
  while (errors_ >= 0) {  // what it has printed last; its own children may keep the pipe open
    const size_t before = line_.size();
    read_lines();
    if (errors_ >= 0 && line_.size() == before) break;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace fovea
