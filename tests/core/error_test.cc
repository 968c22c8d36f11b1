// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/error.h"

#include <gtest/gtest.h>

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
