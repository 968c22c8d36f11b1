// SPDX-License-Identifier: Apache-2.0
// Two thousand layers of random shapes, compiled and compared with plain loops. FOVEA_SWEEP_SEED draws others, FOVEA_SWEEP_RUNS
// more.
#include "tests/sweep/sweep.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace fovea::sweep {
namespace {

int64_t number(const char* variable, int64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0' ? std::stoll(text) : otherwise;
}

// Parts run in parallel.
constexpr int64_t parts = 8;

class Sweep : public testing::TestWithParam<int64_t> {};

TEST_P(Sweep, RandomShapes) {
  const auto seed = static_cast<uint64_t>(number("FOVEA_SWEEP_SEED", 1));
  const int64_t runs = number("FOVEA_SWEEP_RUNS", 2000);
  const std::vector<Case> all = drawn(seed, runs);
  std::vector<Case> layers;
  for (int64_t at = GetParam(); at < runs; at += parts) layers.push_back(all[static_cast<size_t>(at)]);
  const Options options{.found = [](const Finding& finding) { ADD_FAILURE() << finding.layer << "\n  " << finding.reason; },
                        .progress = {}};
  const int64_t compared = sweep(layers, options);
  EXPECT_EQ(compared, std::ssize(layers));
  std::cout << "seed " << seed << ": " << compared << " layers compared (FOVEA_SWEEP_SEED draws others)\n";
}

INSTANTIATE_TEST_SUITE_P(Parts, Sweep, testing::Range<int64_t>(0, parts),
                         [](const testing::TestParamInfo<int64_t>& info) { return std::to_string(info.param); });

TEST(SweepFindings, StayRight) {
  std::ifstream file("tests/sweep/findings.txt");
  std::vector<Case> layers;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') layers.push_back(case_named(line));
  ASSERT_GT(layers.size(), 30U);
  const Options options{.found = [](const Finding& finding) { ADD_FAILURE() << finding.layer << "\n  " << finding.reason; },
                        .progress = {}};
  EXPECT_EQ(sweep(layers, options), std::ssize(layers));
}

TEST(SweepCase, TextSaysItAll) {
  for (const Case& layer : drawn(3, 500)) EXPECT_EQ(to_string(case_named(to_string(layer))), to_string(layer));
}

}  // namespace
}  // namespace fovea::sweep
