// SPDX-License-Identifier: Apache-2.0
#include "scores.h"

#include <math.h>
#include <time.h>

#include "pixel_arithmetic.h"

float probabilities[MODEL_CLASSES];

static MODEL_INPUT_TYPE input[MODEL_HEIGHT * MODEL_WIDTH * MODEL_CHANNELS];
static MODEL_OUTPUT_TYPE output[MODEL_CLASSES];
static unsigned char arena[MODEL_ARENA_BYTES] __attribute__((aligned(MODEL_ARENA_ALIGNMENT)));

void fill_input(const uint8_t* pixels) {
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
int unknown(void) {
  float most = probabilities[0];
  for (int i = 1; i < MODEL_CLASSES; ++i) most = probabilities[i] > most ? probabilities[i] : most;
  return most < MODEL_UNKNOWN_BELOW;
}
#endif

double run_network(void) {
  const void* inputs[] = {input};
  void* outputs[] = {output};
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  MODEL_RUN(inputs, outputs, arena);
  read_scores();
  clock_gettime(CLOCK_MONOTONIC, &end);
  return 1e3 * (double)(end.tv_sec - start.tv_sec) + 1e-6 * (double)(end.tv_nsec - start.tv_nsec);
}
