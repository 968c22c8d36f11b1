// SPDX-License-Identifier: Apache-2.0
// Errors a person reads: one or two lines that say what is wrong, where, and what would be right.
//
// Two kinds, because the program's exit status tells them apart: the work failed (1) or the request was wrong (2).
#pragma once

#include <fmt/format.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fovea {

class Error : public std::runtime_error {
 public:
  Error(int exit_status, const std::string& message) : std::runtime_error(message), exit_status_(exit_status) {}
  int exit_status() const { return exit_status_; }

 private:
  int exit_status_;
};

// The work failed: a damaged file, a full disk, a shape that does not fit. Exit status 1.
template <typename... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(1, fmt::format(format, std::forward<Arguments>(arguments)...));
}

// The request was wrong: an unknown name, an impossible option. Exit status 2.
template <typename... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(2, fmt::format(format, std::forward<Arguments>(arguments)...));
}

// The known name closest to `name` by edit distance, or "" when nothing is near enough to be meant.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

// Throws refuse(): `unknown WHAT "NAME"; did you mean "NEAREST"?`, or the whole list when nothing is near.
[[noreturn]] void refuse_unknown(std::string_view what, std::string_view name, std::span<const std::string> known);

}  // namespace fovea
