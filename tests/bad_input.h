// SPDX-License-Identifier: Apache-2.0
// Checks of a reader's reaction to a bad file: the kind of error, and that its one line names the file and the reason.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>

#include "fovea/core/error.h"
#include "fovea/core/file.h"

namespace fovea {

// Expects `act` to throw an Error of a code that `fits` and one line that contains each of `parts`.
inline void expect_error(const std::function<bool(ErrorCode)>& fits, const std::function<void()>& act,
                         std::initializer_list<std::string> parts) {
  try {
    act();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(fits(error.code())) << "code " << static_cast<int>(error.code()) << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 400u) << message;
    for (const std::string& part : parts)
      EXPECT_NE(message.find(part), std::string::npos) << '"' << part << "\" in: " << message;
    return;
  } catch (const std::exception& other) {
    ADD_FAILURE() << "another exception: " << other.what();
    return;
  }
  ADD_FAILURE() << "no error";
}

// The same with one code.
inline void expect_error(ErrorCode code, const std::function<void()>& act, std::initializer_list<std::string> parts) {
  expect_error([code](ErrorCode given) { return given == code; }, act, parts);
}

// The same with the exit status that the program makes of the code: 2 for a wrong request, 1 for any other failure.
inline void expect_error(int status, const std::function<void()>& act, std::initializer_list<std::string> parts) {
  expect_error([status](ErrorCode given) { return (given == ErrorCode::invalid_argument ? 2 : 1) == status; }, act, parts);
}

// A test with a folder of its own, which is deleted afterwards.
class FolderTest : public ::testing::Test {
 protected:
  FolderTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("fovea-{}-{}-{}", test->test_suite_name(), test->name(), ::getpid());
    make_folder(folder_);
  }
  ~FolderTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, std::string_view bytes) const {
    write_text(folder_ / name, bytes);
    return folder_ / name;
  }

  // Every prefix of the file must give an error of the code data_loss that names it, and the whole file must not.
  void expect_truncations_fail(const std::string& name, const std::string& bytes,
                               const std::function<void(const std::filesystem::path&)>& read) const {
    EXPECT_NO_THROW(read(write(name, bytes)));
    for (size_t length = 0; length < bytes.size() && !HasFailure(); ++length) {
      SCOPED_TRACE(fmt::format("{} of {} bytes", length, bytes.size()));
      const std::filesystem::path path = write(name, bytes.substr(0, length));
      expect_error(ErrorCode::data_loss, [&] { read(path); }, {path.filename().string()});
    }
  }

  std::filesystem::path folder_;
};

}  // namespace fovea
