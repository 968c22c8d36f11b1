// SPDX-License-Identifier: Apache-2.0
// dump_operations IMAGE CHANNELS FOLDER <REQUESTS: for each line `OPERATION ARGUMENT INTERPOLATION` of standard input, writes
// the image after that operation as FOLDER/LINE.png. compare_with_pillow.py reads them.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>

#include "fovea/core/error.h"
#include "fovea/data/image/color.h"
#include "fovea/data/image/geometry.h"
#include "fovea/data/image/resample.h"

namespace fovea {
namespace {

using Apply = void (*)(Image&, double, const GeometryOptions&);

// `size` is height * 65536 + width. The part is a box whose sides are between pixels.
void resize_part(Image& image, double size, const GeometryOptions& options, bool part) {
  const double height = static_cast<double>(image.shape.height), width = static_cast<double>(image.shape.width);
  // Multiples of a quarter, because Pillow stores the sides of a box in single precision.
  const auto share = [](double of, double side) { return std::floor(side * of * 4) / 4; };
  const CropBox box =
      part ? CropBox{share(0.21, height), share(0.13, width), share(0.6, height) + 0.25, share(0.55, width) + 0.25}
           : CropBox{0, 0, height, width};
  Image result;
  resize(result, image, box, static_cast<int64_t>(size) >> 16, static_cast<int64_t>(size) & 65535, options.interpolation);
  image = result;
}

const std::map<std::string, Apply> operations = {
    {"autocontrast", [](Image& image, double, const GeometryOptions&) { autocontrast(image); }},
    {"equalize", [](Image& image, double, const GeometryOptions&) { equalize(image); }},
    {"invert", [](Image& image, double, const GeometryOptions&) { invert(image); }},
    {"posterize", [](Image& image, double bits, const GeometryOptions&) { posterize(image, static_cast<int64_t>(bits)); }},
    {"solarize", [](Image& image, double from, const GeometryOptions&) { solarize(image, static_cast<int64_t>(from)); }},
    {"solarize_add", [](Image& image, double add, const GeometryOptions&) { solarize_add(image, static_cast<int64_t>(add)); }},
    {"color", [](Image& image, double by, const GeometryOptions&) { adjust_color(image, static_cast<float>(by)); }},
    {"contrast", [](Image& image, double by, const GeometryOptions&) { adjust_contrast(image, static_cast<float>(by)); }},
    {"brightness", [](Image& image, double by, const GeometryOptions&) { adjust_brightness(image, static_cast<float>(by)); }},
    {"sharpness", [](Image& image, double by, const GeometryOptions&) { adjust_sharpness(image, static_cast<float>(by)); }},
    {"hue", [](Image& image, double by, const GeometryOptions&) { adjust_hue(image, by); }},
    {"shear_x", shear_x},
    {"shear_y", shear_y},
    {"translate_x", translate_x},
    {"translate_y", translate_y},
    {"rotate", rotate},
    {"resize", [](Image& image, double size, const GeometryOptions& options) { resize_part(image, size, options, false); }},
    {"resize_part", [](Image& image, double size, const GeometryOptions& options) { resize_part(image, size, options, true); }},
};

const std::map<std::string, Interpolation> interpolations = {
    {"nearest", Interpolation::nearest}, {"bilinear", Interpolation::bilinear}, {"bicubic", Interpolation::bicubic}};

void dump(const std::string& picture, int64_t channels, const std::filesystem::path& folder) {
  const Image original = read_image(picture, channels);
  std::string operation, interpolation;
  double argument = 0;
  for (int line = 0; std::cin >> operation >> argument >> interpolation; ++line) {
    Image image = original;
    operations.at(operation)(image, argument, {.interpolation = interpolations.at(interpolation)});
    write_png(folder / fmt::format("{}.png", line), image);
  }
}

}  // namespace
}  // namespace fovea

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    fovea::dump(argv[1], std::stoll(argv[2]), argv[3]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "dump_operations: {}\n", error.what());
    return 1;
  }
}
