#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_MAX_DIMENSIONS (1 << 15)
#include "stb_image.h"

// Transparency is laid over black; `channels` is what the network reads.
static void flatten(uint8_t* pixels, int64_t count) {
  uint8_t* to = pixels;
  for (int64_t i = 0; i < count; ++i) {
    const uint8_t* from = pixels + 4 * i;
    uint8_t color[3];
    for (int c = 0; c < 3; ++c) color[c] = (uint8_t)((from[c] * from[3] + 127) / 255);
    if (MODEL_CHANNELS == 1) {
      *to++ = fovea_luma(color);
    } else {
      memcpy(to, color, 3);
      to += 3;
    }
  }
}

struct axis {
  int64_t taps;
  int32_t *first, *weights;
};

static int make_axis(struct axis* axis, int64_t extent, double begin, double length, int64_t to) {
  axis->taps = fovea_taps(extent, length, to, MODEL_BICUBIC);
  axis->first = malloc((size_t)to * sizeof(int32_t));
  axis->weights = malloc((size_t)(to * axis->taps) * sizeof(int32_t));
  if (axis->first == NULL || axis->weights == NULL) return 0;
  fovea_footprints(extent, begin, length, to, MODEL_BICUBIC, axis->first, axis->weights);
  return 1;
}

static void free_axis(struct axis* axis) {
  free(axis->first);
  free(axis->weights);
}

// Across, then down, of the rows that are looked at.
static uint8_t* resize(const uint8_t* pixels, int64_t width, const struct axis* columns, const struct axis* rows) {
  const int64_t channels = MODEL_CHANNELS, stride = MODEL_WIDTH * channels;
  const int64_t top = rows->first[0], bottom = rows->first[MODEL_HEIGHT - 1] + rows->taps;
  uint8_t* between = malloc((size_t)((bottom - top) * stride));
  uint8_t* result = malloc((size_t)(MODEL_HEIGHT * stride));
  if (between != NULL && result != NULL) {
    for (int64_t y = top; y < bottom; ++y)
      fovea_across(pixels + y * width * channels, between + (y - top) * stride, MODEL_WIDTH, MODEL_CHANNELS, columns->taps,
                   columns->first, columns->weights);
    for (int64_t y = 0; y < MODEL_HEIGHT; ++y)
      fovea_down(between + (rows->first[y] - top) * stride, stride, rows->weights + y * rows->taps, rows->taps,
                 result + y * stride, stride);
  } else {
    free(result);
    result = NULL;
  }
  free(between);
  return result;
}

static uint8_t* fit(uint8_t* pixels, int64_t height, int64_t width) {
  if (height == MODEL_HEIGHT && width == MODEL_WIDTH) return pixels;
  const int64_t target = fovea_resized_side(MODEL_HEIGHT, MODEL_WIDTH, MODEL_RESIZE);
  double top, left, tall, wide;
  fovea_center_side(height, height <= width ? target : target * height / width, MODEL_HEIGHT, &top, &tall);
  fovea_center_side(width, height <= width ? target * width / height : target, MODEL_WIDTH, &left, &wide);
  struct axis columns = {0, NULL, NULL}, rows = {0, NULL, NULL};
  uint8_t* result = NULL;
  if (make_axis(&columns, width, left, wide, MODEL_WIDTH) && make_axis(&rows, height, top, tall, MODEL_HEIGHT))
    result = resize(pixels, width, &columns, &rows);
  free_axis(&columns);
  free_axis(&rows);
  free(pixels);
  return result;
}

uint8_t* read_picture(const char* path) {
  int width, height, channels;
  uint8_t* pixels = stbi_load(path, &width, &height, &channels, 4);
  if (pixels == NULL) {
    fprintf(stderr, MODEL_PROGRAM ": %s: %s\n", path, stbi_failure_reason());
    return NULL;
  }
  flatten(pixels, (int64_t)width * height);
  uint8_t* fitted = fit(pixels, height, width);
  if (fitted == NULL) fprintf(stderr, MODEL_PROGRAM ": %s: not enough memory\n", path);
  return fitted;
}
