// The names of the classes, from a file: by the rules of fovea/formats/labels.h.
#pragma once

// MODEL_CLASSES of them, for the life of the program. A file of one more names a background first, which is dropped; of one
// less, the network's first class is the background. NULL after a line on standard error that says what is wrong.
const char* const* read_labels(const char* path);
