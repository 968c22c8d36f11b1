// SPDX-License-Identifier: Apache-2.0
/// \file
/// Errors that a person reads: one or two lines that say what is wrong, where, and what would be right.
///
/// There are two kinds, because the program's exit status tells them apart: the work failed (1), or the request was wrong (2).
#pragma once

#include <fmt/format.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fovea {

/// What the library throws. what() is a message for a person, without a line end.
class Error : public std::runtime_error {
 public:
  /// `exit_status` is what a program that ends by this error returns: 1, 2, or 130 for an interrupted run.
  Error(int exit_status, const std::string& message) : std::runtime_error(message), exit_status_(exit_status) {}
  /// The status that main should return.
  int exit_status() const { return exit_status_; }

 private:
  int exit_status_;
};

/// Throws an Error of exit status 1: the work failed, as with a corrupt file, a full disk or a shape that does not fit. The
/// arguments are those of fmt::format.
template <typename... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(1, fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Throws an Error of exit status 2: the request was wrong, as with an unknown name or an impossible option.
template <typename... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(2, fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// The known name closest to `name` by edit distance, or "" when nothing is near enough to be meant.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

/// Throws by refuse(): `unknown WHAT "NAME"; did you mean "NEAREST"?`, or with the list of all known names when none is near.
[[noreturn]] void refuse_unknown(std::string_view what, std::string_view name, std::span<const std::string> known);

}  // namespace fovea
