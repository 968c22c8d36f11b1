// SPDX-License-Identifier: Apache-2.0
// Images that several threads read: in their order, each with its own bits or its own problem.
#include "fovea/workflows/picture_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "fovea/core/file.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

using testing::HasSubstr;

TEST(PictureReader, KeepsTheOrderWhateverReads) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("fovea_reader_" + std::to_string(getpid()));
  make_folder(folder);
  const ImageClassifier network(open_inference_model("lenet5", {}));
  const ImageInput input(network, {});
  std::vector<std::string> paths;
  std::vector<Tensor> wanted;
  for (int64_t i = 0; i < 40; ++i) {
    // Large and small ones by turns, so that those behind are ready first.
    Image picture({i % 3 == 0 ? 200 : 28, 28, 1});
    std::ranges::fill(picture.pixels, static_cast<uint8_t>(6 * i));
    paths.push_back((folder / fmt::format("{}.png", i)).string());
    write_png(paths.back(), picture);
    wanted.push_back(input.tensor(picture));
  }
  paths[7] = (folder / "none.png").string();
  for (const auto& [threads, ahead] :
       {std::pair(1, 1), std::pair(2, 2), std::pair(3, 100), std::pair(7, 7), std::pair(64, 64)}) {
    PictureReader reader(input, paths, threads, ahead);
    for (size_t i = 0; i < paths.size(); ++i) {
      const std::optional<PictureInput> picture = reader.next();
      ASSERT_TRUE(picture.has_value());
      EXPECT_EQ(picture->path, paths[i]);
      EXPECT_EQ(picture->problem.has_value(), i == 7);
      if (i == 7)
        EXPECT_THAT(picture->problem->what(), HasSubstr("none.png"));
      else
        EXPECT_TRUE(std::ranges::equal(picture->image.values<float>(), wanted[i].values<float>())) << i;
    }
    EXPECT_FALSE(reader.next().has_value());
  }
  PictureReader abandoned(input, paths, 3, 8);
  EXPECT_TRUE(abandoned.next().has_value());
  EXPECT_FALSE(PictureReader(input, {}, 2, 4).next().has_value());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fovea
