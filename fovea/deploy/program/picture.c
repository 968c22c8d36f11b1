// SPDX-License-Identifier: Apache-2.0
#include "picture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bmp_format.h"
#include "gif_format.h"
#include "inflate.h"
#include "jpeg.h"
#include "model.h"
#include "orientation.h"
#include "png_format.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_MAX_DIMENSIONS (1 << 16)
#define STBI_MALLOC(size) calloc(1, size)  // what a corrupt file leaves out is zero and not old memory
#define STBI_REALLOC realloc
#define STBI_FREE free
#include "stb_image.h"

// Red, green and blue of an image, from malloc; NULL with the reason in `problem`.
struct picture {
  uint8_t* pixels;
  int64_t height, width;
  const char* format;
  const char* problem;
};

static const char no_memory[] = "not enough memory";

static int make_room(struct picture* picture, int64_t height, int64_t width) {
  picture->height = height;
  picture->width = width;
  if (height < 1 || width < 1 || width > FOVEA_MOST_PIXELS / height) {
    picture->problem = "it has more pixels than are read";
    return 0;
  }
  picture->pixels = malloc((size_t)(height * width) * 3);
  if (picture->pixels == NULL) picture->problem = no_memory;
  return picture->pixels != NULL;
}

// Joins all compressed data of a PNG, one piece after the other, at the start of `to`.
static size_t join_data(const struct fovea_png* png, const uint8_t* bytes, size_t size, uint8_t* to) {
  size_t at = png->data, length = 0, joined = 0;
  const uint8_t* data = NULL;
  for (; fovea_png_data(bytes, size, &at, &data, &length); joined += length) memcpy(to + joined, data, length);
  return joined;
}

static void read_png(struct picture* picture, const uint8_t* bytes, size_t size) {
  static struct fovea_png png;
  picture->problem = fovea_png_open(&png, bytes, size);
  if (picture->problem != NULL) return;
  if (png.width > FOVEA_MOST_PIXELS / png.height || fovea_png_raw_size(&png) / 1032 > size) {
    picture->problem = "its bytes cannot hold so many pixels";
    return;
  }
  const size_t room = fovea_png_raw_size(&png);
  uint8_t *raw = malloc(room), *packed = malloc(size);
  if (raw == NULL || packed == NULL) {
    picture->problem = no_memory;
  } else if (!inflate_all(packed, join_data(&png, bytes, size, packed), raw, room)) {
    picture->problem = "its compressed data is wrong";
  } else if (make_room(picture, png.height, png.width)) {
    picture->problem = fovea_png_pixels(&png, raw, picture->pixels);
  }
  free(raw);
  free(packed);
}

static void read_bmp(struct picture* picture, const uint8_t* bytes, size_t size) {
  static struct fovea_bmp bmp;
  picture->problem = fovea_bmp_open(&bmp, bytes, size);
  if (picture->problem == NULL && make_room(picture, bmp.height, bmp.width))
    picture->problem = fovea_bmp_pixels(&bmp, bytes, size, picture->pixels);
}

static void read_gif(struct picture* picture, const uint8_t* bytes, size_t size) {
  static struct fovea_gif gif;
  static struct fovea_gif_words words;
  picture->problem = fovea_gif_open(&gif, bytes, size);
  if (picture->problem == NULL && make_room(picture, gif.height, gif.width))
    picture->problem = fovea_gif_pixels(&gif, bytes, size, picture->pixels, &words);
}

static void read_jpeg(struct picture* picture, uint8_t* bytes, size_t size) {
  picture->problem = prepare_jpeg(&bytes, &size);
  if (picture->problem != NULL) return;
  int width = 0, height = 0, channels = 0;
  if (size > INT32_MAX) {
    picture->problem = no_memory;
    return;
  }
  picture->pixels = stbi_load_from_memory(bytes, (int)size, &width, &height, &channels, 3);
  picture->height = height;
  picture->width = width;
  if (picture->pixels != NULL) return;
  picture->problem = stbi_failure_reason();
  if (picture->problem == NULL) picture->problem = "its data is wrong";  // not every failure has a reason
}

static void turn_upright(struct picture* picture, int orientation) {
  uint8_t* stored = picture->pixels;
  const int64_t height = picture->height, width = picture->width;
  if (orientation == 1 || !make_room(picture, height, width)) {
    if (picture->problem != NULL) free(stored);
    return;
  }
  fovea_turn(stored, height, width, 3, orientation, picture->pixels);
  free(stored);
  if (!fovea_turns_sideways(orientation)) return;
  picture->height = width;
  picture->width = height;
}

static void decode(struct picture* picture, uint8_t* bytes, size_t size, int upright) {
  picture->format = "PNG";
  const int orientation = upright ? fovea_picture_orientation(bytes, size) : 1;
  if (fovea_is_png(bytes, size)) {
    read_png(picture, bytes, size);
  } else if (fovea_is_jpeg(bytes, size)) {
    picture->format = "JPEG";
    read_jpeg(picture, bytes, size);
  } else if (fovea_is_gif(bytes, size)) {
    picture->format = "GIF";
    read_gif(picture, bytes, size);
  } else if (fovea_is_bmp(bytes, size)) {
    picture->format = "BMP";
    read_bmp(picture, bytes, size);
  } else {
    picture->format = fovea_is_webp(bytes, size) ? "WebP" : fovea_foreign_format(bytes, size);
    picture->problem = picture->format != NULL ? "this program does not read it; convert it to JPEG or PNG"
                                               : "no JPEG, PNG, GIF or BMP picture";
  }
  if (picture->problem == NULL) {
    turn_upright(picture, orientation);
  } else {
    free(picture->pixels);
    picture->pixels = NULL;
  }
}

// Converts red, green and blue to the channels that the network reads.
static void drop_channels(uint8_t* pixels, int64_t count) {
  if (MODEL_CHANNELS != 1) return;
  for (int64_t i = 0; i < count; ++i) pixels[i] = fovea_luma(pixels + 3 * i);
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

// Resamples horizontally, then vertically, and only the rows that are used.
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

// The whole file, with spare bytes before it; NULL after a line on standard error.
static uint8_t* read_bytes(const char* path, size_t* size) {
  FILE* file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, MODEL_PROGRAM ": cannot read %s: %s\n", path, strerror(errno));
    return NULL;
  }
  size_t room = 1 << 16, filled = jpeg_spare_bytes;
  uint8_t* bytes = malloc(room);
  while (bytes != NULL) {
    filled += fread(bytes + filled, 1, room - filled, file);
    if (filled < room) break;
    uint8_t* larger = realloc(bytes, room *= 2);
    if (larger == NULL) free(bytes);
    bytes = larger;
  }
  const int failed = ferror(file);
  if (file != stdin) fclose(file);
  if (bytes == NULL || failed) {
    fprintf(stderr, MODEL_PROGRAM ": cannot read %s: %s\n", path, bytes == NULL ? no_memory : strerror(errno));
    free(bytes);
    return NULL;
  }
  *size = filled - jpeg_spare_bytes;
  return bytes;
}

uint8_t* fit_colors(const char* name, uint8_t* colors, int64_t height, int64_t width) {
  drop_channels(colors, height * width);
  uint8_t* fitted = fit(colors, height, width);
  if (fitted == NULL) fprintf(stderr, MODEL_PROGRAM ": %s: %s\n", name, no_memory);
  return fitted;
}

uint8_t* decode_picture(const char* name, uint8_t* bytes, size_t size, int upright) {
  struct picture picture = {NULL, 0, 0, NULL, NULL};
  decode(&picture, bytes, size, upright);
  if (picture.problem == NULL) return fit_colors(name, picture.pixels, picture.height, picture.width);
  fprintf(stderr, MODEL_PROGRAM ": %s: %s%s%s\n", name, picture.format != NULL ? picture.format : "",
          picture.format != NULL ? ": " : "", picture.problem);
  return NULL;
}

uint8_t* read_picture(const char* path, int upright) {
  size_t size = 0;
  uint8_t* bytes = read_bytes(path, &size);
  if (bytes == NULL) return NULL;
  uint8_t* pixels = decode_picture(strcmp(path, "-") == 0 ? "standard input" : path, bytes + jpeg_spare_bytes, size, upright);
  free(bytes);
  return pixels;
}
