// SPDX-License-Identifier: Apache-2.0
// A program for a device that classifies images. `fovea compile` compiles it for the target with the network's own header
// (network.h), the description of its model (model.h, written by fovea/deploy/program.cc) and the network's object file.
//
// Its output has the lines of `fovea classify`. Memory for the network is static; only images and label files are allocated.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "frames.h"
#include "labels.h"
#include "model.h"
#include "picture.h"
#include "scores.h"

enum { failed = 1, refused = 2 };

static const char usage[] =
    "usage: " MODEL_PROGRAM
    " [options] IMAGE...\n"
    "Names what is in pictures (JPEG, PNG, GIF, BMP), by " MODEL_NAME
    ".\n"
    "An image \"-\" is read from standard input.\n"
    "  --frames FORMAT    of video on standard input (-): mjpeg, or pixels as ffmpeg calls them, such as rgb24:640x480\n"
    "  --every N          of video, answer for the first of N frames and skip the others (1)\n"
    "  --labels FILE      the name of class i on line i, or \"i name\" (the model's own)\n"
    "  --top N            how many guesses to show (5; one for a frame)\n"
    "  --threshold P      hide guesses that are not likelier than this, of 1\n"
    "  --orientation HOW  of photographs: exif, turned as their EXIF data says, or stored (the model's own)\n"
    "  --json             as JSON; of video, one object a line\n";

static int shown[MODEL_CLASSES];

struct options {
  const char *labels, *frames;
  long top, every;
  double threshold;
  int json, upright;
};

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

// A frame's answer is one line, in either form.
static void print_frame_json(long number, double milliseconds, int count, const char* const* labels) {
  printf("{\"frame\":%ld,\"milliseconds\":", number);
  print_number(milliseconds);
#ifdef MODEL_UNKNOWN_BELOW
  printf(",\"unknown\":%s", unknown() ? "true" : "false");
#endif
  printf(",\"predictions\":[");
  for (int i = 0; i < count; ++i) {
    printf("%s{\"label\":", i == 0 ? "" : ",");
    print_string(labels[shown[i]]);
    printf(",\"index\":%d,\"probability\":", shown[i]);
    print_number(probabilities[shown[i]]);
    putchar('}');
  }
  printf("]}\n");
}

static void print_frame(long number, double milliseconds, int count, const char* const* labels) {
  printf("frame %ld (%.2f ms)", number, milliseconds);
#ifdef MODEL_UNKNOWN_BELOW
  if (unknown()) printf("  unknown: nothing reaches %.2f%%", 100 * (double)MODEL_UNKNOWN_BELOW);
#endif
  for (int i = 0; i < count; ++i) printf("  %6.2f%%  %s", 100 * (double)probabilities[shown[i]], labels[shown[i]]);
  putchar('\n');
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
    } else if (strcmp(word, "--frames") == 0) {
      options->frames = value_of(argc, argv, &i);
    } else if (strcmp(word, "--every") == 0) {
      options->every = strtol(value_of(argc, argv, &i), &end, 10);
      if (*end != '\0' || options->every < 1) refuse("--every is a whole number from 1, not", argv[i]);
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

static int classify_pictures(char** paths, int pictures, const struct options* options, const char* const* labels) {
  int unreadable = 0, printed = 0;
  if (options->json) printf("[\n");
  for (int i = 0; i < pictures; ++i) {
    uint8_t* pixels = read_picture(paths[i], options->upright);
    if (pixels == NULL) {
      ++unreadable;
      continue;
    }
    fill_input(pixels);
    free(pixels);
    const double milliseconds = run_network();
    const int count = choose(options);
    if (options->json)
      print_json(paths[i], milliseconds, count, labels, printed == 0);
    else
      print_text(paths[i], milliseconds, count, labels);
    ++printed;
  }
  if (options->json) printf("\n]\n");
  return fflush(stdout) != 0 || unreadable > 0 ? failed : 0;
}

static void open_frames(struct frames* frames, const char* format) {
  const char* wanted = fovea_read_frame_format(format, &frames->format);
  if (wanted == NULL && frames->format.pixels == fovea_mjpeg_pixels && frames->format.width > 0)
    wanted = "mjpeg, for each JPEG of a stream has its own size";
  if (wanted == NULL) return;
  fprintf(stderr, MODEL_PROGRAM ": frames of \"%s\": wanted %s\n", format, wanted);
  exit(refused);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int classify_frames(const struct options* options, const char* const* labels) {
  static struct frames frames;
  open_frames(&frames, options->frames);
  signal(SIGPIPE, SIG_DFL);  // a reader that has seen enough ends the program without a word
  long damaged = 0, answers = 0;
  const double start = seconds();
  while (next_frame(&frames)) {
    if (frames.problem[0] != '\0') {
      fprintf(stderr, MODEL_PROGRAM ": frame %ld: %s\n", frames.number, frames.problem);
      ++damaged;
      continue;
    }
    if ((frames.number - 1) % options->every != 0) continue;
    uint8_t* pixels = frame_pixels(&frames);
    if (pixels == NULL) {
      ++damaged;
      continue;
    }
    fill_input(pixels);
    free(pixels);
    const double milliseconds = run_network();
    const int count = choose(options);
    (options->json ? print_frame_json : print_frame)(frames.number, milliseconds, count, labels);
    ++answers;
    if (fflush(stdout) != 0) return failed;
  }
  const double took = seconds() - start;
  if (frames.stream.skipped > 0)
    fprintf(stderr, "%llu bytes between frames were skipped\n", (unsigned long long)frames.stream.skipped);
  if (frames.number > 0)
    fprintf(stderr, "%ld frames in %.1f s, %.1f frames/s, %ld answers\n", frames.number, took,
            (double)frames.number / (took > 1e-9 ? took : 1e-9), answers);
  if (frames.number == 0)
    fprintf(stderr, MODEL_PROGRAM ": standard input holds no frame of %s\n", options->frames);
  else if (damaged > 0)
    fprintf(stderr, MODEL_PROGRAM ": %ld of %ld frames could not be read\n", damaged, frames.number);
  return frames.number == 0 || damaged > 0 ? failed : 0;
}

int main(int argc, char** argv) {
  struct options options = {.every = 1, .threshold = -1, .upright = MODEL_UPRIGHT};
  const int pictures = read_options(argc, argv, &options);
  if (pictures == 0) {
    fputs(usage, stderr);
    return refused;
  }
  if (options.frames == NULL && options.every > 1) refuse("--every is for frames: no --frames beside", argv[0]);
  if (options.frames != NULL && (pictures > 1 || strcmp(argv[0], "-") != 0))
    refuse("frames are read from standard input (-), not from", argv[0]);
  if (options.top == 0) options.top = options.frames != NULL && !options.json ? 1 : 5;
  const char* const* labels = options.labels == NULL ? model_labels : read_labels(options.labels);
  if (labels == NULL) return failed;
  return options.frames != NULL ? classify_frames(&options, labels) : classify_pictures(argv, pictures, &options, labels);
}
