// SPDX-License-Identifier: Apache-2.0
// From a network to integers, to a file, back to answers, and to a device, as the program does it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/quant/integer_noise.h"
#include "fovea/workflows/classify.h"
#include "fovea/workflows/compile_for_device.h"
#include "fovea/workflows/open_model.h"
#include "fovea/workflows/quantization_ladder.h"
#include "fovea/workflows/quantize_model.h"
#include "fovea/workflows/run_from_file.h"
#include "fovea/workflows/write_model.h"

namespace fovea {
namespace {

using testing::HasSubstr;

class Workflows : public testing::Test {
 protected:
  Workflows() : folder_(std::filesystem::temp_directory_path() / ("fovea_workflows_" + std::to_string(getpid()))) {
    make_folder(folder_);
  }
  ~Workflows() override { std::filesystem::remove_all(folder_); }

  template <typename Work>
  static std::string refusal(Work work) {
    try {
      work();
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing was refused";
  }

  std::filesystem::path folder_;
};

TEST_F(Workflows, OpensWhatThereIsAndNamesTheNearest) {
  EXPECT_EQ(open_inference_model("lenet5", {.output = Output::logits}).name, "lenet5");
  EXPECT_THAT(refusal([] { open_inference_model("lenet6", {}); }), HasSubstr("lenet5"));
  EXPECT_THAT(refusal([&] { open_inference_model((folder_ / "none.onnx").string(), {}); }), HasSubstr("none.onnx"));
  EXPECT_THAT(refusal([] { open_inference_model("lenet5", {.dynamic = true}); }), HasSubstr(".tflite"));
}

TEST_F(Workflows, FilesGiveTheAnswersOfTheNetwork) {
  const InferenceModel network = open_inference_model("lenet5", {.seed = 3});
  Image picture({28, 28, 1});
  std::ranges::fill(picture.pixels, uint8_t{100});
  ThreadPool threads(1);
  ImageClassifier ours(open_inference_model("lenet5", {.seed = 3}));
  const Tensor wanted = ours.probabilities(ImageInput(ours, {}).tensor(picture), threads).clone();
  for (const char* name : {"lenet.onnx", "lenet.tflite"}) {
    write_model_file(folder_ / name, network);
    ImageClassifier theirs(open_inference_model((folder_ / name).string(), {}));
    const Tensor& got = theirs.probabilities(ImageInput(theirs, {}).tensor(picture), threads);
    for (int64_t i = 0; i < 10; ++i) EXPECT_NEAR(got.data<float>()[i], wanted.data<float>()[i], 1e-5) << name;
  }
  EXPECT_THAT(refusal([&] { write_model_file(folder_ / "lenet.txt", network); }), HasSubstr(".tflite or .onnx"));
}

TEST_F(Workflows, QuantizesWritesAndCompiles) {
  Progress progress(true);
  const QuantizedModel integers = quantize_model("lenet5",
                                                 {.open = {.seed = 3},
                                                  .calibration = open_dataset("digits:200", Split::train),
                                                  .evaluation = open_dataset("digits:200", Split::test),
                                                  .images = 50,
                                                  .noise_images = 50,
                                                  .threads = 1},
                                                 progress);
  ASSERT_TRUE(integers.before && integers.after);
  EXPECT_EQ(integers.float_layers.size(), 0u);
  EXPECT_GT(integers.layers.size(), 4u);
  for (const QuantizedLayer& layer : integers.layers)
    EXPECT_GT(layer.alone, 10) << layer.name << ": a dB is a tenth of a digit";
  ThreadPool threads(1);
  const std::vector<IntegerLayerNoise> noise =
      integer_noise(integers.model, open_dataset("digits:200", Split::test), 20, threads);
  EXPECT_GT(noise.size(), 4u);
  for (const IntegerLayerNoise& layer : noise) {
    EXPECT_GT(layer.sqnr, 10) << layer.name;
    EXPECT_LT(layer.sqnr, 70) << layer.name << ": 8 bits round";
  }
  EXPECT_TRUE(holds_integers(integers.model));
  EXPECT_FALSE(holds_integers(open_inference_model("lenet5", {.seed = 3})));
  write_model_file(folder_ / "integers.tflite", integers.model);
  EXPECT_THAT(refusal([&] {
                quantize_model((folder_ / "integers.tflite").string(),
                               {.calibration = open_dataset("digits:200", Split::train)}, progress);
              }),
              HasSubstr("holds integers already"));
  const DeployedNetwork object =
      compile_for_device(integers.model, folder_ / "integers.o", {.target = "aarch64-linux-gnu", .threads = 1});
  EXPECT_EQ(std::filesystem::file_size(folder_ / "integers.o"), object.object.size());
  EXPECT_THAT(read_text(folder_ / "integers.h"), HasSubstr("integers_run("));
  EXPECT_THAT(refusal([&] { compile_for_device(integers.model, folder_ / "x.wasm", {.target = "aarch64-linux-gnu"}); }),
              HasSubstr("wasm32"));
}

TEST_F(Workflows, RefusesToQuantizeByNothing) {
  Progress progress(true);
  EXPECT_THAT(refusal([&] { quantize_model("lenet5", {}, progress); }), HasSubstr("none are given"));
  EXPECT_THAT(refusal([&] {
                quantize_model("lenet5", {.calibration = open_dataset("digits:200", Split::train), .images = 0}, progress);
              }),
              HasSubstr("at least 1"));
}

LadderOptions ladder(double lose) {
  LadderOptions options;
  options.quantize.open.seed = 3;
  options.quantize.calibration = open_dataset("digits:300", Split::train);
  options.quantize.images = 50;
  options.quantize.noise_images = 50;
  options.quantize.threads = 1;
  options.lose = lose;
  options.rounding.steps = 20;
  return options;
}

TEST_F(Workflows, StopsAtTheFirstStepThatSuffices) {
  Progress progress(true);
  LadderOptions options = ladder(0.9);
  options.quantize.evaluation = open_dataset("digits:200", Split::test);
  const LadderResult result = quantize_within("lenet5", options, progress);
  EXPECT_TRUE(result.reached);
  ASSERT_EQ(result.steps.size(), 1u);
  EXPECT_EQ(result.steps[0].detail, "minmax");
  EXPECT_EQ(result.images, options.quantize.evaluation->count());
  ASSERT_TRUE(result.network.before && result.network.after && result.steps[0].top1);
  EXPECT_EQ(*result.steps[0].top1, result.network.after->top1());
  EXPECT_NEAR(result.steps[0].lost, result.network.before->top1() - result.network.after->top1(), 1e-12);
  ThreadPool threads(1);
  ImageClassifier file(open_inference_model("lenet5", {.seed = 3}));
  EXPECT_EQ(evaluate(file, options.quantize.evaluation, threads, progress).top1(), result.network.before->top1());
}

// A network whose weights are random loses some answers, whatever is tried. With one scale for a layer, ranges are those of the
// equalized network.
void expect_every_step(bool per_channel) {
  Progress progress(true);
  LadderOptions options = ladder(0);
  options.quantize.scales.conv_per_channel = per_channel;
  options.held_out = 250;
  options.most_float_share = 0.5;
  const LadderResult result = quantize_within("lenet5", options, progress);
  EXPECT_EQ(result.images, 250);
  EXPECT_FALSE(result.network.before) << "there are no labels to be right by";
  double least = 1;
  std::set<std::string> tried;
  for (const LadderStep& step : result.steps) {
    tried.insert(step.what);
    if (step.what == "ranges") {
      EXPECT_EQ(step.detail.find("pairs of layers equalized") == step.detail.npos, per_channel) << step.detail;
    }
    EXPECT_FALSE(step.top1);
    EXPECT_DOUBLE_EQ(step.lost, 1 - step.agreement);
    least = std::min(least, step.lost);
  }
  EXPECT_EQ(result.steps[result.best].lost, least);
  EXPECT_TRUE(result.steps[result.best].kept);
  EXPECT_EQ(result.reached, least == 0);
  std::set<std::string> all{"ranges", "biases", "rounding", "float layers"};
  if (per_channel) all.insert("equalization");
  if (!result.reached) {
    EXPECT_EQ(tried, all);
  }
  for (const Graph::Node& node : result.network.model.graph.nodes()) EXPECT_NE(node.op, "fake_quantize");
}

TEST_F(Workflows, TriesEveryStepAndKeepsTheBest) {
  expect_every_step(false);
  expect_every_step(true);
}

TEST_F(Workflows, RefusesWhatNoSearchCanReach) {
  Progress progress(true);
  EXPECT_THAT(refusal([&] { quantize_within("lenet5", ladder(1), progress); }), HasSubstr("from 0 up to 1"));
  EXPECT_THAT(refusal([&] { quantize_within("lenet5", ladder(NAN), progress); }), HasSubstr("from 0 up to 1"));
  LadderOptions options = ladder(0.1);
  options.quantize.images = 300;
  EXPECT_THAT(refusal([&] { quantize_within("lenet5", options, progress); }), HasSubstr("no image is left"));
}

TEST_F(Workflows, AFileBecomesARunOfOurs) {
  write_model_file(folder_ / "lenet.tflite", open_inference_model("lenet5", {.seed = 3}));
  const std::string file = (folder_ / "lenet.tflite").string();
  const TrainedModel model = matched_model(open_inference_model(file, {}), file);
  EXPECT_EQ(model.network.name, "lenet5");
  write_run(folder_ / "run", model);
  EXPECT_EQ(open_inference_model((folder_ / "run").string(), {}).name, "lenet5");
}

}  // namespace
}  // namespace fovea
