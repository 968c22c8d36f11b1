// SPDX-License-Identifier: Apache-2.0
// The names of the classes from a file, by the rules of fovea/interchange/labels.h.
#pragma once

// The number of bytes of the UTF-8 character at `text`. It is negative, as the length of the bad piece, when those bytes begin
// a character without ending it or begin none.
int letter_bytes(const unsigned char* text);

// MODEL_CLASSES names, valid for the life of the program. A file with one name more starts with a background, which is dropped;
// with one less, the network's first class is the background. Returns NULL after a line on standard error that says what is
// wrong.
const char* const* read_labels(const char* path);
