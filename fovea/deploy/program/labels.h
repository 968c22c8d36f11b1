// SPDX-License-Identifier: Apache-2.0
// The names of the classes, from a file: by the rules of fovea/interchange/labels.h.
#pragma once

// How many bytes from `text` on make a letter of UTF-8: as its negative where they begin one and do not end it, or begin none.
int letter_bytes(const unsigned char* text);

// MODEL_CLASSES of them, for the life of the program. A file of one more names a background first, which is dropped; of one
// less, the network's first class is the background. NULL after a line on standard error that says what is wrong.
const char* const* read_labels(const char* path);
