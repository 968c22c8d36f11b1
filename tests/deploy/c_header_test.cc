// SPDX-License-Identifier: Apache-2.0
#include "fovea/deploy/c_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/deploy/program.h"

namespace fovea {
namespace {

using testing::HasSubstr;

InferenceModel one_layer() {
  InferenceModel model{.name = "one-layer", .graph = Graph("one-layer"), .tensors = {}, .preprocessing = {}, .labels = {}};
  const Ref x = model.graph.argument("image", {{1, 4}, DType::f32}, Role::input);
  const Ref w = model.graph.argument("weight", {{4, 3}, DType::f32}, Role::parameter);
  model.graph.finish({{"logits", model.graph.add("dense", {x, w}, {}, "dense1")[0]}});
  model.tensors["weight"] = Tensor({4, 3}, DType::f32);
  return model;
}

TEST(CIdentifier, KeepsLettersAndDigits) {
  EXPECT_EQ(c_identifier("mnist-cnn"), "mnist_cnn");
  EXPECT_EQ(c_identifier("a.b c"), "a_b_c");
  EXPECT_NE(c_identifier("3d")[0], '3') << "no name of C begins with a digit";
}

TEST(CIdentifier, RefusesANameWithoutAny) { EXPECT_THROW(c_identifier("---"), Error); }

TEST(CHeader, SaysWhatACallerHasToKnow) {
  const InferenceModel model = one_layer();
  const DeployedNetwork network =
      compile_ahead_of_time(model.graph, model.tensors, {.name = "one_layer", .triple = "aarch64-linux-gnu", .threads = 1});
  const std::string header = c_header(network, model);
  EXPECT_THAT(header, HasSubstr("one_layer_run("));
  EXPECT_THAT(header, HasSubstr("image"));
  EXPECT_THAT(header, HasSubstr("logits"));
  EXPECT_THAT(header, HasSubstr(std::to_string(network.arena_bytes)));
  EXPECT_EQ(header.find("#include"), std::string::npos);
}

// Strict compilers of both languages must accept it.
TEST(CHeader, IsValidCAndCxx) {
  const InferenceModel model = one_layer();
  const DeployedNetwork network =
      compile_ahead_of_time(model.graph, model.tensors, {.name = "one_layer", .triple = "aarch64-linux-gnu", .threads = 1});
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("fovea_header_" + std::to_string(getpid()));
  make_folder(folder);
  write_text(folder / "one_layer.h", c_header(network, model));
  for (const char* compiler : {"cc -std=c99 -x c", "c++ -std=c++11 -x c++"}) {
    const std::string command =
        std::string(compiler) + " -Wall -Wextra -pedantic-errors -Werror -fsyntax-only " + (folder / "one_layer.h").string();
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }
  std::filesystem::remove_all(folder);
}

TEST(CheckProgram, RefusesWhatNamesNoPicture) {
  try {
    check_program(one_layer(), "aarch64-linux-gnu");
    ADD_FAILURE() << "a network of vectors was taken for one of images";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

}  // namespace
}  // namespace fovea
