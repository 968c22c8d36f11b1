// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/target/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>

#include <cstdlib>
#include <functional>

#include "fovea/core/error.h"
#include "fovea/core/settings.h"

namespace fovea {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& request) {
  testing::internal::CaptureStderr();
  std::string message;
  try {
    request();
    ADD_FAILURE() << "was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    message = error.what();
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "said more than its message";
  EXPECT_EQ(message.find('\n'), std::string::npos);
  return message;
}

TEST(TargetTest, RefusesUnknownProcessorsWithTheNearestName) {
  EXPECT_THAT(refusal([] { Target::host("haswel"); }), HasSubstr("did you mean \"haswell\"?"));
  EXPECT_THAT(refusal([] { Target::named("x86_64-linux-gnu", "znver44"); }), HasSubstr("did you mean \"znver4\"?"));
  EXPECT_THAT(refusal([] { Target::named("aarch64-linux-gnu", "cortex-a67"); }), HasSubstr("cortex-a"));
  const Settings before = settings();
  set_settings({.cpu = "skylaek"});
  EXPECT_THAT(refusal([] { Target::host(); }), HasSubstr("\"skylaek\""));
  set_settings(before);
}

TEST(TargetTest, RefusesUnknownArchitectures) {
  EXPECT_THAT(refusal([] { Target::named("x86_46-linux-gnu"); }), HasSubstr("did you mean \"x86_64\""));
  EXPECT_THAT(refusal([] { Target::named(""); }), HasSubstr("target"));
}

TEST(TargetTest, RefusesProcessorsOfInstructionsThisMachineLacks) {
  const llvm::StringMap<bool> has = llvm::sys::getHostCPUFeatures();
  const std::vector<std::pair<const char*, const char*>> needs{
      {"sapphirerapids", "avx512fp16"}, {"skylake-avx512", "avx512f"}, {"bdver2", "fma4"}, {"haswell", "avx2"}};
  int missing = 0;
  for (const auto& [cpu, feature] : needs) {
    SCOPED_TRACE(cpu);
    const auto found = has.find(feature);
    if (found == has.end() || found->second) continue;
    ++missing;
    EXPECT_THAT(refusal([&] { Target::host(cpu); }), HasSubstr("which this machine does not have"));
  }
  if (missing == 0) GTEST_SKIP() << "this machine has everything";
}

// LLVM would end the process for these, or call a library that objects do not have.
TEST(TargetTest, RefusesProcessorsThatLackWhatCodeNeeds) {
  const std::vector<std::tuple<const char*, const char*, const char*>> lacking{
      {"x86_64-linux-gnu", "pentium4", "32-bit"},
      {"riscv64-linux-gnu", "sifive-e31", "32-bit"},
      {"riscv64-linux-gnu", "rocket-rv64", "floating-point"},
      {"armv7-linux-gnueabihf", "arm926ej-s", "floating-point"},
      {"thumbv7m-none-eabi", "cortex-m3", "floating-point"},
      {"armv7-linux-gnueabihf", "cortex-m55", "Thumb"}};
  for (const auto& [triple, cpu, what] : lacking)
    EXPECT_THAT(refusal([&] { Target::named(triple, cpu); }), AllOf(HasSubstr(cpu), HasSubstr(what)));
  EXPECT_THAT(refusal([] { Target::host("pentium4"); }), HasSubstr("32-bit"));
  EXPECT_EQ(Target::named("thumbv8.1m.main-none-eabihf", "cortex-m55").cpu, "cortex-m55");
}

TEST(TargetTest, VectorsAreThoseOfTheProcessor) {
  EXPECT_EQ(Target::named("x86_64-linux-gnu", "znver4").vector_bytes, 64);
  EXPECT_EQ(Target::named("x86_64-linux-gnu", "haswell").vector_bytes, 32);
  EXPECT_EQ(Target::named("x86_64-linux-gnu", "nehalem").vector_bytes, 16);
  EXPECT_EQ(Target::named("x86_64-linux-gnu").vector_bytes, 16);  // the baseline
  EXPECT_EQ(Target::named("aarch64-linux-gnu").vector_registers, 32);
  EXPECT_EQ(Target::named("armv7-linux-gnueabihf").vector_bytes, 16);
}

TEST(TargetTest, SettingsChooseTheProcessor) {
  const Settings before = settings();
  set_settings({.cpu = "x86-64-v2"});
  EXPECT_EQ(Target::host().cpu, "x86-64-v2");
  EXPECT_EQ(Target::host().vector_bytes, 16);
  set_settings(before);
  EXPECT_FALSE(Target::host().cpu.empty());
}

}  // namespace
}  // namespace fovea
