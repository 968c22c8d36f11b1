// SPDX-License-Identifier: Apache-2.0
// The published MobileNets give exactly the integers of TensorFlow Lite, on this processor and with AVX2 alone.
#include <gtest/gtest.h>

#include "app/environment.h"
#include "fovea/core/file.h"
#include "fovea/interchange/npy.h"
#include "fovea/interchange/tflite/read.h"
#include "tests/nn/compiled.h"

namespace fovea {
namespace {

struct Golden {
  const char* file;     // data/tflite/FILE.tflite
  const char* answers;  // data/tflite/golden/ANSWERS-PICTURE.[xy].npy
};

class Goldens : public testing::TestWithParam<Golden> {};

int64_t differing(const Tensor& got, const Tensor& wanted) {
  int64_t count = 0;
  for (int64_t at = 0; at < wanted.size(); ++at) count += got.raw()[at] != wanted.raw()[at];
  return count;
}

TEST_P(Goldens, EveryInteger) {
  const std::filesystem::path folder = test_data() / "tflite";
  if (test_data().empty() || !std::filesystem::exists(folder)) GTEST_SKIP() << "no test data: set FOVEA_DATA";
  const InferenceModel model = read_tflite(folder / (std::string(GetParam().file) + ".tflite"));
  const std::string input = model.graph.arguments()[0].name, output = model.graph.results()[0].name;
  for (const std::string cpu : {"", "haswell"}) {
    Compiled compiled(model.graph, {.cpu = cpu, .inference = true});
    for (const auto& [name, tensor] : model.tensors) compiled.tensors.at(name) = tensor;
    for (const std::string picture : {"bird", "cat", "grace_hopper", "hot_dog", "parrot", "sunflower"}) {
      const std::string base = (folder / "golden" / (std::string(GetParam().answers) + "-" + picture)).string();
      compiled.tensors.at(input) = read_npy(base + ".x.npy");
      const Tensor wanted = read_npy(base + ".y.npy");
      compiled.run();
      const Tensor& got = compiled.outputs.at(output);
      ASSERT_EQ(got.dtype(), wanted.dtype());
      ASSERT_EQ(got.size(), wanted.size());
      EXPECT_EQ(differing(got, wanted), 0) << picture << " " << cpu;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tflite, Goldens,
                         testing::Values(Golden{"mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.25_128"},
                                         Golden{"mobilenet_v1_0.5_160_quant", "mobilenet_v1_0.5_160"},
                                         Golden{"mobilenet_v2_1.0_224_quant", "mobilenet_v2"},
                                         Golden{"tf2_mobilenet_v2_1.0_224_ptq", "tf2_mobilenet_v2_ptq"}),
                         [](const testing::TestParamInfo<Golden>& info) { return "model" + std::to_string(info.index); });

}  // namespace
}  // namespace fovea
