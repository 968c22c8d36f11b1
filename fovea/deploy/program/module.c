// SPDX-License-Identifier: Apache-2.0
// A WebAssembly module around the network: its memory, and the functions that JavaScript calls.
//
//     const {exports} = new WebAssembly.Instance(new WebAssembly.Module(bytes));          // no imports
//     new Uint8Array(exports.memory.buffer, exports.input(0), pixels.length).set(pixels);
//     exports.run();
//     const scores = new Float32Array(exports.memory.buffer, exports.output(0), classes);
//
// The custom section "fovea" holds JSON: inputs and outputs with shapes, types, scales and zero points, preprocessing, labels
// (WebAssembly.Module.customSections(module, "fovea")).
#include "model.h"

#define EXPORT(name) __attribute__((export_name(#name)))

MODEL_SECTION;
MODEL_BUFFERS
static unsigned char arena[MODEL_ARENA_BYTES] __attribute__((aligned(MODEL_ARENA_ALIGNMENT)));
static const void* const inputs[] = {MODEL_INPUT_BUFFERS};
static void* const outputs[] = {MODEL_OUTPUT_BUFFERS};

EXPORT(input) const void* input(int i) { return i >= 0 && i < MODEL_INPUTS ? inputs[i] : 0; }
EXPORT(output) void* output(int i) { return i >= 0 && i < MODEL_OUTPUTS ? outputs[i] : 0; }
EXPORT(run) int run(void) { return MODEL_RUN(inputs, outputs, arena); }
