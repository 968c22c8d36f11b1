// SPDX-License-Identifier: Apache-2.0
// Decodes an image of any format whole, and a region of it scaled down, as training does.
#include "fovea/data/image/image.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes = fovea::bytes_of(data, size);
  fovea::expect_error_or_nothing([&] {
    // A few bytes may claim 2^27 pixels, which is allowed and slow.
    const fovea::ImageShape shape = fovea::picture_shape(bytes, "fuzz");
    if (shape.height * shape.width > 1 << 20) return;
    fovea::decode_image(bytes, "fuzz", 3);
    fovea::decode_image(bytes, "fuzz", 1);
    fovea::Excerpt excerpt;
    fovea::decode_region(
        excerpt, bytes, "fuzz",
        {.top = shape.height / 4, .left = shape.width / 4, .height = shape.height / 2 + 1, .width = shape.width / 2 + 1}, 4, 4);
  });
  return 0;
}
