#include "app/classification.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "fovea/data/augment.h"
#include "fovea/data/resample.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

// Photographs lose a border, as in evaluation; small pictures such as digits are their own crop.
constexpr double photograph_crop = 0.875;
constexpr int64_t photograph_size = 96;

Image fitted(const Image& picture, int64_t height, int64_t width) {
  if (picture.shape.height == height && picture.shape.width == width) return picture;
  if (height != width) return resize(picture, height, width);
  return resize_center_crop(picture, height, height >= photograph_size ? photograph_crop : 1);
}

}  // namespace

Tensor picture_tensor(const Image& picture, const Network& network, bool invert) {
  Image image = fitted(picture, network.input[0], network.input[1]);
  if (invert) {
    for (uint8_t& pixel : image.pixels) pixel = static_cast<uint8_t>(255 - pixel);
  }
  Tensor tensor({1, network.input[0], network.input[1], network.input[2]}, DType::f32);
  const Augmenter normalise(image.shape, {.mean = network.preprocessing.mean, .deviation = network.preprocessing.deviation});
  normalise.apply(image.pixels, tensor.values<float>(), 0, 0, 0);
  return tensor;
}

Classification classify(Predictor& predictor, const Tensor& image, const std::vector<std::string>& labels, int64_t top,
                        ThreadPool& threads) {
  predictor.predict(image, threads);  // compiles, and brings the weights into the cache
  const Clock::time_point start = Clock::now();
  const Tensor& probabilities = predictor.predict(image, threads);
  Classification result;
  result.milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  const float* values = probabilities.data<float>();
  std::vector<int64_t> order(static_cast<size_t>(probabilities.size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return values[a] > values[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(top)));
  for (const int64_t index : order) {
    const size_t position = static_cast<size_t>(index);
    result.guesses.push_back({position < labels.size() ? labels[position] : std::to_string(index), index, values[index]});
  }
  return result;
}

}  // namespace fovea
