// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace fovea {
namespace {

const std::vector<std::string> models = {"mnist-mlp", "mnist-cnn", "cifar-cnn"};

TEST(NearestName, FindsTypingErrorsAndNothingElse) {
  EXPECT_EQ(nearest_name("mnist-cn", models), "mnist-cnn");
  EXPECT_EQ(nearest_name("cifarcnn", models), "cifar-cnn");
  EXPECT_EQ(nearest_name("transformer", models), "");
}

TEST(CodeOfErrno, TellsWhatTryingAgainCannotMend) {
  EXPECT_EQ(code_of_errno(ENOENT), ErrorCode::not_found);
  EXPECT_EQ(code_of_errno(ENOTDIR), ErrorCode::not_found);
  EXPECT_EQ(code_of_errno(EACCES), ErrorCode::permission_denied);
  EXPECT_EQ(code_of_errno(ENOSPC), ErrorCode::resource_exhausted);
  EXPECT_EQ(code_of_errno(EFBIG), ErrorCode::resource_exhausted);
  EXPECT_EQ(code_of_errno(EIO), ErrorCode::unavailable);
}

TEST(Fail, HasACode) {
  const auto code = [](auto act) {
    try {
      act();
    } catch (const Error& error) {
      EXPECT_STREQ(error.what(), "no 3");
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code([] { fail("no {}", 3); }), ErrorCode::failed_precondition);
  EXPECT_EQ(code([] { fail(ErrorCode::data_loss, "no {}", 3); }), ErrorCode::data_loss);
  EXPECT_EQ(code([] { refuse("no {}", 3); }), ErrorCode::invalid_argument);
}

TEST(RefuseUnknown, SuggestsTheNearest) {
  try {
    refuse_unknown("model", "mnist-mpl", models);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_argument);
    EXPECT_EQ(std::string(error.what()), "unknown model \"mnist-mpl\"; did you mean \"mnist-mlp\"?");
  }
}

TEST(RefuseUnknown, ListsWhatIsKnownWhenNothingIsNear) {
  try {
    refuse_unknown("model", "transformer", models);
    FAIL() << "must throw";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("mnist-mlp, mnist-cnn, cifar-cnn"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace fovea
