// SPDX-License-Identifier: Apache-2.0
#include "app/exit_status.h"

#include <fmt/format.h>

#include <filesystem>
#include <new>
#include <system_error>

#include "app/fault_signals.h"
#include "fovea/core/error.h"
#include "fovea/core/internal_error.h"

namespace fovea {
namespace {

// The exit status of a program that ends by an error of this kind.
int exit_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return exit_refused;
    case ErrorCode::cancelled:
      return exit_interrupted;
    default:
      return exit_failed;
  }
}

// The text of a std::exception is meant for programmers, unless it comes from the operating system.
std::string internal_message(const char* what) {
  return InternalError::message(fmt::format("in fovea {}: {}", watched_command(), what));
}

}  // namespace

Failure failure_of(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return {error.what(), exit_status_of(error.code())};
  } catch (const std::bad_alloc&) {
    return {"out of memory"};
  } catch (const std::filesystem::filesystem_error& error) {
    return {fmt::format("{}: {}", error.path1().string(), error.code().message())};
  } catch (const std::system_error& error) {
    return {fmt::format("the operating system refuses: {}", error.what())};
  } catch (const std::exception& error) {
    return {internal_message(error.what())};
  } catch (...) {
    return {internal_message("an exception of unknown kind")};
  }
}

}  // namespace fovea
