// SPDX-License-Identifier: Apache-2.0
// A program that this one starts and waits for.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace fovea {

struct ChildOptions {
  bool quiet = false;  // whether what it prints is thrown away
  // Called with every line of its standard error, without the line's end; empty: they are printed.
  std::function<void(const std::string& line)> on_line = {};
};

// A child process, in a process group of its own: Ctrl-C at the terminal does not reach it. It reads no input.
class Child {
 public:
  // Starts `command`, a program that is found by PATH, and its arguments. Fails where it cannot be started.
  Child(std::vector<std::string> command, ChildOptions options);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Waits for its end, and returns its exit status, or 128 and the signal that ended it. `between` is called ten times a
  // second.
  int wait(const std::function<void()>& between = {});
  void signal(int number) const;
  // Kills it and what it has started in its process group.
  void kill_all() const;

 private:
  void read_lines();

  ChildOptions options_;
  pid_t process_ = -1;
  int errors_ = -1;  // the end of the pipe
  std::string line_;
};

}  // namespace fovea
