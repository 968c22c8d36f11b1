// SPDX-License-Identifier: Apache-2.0
/// \file
/// Errors that a person reads: one or two lines that say what is wrong, where, and what would be right.
///
/// A code says what kind of failure it is, for callers that treat some kinds differently: the program's exit status is 2 for a
/// wrong request and 1 for work that failed.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace fovea {

/// Kinds of failures.
enum class ErrorCode : uint8_t {
  invalid_argument,     ///< the request was wrong: an unknown name, an impossible option
  not_found,            ///< a file, folder or tensor that the work needs does not exist
  data_loss,            ///< a file is damaged, truncated, or not in the format that it must have
  failed_precondition,  ///< what was given does not allow the work: shapes that do not fit, results that are not finite
  permission_denied,    ///< the operating system denies access
  resource_exhausted,   ///< there is not enough memory or disk space, or a limit is exceeded
  unavailable,          ///< a server, a device or another program does not answer as it should; trying again may help
  cancelled,            ///< the caller asked the work to stop
  internal,             ///< a fault of fovea itself (internal_error.h)
};

/// What the library throws. what() is a message for a person, without a line end.
class Error : public std::runtime_error {
 public:
  /// An error of a kind, with its message.
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  /// The kind of failure.
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// The kind of a failed call of the operating system: ENOENT is not_found, ENOSPC resource_exhausted, EACCES permission_denied;
/// what is none of these and their like is unavailable.
ErrorCode code_of_errno(int number);

/// Throws an Error: the work failed. The arguments after the code are those of fmt::format.
template <typename... Arguments>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(code, fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Throws an Error of the code failed_precondition: what was given does not allow the work.
template <typename... Arguments>
[[noreturn]] void fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(ErrorCode::failed_precondition, fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Throws an Error of the code invalid_argument: the request was wrong, as with an unknown name or an impossible option.
template <typename... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  throw Error(ErrorCode::invalid_argument, fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// The known name closest to `name` by edit distance, or "" when nothing is near enough to be meant.
std::string nearest_name(std::string_view name, std::span<const std::string> known);

/// Throws by refuse(): `unknown WHAT "NAME"; did you mean "NEAREST"?`, or with the list of all known names when none is near.
[[noreturn]] void refuse_unknown(std::string_view what, std::string_view name, std::span<const std::string> known);

}  // namespace fovea
