// A picture in, names and probabilities out.
#pragma once

#include <string>
#include <vector>

#include "fovea/data/image.h"
#include "fovea/train/predictor.h"

namespace fovea {

struct Guess {
  std::string label;
  int64_t index = 0;
  double probability = 0;
};

struct Classification {
  double milliseconds = 0;     // of the network alone
  std::vector<Guess> guesses;  // the likeliest first
};

// What the network reads: [1, height, width, channels], the middle of the picture at the network's size, normalised as in
// training. `invert` turns dark on light into light on dark.
Tensor picture_tensor(const Image& picture, const Network& network, bool invert);

// `predictor` gives probabilities. Without labels a class is called by its number.
Classification classify(Predictor& predictor, const Tensor& image, const std::vector<std::string>& labels, int64_t top,
                        ThreadPool& threads);

}  // namespace fovea
