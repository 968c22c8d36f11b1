// SPDX-License-Identifier: Apache-2.0
// The network: from pixels to probabilities. Its memory is static.
#pragma once

#include <stdint.h>

#include "model.h"

extern float probabilities[MODEL_CLASSES];  // of the last run

// Takes pixels [MODEL_HEIGHT, MODEL_WIDTH, MODEL_CHANNELS] for the next run.
void fill_input(const uint8_t* pixels);
// Returns how many milliseconds it took.
double run_network(void);
#ifdef MODEL_UNKNOWN_BELOW
// Whether no class is likely enough.
int unknown(void);
#endif
