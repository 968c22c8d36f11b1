// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/target/accelerator.h"

#include <gtest/gtest.h>

#include "fovea/codegen/target/gpu_target.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

TEST(Accelerator, IsBoundByProductsOrByMemory) {
  const Accelerator& h200 = accelerator_named("h200");
  EXPECT_DOUBLE_EQ(h200.seconds(790e12, 1, DType::bf16), 1);
  EXPECT_DOUBLE_EQ(h200.seconds(1, 4.8e12, DType::bf16), 1);
  EXPECT_DOUBLE_EQ(h200.seconds(67e12, 4.8e12, DType::f32), 1);
  try {
    accelerator_named("h20");
    FAIL() << "was not refused";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "unknown accelerator \"h20\"; did you mean \"h200\"?");
  }
}

// A driver runs kernels for older chips.
TEST(GpuTarget, OfNewChipsIsTheNewestKnown) {
  EXPECT_EQ(GpuTarget::of_device("vulkan").code, GpuCode::spirv);
  EXPECT_EQ(GpuTarget::of_device("sm_70").name, "sm_70");
  EXPECT_EQ(GpuTarget::of_device("sm_72").name, "sm_70");
  EXPECT_EQ(GpuTarget::of_device("sm_87").name, "sm_86");
  EXPECT_EQ(GpuTarget::of_device("sm_121").name, "sm_90");
  EXPECT_THROW(GpuTarget::of_device("sm_61"), Error);
  EXPECT_THROW(GpuTarget::named("sm_121"), Error);
}

}  // namespace
}  // namespace fovea
