// SPDX-License-Identifier: Apache-2.0
// The message of an error that a test provokes.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "fovea/core/error.h"

namespace fovea {

// What the Error of `code` says that `act` must throw.
inline std::string error_of(ErrorCode code, const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "no error";
}

// The same of a wrong request.
inline std::string refusal_of(const std::function<void()>& act) { return error_of(ErrorCode::invalid_argument, act); }

}  // namespace fovea
