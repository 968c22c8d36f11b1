// SPDX-License-Identifier: Apache-2.0
#include "fovea/report/chart.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/bad_input.h"

namespace fovea {
namespace {

// The numbers of every attribute `name` of an SVG.
std::vector<double> attributes(const std::string& svg, const std::string& name) {
  std::vector<double> found;
  const std::string mark = " " + name + "=\"";
  for (size_t at = svg.find(mark); at != std::string::npos; at = svg.find(mark, at + 1)) {
    found.push_back(std::stod(svg.substr(at + mark.size())));
  }
  return found;
}

// Every tag that opens must close in order, as an XML reader requires.
void expect_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  for (size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const size_t end = svg.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    EXPECT_EQ(tag.find('<'), std::string::npos) << tag;
    const std::string name = tag.substr(0, tag.find(' '));
    if (name.starts_with('/')) {
      ASSERT_FALSE(open.empty());
      EXPECT_EQ("/" + open.back(), name);
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(LineChart, PointsLieInThePlotAndRiseUpwards) {
  Series loss{"train <&> \"x\""};
  for (int epoch = 1; epoch <= 12; ++epoch) {
    loss.x.push_back(epoch);
    loss.y.push_back(1.0 / epoch);
  }
  loss.x.push_back(13);
  loss.y.push_back(NAN);
  const std::string svg = line_charts({{"Loss", "epoch", "loss", {loss}}});
  expect_well_formed(svg);
  EXPECT_NE(svg.find("train &lt;&amp;&gt; &quot;x&quot;"), std::string::npos);
  const auto x = attributes(svg, "cx"), y = attributes(svg, "cy");
  ASSERT_EQ(x.size(), 12u);  // the last point is not finite
  for (size_t i = 1; i < x.size(); ++i) {
    EXPECT_GT(x[i], x[i - 1]);
    EXPECT_GT(y[i], y[i - 1]);  // smaller values are lower, and SVG counts downwards
  }
  EXPECT_GE(y.front(), 0);
  EXPECT_LE(y.back(), 400);
  // The proportions hold: 1, 1/2 and 1/3 are spaced 3 to 1.
  EXPECT_NEAR((y[1] - y[0]) / (y[2] - y[1]), 3, 0.02);
}

TEST(LineChart, DoublingIsEquallySpaced) {
  const Series series{"s", {1, 2, 4, 8, 16, 4096}, {1, 1, 1, 1, 1, 1}};
  const std::string svg = line_charts({{.title = "t", .series = {series}, .doubling = true}});
  const auto x = attributes(svg, "cx");
  ASSERT_EQ(x.size(), 6u);
  EXPECT_NEAR(x[2] - x[1], x[1] - x[0], 0.15);
  EXPECT_NEAR(x[5] - x[4], 8 * (x[1] - x[0]), 0.5);
  for (const char* tick : {">1<", ">1024<", ">4096<"}) EXPECT_NE(svg.find(tick), std::string::npos) << tick;
}

TEST(LineChart, OddSeriesAreDrawn) {
  for (const std::vector<double>& values :
       {std::vector<double>{}, {0.5}, {0, 0, 0}, {NAN, INFINITY}, {1e30, -1e30}, {1e-30, 2e-30}, {5, 5}}) {
    Series series{"s"};
    for (size_t i = 0; i < values.size(); ++i) {
      series.x.push_back(static_cast<double>(i));
      series.y.push_back(values[i]);
    }
    for (const bool percent : {false, true}) {
      const std::string svg = line_charts({{"t", "x", "y", {series}, percent}, {"t", "x", "y", {}}});
      expect_well_formed(svg);
      EXPECT_EQ(svg.find("nan"), std::string::npos);
      EXPECT_EQ(svg.find("inf"), std::string::npos);
    }
  }
  expect_error(1, [] { line_charts({{"t", "x", "y", {{"s", {1}, {}}}}}); }, {"\"s\"", "1 x and 0 y"});
  expect_error(1, [] { line_charts({}); }, {"no chart"});
}

TEST(ConfusionChart, ShowsEveryCount) {
  const std::vector<int64_t> counts{11, 2, 0, 33, 44, 5, 0, 0, 0};
  const std::string svg = confusion_chart(counts, {"a", "<b>", "c"}, "title");
  expect_well_formed(svg);
  for (const char* text : {">11<", ">2<", ">33<", ">44<", ">5<", "&lt;b&gt;", "55 of 95 right, 57.89%", "84.6%", "53.7%"}) {
    EXPECT_NE(svg.find(text), std::string::npos) << text;
  }
  expect_well_formed(confusion_chart(std::vector<int64_t>(100 * 100, 1), std::vector<std::string>(100, "name"), "many"));
  expect_error(1, [&] { confusion_chart(counts, {"a", "b"}, "t"); }, {"9 counts", "2 classes"});
  expect_error(1, [] { confusion_chart({}, {}, "t"); }, {"0 classes"});
}

TEST(PredictionSheet, HoldsThePictures) {
  Image image({3, 5, 3});
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 5);
  const std::string svg =
      prediction_sheet({{image, "cat", 0.875, "cat"}, {image, "cat", 0.5, "dog"}, {image, "cat", 0.25}}, "title", 2);
  expect_well_formed(svg);
  EXPECT_NE(svg.find("cat 88%"), std::string::npos);
  EXPECT_NE(svg.find("is dog"), std::string::npos);
  EXPECT_EQ(svg.find("is cat"), std::string::npos);
  // The embedded image, decoded again, is the original one.
  const std::string mark = "base64,";
  const size_t start = svg.find(mark) + mark.size();
  const std::string text = svg.substr(start, svg.find('"', start) - start);
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> bytes;
  uint32_t bits = 0;
  int held = 0;
  for (const char letter : text) {
    if (letter == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(letters.find(letter));
    held += 6;
    if (held >= 8) bytes.push_back(static_cast<std::byte>(bits >> (held -= 8)));
  }
  EXPECT_EQ(text.size() % 4, 0u);
  EXPECT_EQ(decode_image(bytes, "embedded").pixels, image.pixels);
  expect_error(1, [] { prediction_sheet({}, "t"); }, {"no prediction"});
  expect_error(2, [&] { prediction_sheet({{image, "a"}}, "t", 0); }, {"0"});
}

}  // namespace
}  // namespace fovea
