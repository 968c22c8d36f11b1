// SPDX-License-Identifier: Apache-2.0
// Pictures as programs for devices read them (fovea/deploy/program): PNG, JPEG, GIF and BMP, turned upright.
#define FOVEA_MOST_PIXELS ((int64_t)1 << 20)  // a few bytes may claim as many as are allowed, which is slow
#include "fovea/deploy/program/jpeg.c"
#include "fovea/deploy/program/picture.c"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint8_t* bytes = malloc(size + jpeg_spare_bytes);
  if (bytes == NULL) return 0;
  memcpy(bytes + jpeg_spare_bytes, data, size);
  struct picture picture = {NULL, 0, 0, NULL, NULL};
  decode(&picture, bytes + jpeg_spare_bytes, size, 1);
  free(picture.pixels);
  free(bytes);
  return 0;
}
