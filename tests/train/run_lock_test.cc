// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/run_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <string>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

class RunLockTest : public FolderTest {
 protected:
  std::string refusal() const {
    try {
      const RunLock lock(folder_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unavailable);
      return error.what();
    }
    return "taken";
  }
};

TEST_F(RunLockTest, OneHasTheFolderAtATime) {
  auto lock = std::make_unique<RunLock>(folder_);
  EXPECT_EQ(refusal(), "process " + std::to_string(::getpid()) + " is writing into " + folder_.string() +
                           " already; wait for it, or give another folder with --out");
  lock.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
  EXPECT_EQ(refusal(), "taken");
}

TEST_F(RunLockTest, TheLockDiesWithItsProcess) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const RunLock lock(folder_);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(read_text(folder_ / ".lock"), std::to_string(child) + "\n");
  EXPECT_EQ(refusal(), "taken");
}

}  // namespace
}  // namespace fovea
