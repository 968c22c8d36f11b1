// SPDX-License-Identifier: Apache-2.0
/// \file
/// Faults of fovea itself, whatever was asked for: one message, which asks for a report and keeps what shows the fault.
#pragma once

#include <string>

#include "fovea/core/error.h"

namespace fovea {

/// Thrown when fovea finds a fault of its own. Its code is ErrorCode::internal.
class InternalError : public Error {
 public:
  /// `what` says what went wrong, e.g. `layer "conv1" does not compile: ...`.
  explicit InternalError(const std::string& what) : Error(ErrorCode::internal, message(what)) {}

  /// The message around `what`.
  static std::string message(const std::string& what) {
    return "internal error: " + what + "; this is a fault of fovea: please report it with the command and its files";
  }
};

}  // namespace fovea
