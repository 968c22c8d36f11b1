// SPDX-License-Identifier: Apache-2.0
// dump_device_pictures exif|stored IMAGE...: does the same as dump_pictures with the sources of programs for devices, and
// writes IMAGE.device.
#include "fovea/deploy/program/picture.c"

static int write_pixels(const char* path, const struct picture* picture) {
  char name[4096];
  snprintf(name, sizeof name, "%s.device", path);
  FILE* file = fopen(name, "wb");
  if (file == NULL) return 0;
  fprintf(file, "%lld %lld\n", (long long)picture->height, (long long)picture->width);
  fwrite(picture->pixels, 3, (size_t)(picture->height * picture->width), file);
  return fclose(file) == 0;
}

int main(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    size_t size = 0;
    uint8_t* bytes = read_bytes(argv[i], &size);
    if (bytes == NULL) return 1;
    struct picture picture = {NULL, 0, 0, NULL, NULL};
    decode(&picture, bytes + jpeg_spare_bytes, size, strcmp(argv[1], "exif") == 0);
    free(bytes);
    if (picture.problem != NULL)
      printf("%s: %s\n", argv[i], picture.problem);
    else if (!write_pixels(argv[i], &picture))
      return 1;
    free(picture.pixels);
  }
  return argc > 1 ? 0 : 2;
}
