// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/teacher.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/random.h"
#include "fovea/inference/predictor.h"
#include "fovea/interchange/labels.h"
#include "fovea/train/run.h"
#include "tests/bad_input.h"

namespace fovea {
namespace {

// A run of lenet5 with its first weights, and classes called "0" to "9".
class TeacherRun : public FolderTest {
 protected:
  TeacherRun() {
    Recipe recipe = default_recipe("lenet5");
    network_ = network_of(recipe);
    tensors_ = initial_tensors(trace_inference(network_, 1), 2);
    write_text(folder_ / "recipe.toml", to_toml(recipe));
    write_weights(folder_ / "model.safetensors", network_, tensors_);
    for (int i = 0; i < 10; ++i) classes_.push_back(std::to_string(i));
    write_labels(folder_ / "labels.txt", classes_);
  }

  // Pixels as `network` reads them.
  static Tensor pictures(const Network& network, int64_t count) {
    const ImageShape shape = image_shape(network);
    Tensor images({count, shape.height, shape.width, shape.channels}, DType::f32);
    Random random(4, 0);
    const auto& how = network.preprocessing;
    for (float& value : images.values<float>()) {
      const float pixel = static_cast<float>(random.below(256)) / 255;
      value = (pixel - (how.mean.empty() ? 0 : how.mean[0])) / (how.deviation.empty() ? 1 : how.deviation[0]);
    }
    return images;
  }

  Network network_;
  TensorMap tensors_;
  std::vector<std::string> classes_;
};

// Equal up to a number for each image.
void expect_same_odds(const Tensor& got, const Tensor& wanted, const std::vector<int64_t>& order) {
  for (int64_t image = 0; image < got.shape()[0]; ++image) {
    const float *own = got.data<float>() + image * 10, *theirs = wanted.data<float>() + image * 10;
    for (size_t i = 1; i < 10; ++i)
      EXPECT_NEAR(own[i] - own[0], theirs[order[i]] - theirs[order[0]], 1e-4) << image << " " << i;
  }
}

TEST_F(TeacherRun, SaysWhatItsNetworkDoes) {
  ThreadPool threads(2);
  const Tensor images = pictures(network_, 11);  // more than it takes at a time
  Predictor predictor(network_, tensors_);
  const Tensor wanted = predictor.predict(images, threads).clone();
  Teacher teacher(folder_.string(), network_, classes_);
  expect_same_odds(teacher.logits(images, threads), wanted, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  // By name, where the pupil's classes are in another order; through numbers that are the pupil's own.
  Network pupil = network_;
  pupil.preprocessing.mean = {0.5F};
  pupil.preprocessing.deviation = {0.25F};
  Teacher renamed(folder_.string(), pupil, {"3", "1", "2", "0", "4", "5", "6", "7", "9", "8"});
  expect_same_odds(renamed.logits(pictures(pupil, 11), threads), wanted, {3, 1, 2, 0, 4, 5, 6, 7, 9, 8});
}

TEST_F(TeacherRun, RefusesOtherClassesAndPictures) {
  EXPECT_THROW(Teacher(folder_.string(), network_, {"1", "2", "moose"}), Error);
  EXPECT_THROW(Teacher(folder_.string(), network_, {"elk", "moose"}), Error);
  EXPECT_THROW(Teacher("lenet5", network_, classes_), Error);
  EXPECT_THROW(Teacher(folder_.string(), make_model("cifar-cnn"), classes_), Error);
}

}  // namespace
}  // namespace fovea
