// SPDX-License-Identifier: Apache-2.0
// Whatever goes wrong in LLVM or in a generated kernel is an exception that names the layer and keeps the kernel's text.
#include "fovea/codegen/driver/fault_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llvm/Support/ErrorHandling.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "fovea/codegen/driver/compile.h"
#include "fovea/core/file.h"
#include "fovea/core/internal_error.h"
#include "tests/codegen/kernel/kernel_run.h"

namespace fovea {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string fault_of(const std::function<void()>& work, const Text& whole = {}) {
  try {
    guarded(work, whole);
  } catch (const InternalError& error) {
    EXPECT_EQ(error.code(), ErrorCode::internal);
    return error.what();
  }
  ADD_FAILURE() << "nothing went wrong";
  return "";
}

// The content of the file that a message names, which is deleted.
std::string kept_text(const std::string& message) {
  const std::string before = "kept in ";
  const size_t at = message.find(before);
  if (at == std::string::npos) return "";
  const std::filesystem::path path = message.substr(at + before.size(), message.find(';', at) - at - before.size());
  EXPECT_EQ(path.extension(), ".mlir");
  const std::string text = read_text(path);
  std::filesystem::remove(path);
  return text;
}

TEST(FaultGuard, IsAnOrdinaryCallWhereNothingGoesWrong) {
  EXPECT_EQ(guarded_result([] { return guarded_result([] { return 7; }); }), 7);
  EXPECT_THROW(guarded([] { refuse("no"); }), Error);
  EXPECT_THROW(guarded([] { throw std::out_of_range("index"); }), std::out_of_range);
}

TEST(FaultGuard, FatalErrorsOfLlvmAreExceptions) {
  const std::string layer = "conv7", text = "a kernel of conv7";
  for (int time = 0; time < 3; ++time) {  // later work is not affected
    const std::string message = fault_of([&] {
      const Compiling compiling(layer, text);
      llvm::report_fatal_error("cannot select: this");
    });
    EXPECT_THAT(message, AllOf(HasSubstr("layer \"conv7\""), HasSubstr("cannot select: this"), HasSubstr("please report it")));
    EXPECT_EQ(kept_text(message), text);
  }
  EXPECT_EQ(guarded_result([] { return 1; }), 1);
}

TEST(FaultGuard, FatalErrorsOfHelpersToo) {
  const std::string message = fault_of(
      [] {
        std::thread helper([guard = current_guard()] {
          const UnderGuard under(guard);
          llvm::report_fatal_error("in a helper");
        });
        helper.join();
      },
      [] { return std::string("the whole graph"); });
  EXPECT_THAT(message, AllOf(HasSubstr("this network does not compile"), HasSubstr("in a helper")));
  EXPECT_EQ(kept_text(message), "the whole graph");
}

#ifndef __SANITIZE_ADDRESS__
int endless(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : endless(depth + 1) + frame[0];
}

TEST(FaultGuard, SignalsStopTheWorkAlone) {
  struct sigaction action = {}, before = {};
  action.sa_handler = [](int) { stop_guarded_work("a signal"); };
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGSEGV, &action, &before);
  EXPECT_THAT(fault_of([] { raise(SIGSEGV); }), HasSubstr("a signal"));
  EXPECT_THAT(fault_of([] { ASSERT_EQ(endless(0), 0); }), HasSubstr("a signal"));  // its stack is used up
  sigaction(SIGSEGV, &before, nullptr);
}
#endif

// A kernel that violates the rules between stages, as a faulty pass would produce it.
TEST(FaultGuard, AKernelThatDoesNotCompileIsKept) {
  ParsedKernel kernel(R"(
    func.func @kernel(%x: tensor<4xf32>) -> tensor<4xf32> attributes {fovea.kernel} {
      %0 = tensor.empty() : tensor<4xf32>
      return %0 : tensor<4xf32>
    } loc("block1.conv"))");
  try {
    compile_object(kernel.function(), "entry", Target::host());
    FAIL() << "it compiled";
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("layer \"block1.conv\" does not compile"), HasSubstr("please report it")));
    EXPECT_THAT(kept_text(error.what()), HasSubstr("tensor.empty"));
  }
}

}  // namespace
}  // namespace fovea
