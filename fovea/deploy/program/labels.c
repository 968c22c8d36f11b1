// SPDX-License-Identifier: Apache-2.0
#include "labels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

int letter_bytes(const unsigned char* text) {
  const unsigned char first = text[0];
  if (first < 0x80) return 1;
  const int count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4) return -1;
  // The second byte's range excludes overlong forms, surrogates, and what lies beyond Unicode.
  const unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (text[1] < least || text[1] > most) return -1;
  for (int i = 2; i < count; ++i)
    if (text[i] < 0x80 || text[i] > 0xBF) return -i;
  return count;
}

static int is_utf8(const char* text) {
  while (*text != '\0') {
    const int bytes = letter_bytes((const unsigned char*)text);
    if (bytes < 0) return 0;
    text += bytes;
  }
  return 1;
}

// The whole file, NUL-terminated; NULL when it cannot be read or contains a NUL.
static char* read_text(const char* path) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, MODEL_PROGRAM ": cannot read %s: %s\n", path, strerror(errno));
    return NULL;
  }
  size_t size = 0, room = 1 << 16;
  char* text = malloc(room);
  while (text != NULL) {
    size += fread(text + size, 1, room - 1 - size, file);
    if (size + 1 < room) break;
    char* larger = realloc(text, room *= 2);
    if (larger == NULL) free(text);
    text = larger;
  }
  fclose(file);
  if (text == NULL || memchr(text, '\0', size) != NULL) {
    fprintf(stderr, MODEL_PROGRAM ": %s: not a text file\n", path);
    free(text);
    return NULL;
  }
  text[size] = '\0';
  return text;
}

// Splits the text into lines; up to MODEL_CLASSES + 2 are kept, and all are counted.
static long split(char* text, const char** lines) {
  long count = 0, last = 0;
  if (strncmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
  while (*text != '\0') {
    char* end = text + strcspn(text, "\n");
    char* next = *end == '\0' ? end : end + 1;
    *end = '\0';
    if (end > text && end[-1] == '\r') end[-1] = '\0';
    if (count < MODEL_CLASSES + 2) lines[count] = text;
    ++count;
    if (*text != '\0') last = count;
    text = next;
  }
  return last;
}

// What follows "NUMBER " or "NUMBER:"; NULL when the line does not start like that.
static const char* after_number(const char* line, long number) {
  char digits[24];
  const int length = snprintf(digits, sizeof digits, "%ld", number);
  if (strncmp(line, digits, (size_t)length) != 0) return NULL;
  line += length;
  if (*line != ' ' && *line != ':' && *line != '\t') return NULL;
  ++line;
  line += strspn(line, " \t");
  return *line == '\0' ? NULL : line;
}

static void drop_numbers(const char** lines, long count) {
  for (long i = 0; i < count; ++i)
    if (after_number(lines[i], i) == NULL) return;
  for (long i = 0; i < count; ++i) lines[i] = after_number(lines[i], i);
}

const char* const* read_labels(const char* path) {
  static const char* kept[MODEL_CLASSES + 3];
  const char** lines = kept + 1;  // leaves room for the background
  char* text = read_text(path);
  if (text == NULL) return NULL;
  const long count = split(text, lines);
  if (count < MODEL_CLASSES - 1 || count > MODEL_CLASSES + 1 || count < 1) {
    fprintf(stderr, MODEL_PROGRAM ": %s names %ld classes; " MODEL_NAME " tells %d apart\n", path, count, MODEL_CLASSES);
    return NULL;
  }
  for (long i = 0; i < count; ++i) {
    if (*lines[i] != '\0' && is_utf8(lines[i])) continue;
    fprintf(stderr, MODEL_PROGRAM ": %s:%ld: %s\n", path, i + 1,
            *lines[i] == '\0' ? "an empty line would shift every label after it" : "no UTF-8; save the file as UTF-8");
    return NULL;
  }
  drop_numbers(lines, count);
  if (count == MODEL_CLASSES + 1) return lines + 1;
  if (count == MODEL_CLASSES) return lines;
  kept[0] = "background";
  return kept;
}
