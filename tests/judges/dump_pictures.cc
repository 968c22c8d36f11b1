// SPDX-License-Identifier: Apache-2.0
// dump_pictures exif|stored IMAGE...: decodes each image and writes IMAGE.library, "HEIGHT WIDTH\n" and its pixels, or prints a
// line of error.
#include <fmt/format.h>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/image/image.h"

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "";
  if (how != "exif" && how != "stored") {
    fmt::print(stderr, "usage: dump_pictures exif|stored PICTURE...\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    const std::string path = argv[i];
    try {
      const fovea::Image image =
          fovea::read_image(path, 3, how == "exif" ? fovea::Orientation::exif : fovea::Orientation::stored);
      std::string text = fmt::format("{} {}\n", image.shape.height, image.shape.width);
      text.append(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
      fovea::write_text(path + ".library", text);
    } catch (const fovea::Error& error) {
      fmt::print("{}\n", error.what());
    }
  }
  return 0;
}
