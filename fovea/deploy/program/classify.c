// SPDX-License-Identifier: Apache-2.0
// A program for a device that classifies images. `fovea compile` compiles it for the target with the network's own header
// (network.h), the description of its model (model.h, written by fovea/deploy/program.cc) and the network's object file.
//
// Its output has the lines of `fovea classify`. Memory for the network is static; only images and label files are allocated.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "labels.h"
#include "model.h"
#include "picture.h"

enum { failed = 1, refused = 2 };

static const char usage[] =
    "usage: " MODEL_PROGRAM
    " [options] IMAGE...\n"
    "Names what is in pictures (JPEG, PNG, GIF, BMP), by " MODEL_NAME
    ".\n"
    "  --labels FILE      the name of class i on line i, or \"i name\" (the model's own)\n"
    "  --top N            how many guesses to show (5)\n"
    "  --threshold P      hide guesses that are not likelier than this, of 1\n"
    "  --orientation HOW  of photographs: exif, turned as their EXIF data says, or stored (the model's own)\n"
    "  --json             as JSON\n";

static MODEL_INPUT_TYPE input[MODEL_HEIGHT * MODEL_WIDTH * MODEL_CHANNELS];
static MODEL_OUTPUT_TYPE output[MODEL_CLASSES];
static float probabilities[MODEL_CLASSES];
static unsigned char arena[MODEL_ARENA_BYTES] __attribute__((aligned(MODEL_ARENA_ALIGNMENT)));
static int shown[MODEL_CLASSES];

struct options {
  const char* labels;
  long top;
  double threshold;
  int json, upright;
};

static void fill_input(const uint8_t* pixels) {
#ifdef MODEL_NORMALIZED
  static float table[MODEL_CHANNELS][256];
  for (int c = 0; c < MODEL_CHANNELS; ++c)
    for (int pixel = 0; pixel < 256; ++pixel) table[c][pixel] = fovea_normalized(pixel, model_mean[c], model_deviation[c]);
  for (int i = 0; i < MODEL_HEIGHT * MODEL_WIDTH * MODEL_CHANNELS; ++i) input[i] = table[i % MODEL_CHANNELS][pixels[i]];
#else
  for (int i = 0; i < MODEL_HEIGHT * MODEL_WIDTH * MODEL_CHANNELS; ++i)
    input[i] = (MODEL_INPUT_TYPE)(pixels[i] - MODEL_PIXEL_ZERO);
#endif
}

static void read_scores(void) {
  for (int i = 0; i < MODEL_CLASSES; ++i) {
#ifdef MODEL_SCORE_SCALE
    probabilities[i] = MODEL_SCORE_SCALE * (float)(output[i] - MODEL_SCORE_ZERO);
#else
    probabilities[i] = output[i];
#endif
  }
#if defined(MODEL_TEMPERATURE) && !defined(MODEL_LOGITS)  // the softmax below makes these the powers of 1 / temperature
  for (int i = 0; i < MODEL_CLASSES; ++i)
    probabilities[i] = logf(probabilities[i] > MODEL_LEAST_PROBABILITY ? probabilities[i] : MODEL_LEAST_PROBABILITY);
#endif
#ifdef MODEL_TEMPERATURE
  for (int i = 0; i < MODEL_CLASSES; ++i) probabilities[i] /= MODEL_TEMPERATURE;
#endif
#if defined(MODEL_LOGITS) || defined(MODEL_TEMPERATURE)
  float most = probabilities[0], sum = 0;
  for (int i = 1; i < MODEL_CLASSES; ++i) most = probabilities[i] > most ? probabilities[i] : most;
  for (int i = 0; i < MODEL_CLASSES; ++i) sum += probabilities[i] = expf(probabilities[i] - most);
  for (int i = 0; i < MODEL_CLASSES; ++i) probabilities[i] /= sum;
#endif
}

#ifdef MODEL_UNKNOWN_BELOW
static int unknown(void) {
  float most = probabilities[0];
  for (int i = 1; i < MODEL_CLASSES; ++i) most = probabilities[i] > most ? probabilities[i] : most;
  return most < MODEL_UNKNOWN_BELOW;
}
#endif

static double run_network(void) {
  const void* inputs[] = {input};
  void* outputs[] = {output};
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  MODEL_RUN(inputs, outputs, arena);
  read_scores();
  clock_gettime(CLOCK_MONOTONIC, &end);
  return 1e3 * (double)(end.tv_sec - start.tv_sec) + 1e-6 * (double)(end.tv_nsec - start.tv_nsec);
}

// Chooses the likeliest classes, of equal ones the first, and returns how many are likelier than the threshold.
static int choose(const struct options* options) {
  int count = 0;
  for (int i = 0; i < MODEL_CLASSES; ++i) {
    if (!(probabilities[i] > options->threshold)) continue;
    int place = count;
    while (place > 0 && probabilities[shown[place - 1]] < probabilities[i]) --place;
    if (place >= options->top) continue;
    if (count < options->top) ++count;
    for (int j = count - 1; j > place; --j) shown[j] = shown[j - 1];
    shown[place] = i;
  }
  return count;
}

// Output is always UTF-8: each piece of a name that is not becomes U+FFFD, as in fovea classify.
static void print_string(const char* text) {
  putchar('"');
  while (*text != '\0') {
    const unsigned char letter = (unsigned char)*text;
    const int bytes = letter_bytes((const unsigned char*)text);
    if (letter == '"' || letter == '\\') putchar('\\');
    if (bytes < 0)
      fputs("\xEF\xBF\xBD", stdout);
    else if (letter < 32)
      printf("\\u%04x", letter);
    else
      fwrite(text, 1, (size_t)bytes, stdout);
    text += bytes < 0 ? -bytes : bytes;
  }
  putchar('"');
}

// Prints the fewest digits that read back as the same number.
static void print_number(double number) {
  char digits[32];
  if (!(number - number == 0)) {  // JSON has no notation for what is not finite
    printf("null");
    return;
  }
  for (int precision = 15; precision <= 17; ++precision) {
    snprintf(digits, sizeof digits, "%.*g", precision, number);
    if (strtod(digits, NULL) == number) break;
  }
  printf("%s%s", digits, strpbrk(digits, ".en") == NULL ? ".0" : "");
}

static void print_json(const char* path, double milliseconds, int count, const char* const* labels, int first) {
  printf("%s  {\n    \"image\": ", first ? "" : ",\n");
  print_string(path);
  printf(",\n    \"milliseconds\": ");
  print_number(milliseconds);
#ifdef MODEL_UNKNOWN_BELOW
  printf(",\n    \"unknown\": %s", unknown() ? "true" : "false");
#endif
  printf(",\n    \"predictions\": [");
  for (int i = 0; i < count; ++i) {
    printf("%s\n      {\n        \"label\": ", i == 0 ? "" : ",");
    print_string(labels[shown[i]]);
    printf(",\n        \"index\": %d,\n        \"probability\": ", shown[i]);
    print_number(probabilities[shown[i]]);
    printf("\n      }");
  }
  printf("%s]\n  }", count == 0 ? "" : "\n    ");
}

static void print_text(const char* path, double milliseconds, int count, const char* const* labels) {
  printf("%s (%.2f ms)\n", path, milliseconds);
#ifdef MODEL_UNKNOWN_BELOW
  if (unknown()) printf("  unknown: nothing reaches %.2f%%\n", 100 * (double)MODEL_UNKNOWN_BELOW);
#endif
  for (int i = 0; i < count; ++i) printf("  %6.2f%%  %s\n", 100 * (double)probabilities[shown[i]], labels[shown[i]]);
}

static void refuse(const char* what, const char* value) {
  fprintf(stderr, MODEL_PROGRAM ": %s \"%s\"; see --help\n", what, value);
  exit(refused);
}

static const char* value_of(int argc, char** argv, int* i) {
  if (*i + 1 >= argc) refuse("no value after", argv[*i]);
  return argv[++*i];
}

// Reads the options; images are moved to the front of argv and counted.
static int read_options(int argc, char** argv, struct options* options) {
  int pictures = 0;
  char* end = NULL;
  for (int i = 1; i < argc; ++i) {
    const char* word = argv[i];
    if (strcmp(word, "--labels") == 0) {
      options->labels = value_of(argc, argv, &i);
    } else if (strcmp(word, "--top") == 0) {
      options->top = strtol(value_of(argc, argv, &i), &end, 10);
      if (*end != '\0' || options->top < 1) refuse("--top is a whole number from 1, not", argv[i]);
    } else if (strcmp(word, "--threshold") == 0) {
      options->threshold = strtod(value_of(argc, argv, &i), &end);
      if (*end != '\0' || !(options->threshold >= 0 && options->threshold <= 1))
        refuse("--threshold is a probability, 0 to 1, not", argv[i]);
    } else if (strcmp(word, "--orientation") == 0) {
      const char* how = value_of(argc, argv, &i);
      options->upright = strcmp(how, "exif") == 0;
      if (!options->upright && strcmp(how, "stored") != 0) refuse("--orientation is exif or stored, not", how);
    } else if (strcmp(word, "--json") == 0) {
      options->json = 1;
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else if (word[0] == '-' && word[1] == '-') {
      refuse("unknown option", word);
    } else {
      argv[pictures++] = argv[i];
    }
  }
  return pictures;
}

int main(int argc, char** argv) {
  struct options options = {NULL, 5, -1, 0, MODEL_UPRIGHT};
  const int pictures = read_options(argc, argv, &options);
  if (pictures == 0) {
    fputs(usage, stderr);
    return refused;
  }
  const char* const* labels = options.labels == NULL ? model_labels : read_labels(options.labels);
  if (labels == NULL) return failed;
  int unreadable = 0, printed = 0;
  if (options.json) printf("[\n");
  for (int i = 0; i < pictures; ++i) {
    uint8_t* pixels = read_picture(argv[i], options.upright);
    if (pixels == NULL) {
      ++unreadable;
      continue;
    }
    fill_input(pixels);
    free(pixels);
    const double milliseconds = run_network();
    const int count = choose(&options);
    if (options.json)
      print_json(argv[i], milliseconds, count, labels, printed == 0);
    else
      print_text(argv[i], milliseconds, count, labels);
    ++printed;
  }
  if (options.json) printf("\n]\n");
  return fflush(stdout) != 0 || unreadable > 0 ? failed : 0;
}
