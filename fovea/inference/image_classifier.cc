// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/image_classifier.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/data/loader.h"

namespace fovea {
namespace {

// The scores as real numbers, image by image.
void read_scores(const Tensor& result, const TensorType& type, std::span<float> scores) {
  if (type.dtype == DType::f32) {
    std::copy_n(result.data<float>(), scores.size(), scores.begin());
    return;
  }
  const float scale = type.quantization->scales[0];
  const int64_t zero = type.quantization->zeros[0];
  for (size_t i = 0; i < scores.size(); ++i) {
    const int64_t q = type.dtype == DType::u8    ? int64_t{result.data<uint8_t>()[i]}
                      : type.dtype == DType::i16 ? int64_t{result.data<int16_t>()[i]}
                                                 : int64_t{result.data<int8_t>()[i]};
    scores[i] = scale * static_cast<float>(q - zero);
  }
}

void softmax(std::span<float> scores) {
  const float most = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  for (float& score : scores) sum += score = std::exp(score - most);
  for (float& score : scores) score /= sum;
}

// Rows of the data set's classes as logarithms, which Metrics takes. A probability that rounds to 0 becomes the smallest
// positive number.
Tensor log_probabilities(const Tensor& probabilities, int64_t count, int64_t classes, const std::vector<int64_t>& places) {
  const int64_t all = probabilities.shape()[1], skipped = all - classes;
  Tensor logits({count, classes}, DType::f32);
  for (int64_t image = 0; image < count; ++image) {
    for (int64_t label = 0; label < classes; ++label) {
      const int64_t place = places.empty() ? label + skipped : places[static_cast<size_t>(label)];
      const float probability = probabilities.data<float>()[image * all + place];
      logits.data<float>()[image * classes + label] = std::log(std::max(probability, 1e-6f));
    }
  }
  return logits;
}

void check_fits(const ImageClassifier& classifier, const Dataset& dataset) {
  const ImageShape own = classifier.image_shape(), given = dataset.image_shape();
  if (own.channels != given.channels || (!dataset.encoded() && own != given)) {
    refuse("{} takes images {}x{}x{}; the data set has {}x{}x{}", classifier.name(), own.height, own.width, own.channels,
           given.height, given.width, given.channels);
  }
  const int64_t classes = std::ssize(dataset.class_names());
  if (classifier.classes() != classes && classifier.classes() != classes + 1)
    refuse("{} has {} classes; the data set has {}", classifier.name(), classifier.classes(), classes);
}

}  // namespace

ImageClassifier::ImageClassifier(InferenceModel model, DType dtype, Winograd winograd, const std::string& device)
    : model_(std::move(model)),
      form_(image_model_form(model_)),
      session_(model_.graph, model_.tensors,
               CompileOptions{.device = device, .inference = true, .winograd = winograd, .dtype = dtype}),
      probabilities_({batch(), classes()}, DType::f32) {}

Augmentation ImageClassifier::evaluation() const {
  const Preprocessing& own = model_.preprocessing;
  Augmentation augmentation{.resize = own.resize,
                            .interpolation = own.bicubic ? Interpolation::bicubic : Interpolation::bilinear,
                            .orientation = own.upright ? Orientation::exif : Orientation::stored};
  if (!takes_bytes()) {
    augmentation.mean = own.mean;
    augmentation.deviation = own.deviation;
  } else {
    augmentation.deviation.assign(static_cast<size_t>(form_.input.shape[3]), 1.0f / 255);
  }
  return augmentation;
}

void ImageClassifier::fill_input(const Tensor& images) {
  Tensor& input = session_.argument(form_.input_name);
  const std::span<const float> values = images.values<float>();
  if (form_.input.dtype == DType::f32) {
    std::copy(values.begin(), values.end(), input.data<float>());
  } else if (form_.input.dtype == DType::u8) {
    std::transform(values.begin(), values.end(), input.data<uint8_t>(),
                   [](float pixel) { return static_cast<uint8_t>(std::lrint(pixel)); });
  } else {
    std::transform(values.begin(), values.end(), input.data<int8_t>(),
                   [](float pixel) { return static_cast<int8_t>(std::lrint(pixel) - 128); });
  }
}

const Tensor& ImageClassifier::probabilities(const Tensor& images, ThreadPool& threads) {
  const int64_t count = images.shape()[0];
  if (images.size() != count * image_shape().size() || count > batch())
    fail("{} takes up to {} images; these are {}", name(), to_string(form_.input.shape), to_string(images.shape()));
  fill_input(images);
  if (!model_.tensors.empty()) {  // nobody else changes their values, so the packed form is enough
    model_.tensors.clear();
    session_.release_weights(threads);
  }
  session_.run(threads);
  read_scores(session_.result(form_.output_name), form_.output, probabilities_.values<float>());
  const auto temperature = static_cast<float>(model_.confidence.temperature);
  if (form_.ends_in_softmax && temperature == 1) return probabilities_;
  for (int64_t image = 0; image < count; ++image) {
    const std::span<float> scores =
        probabilities_.values<float>().subspan(static_cast<size_t>(image * classes()), static_cast<size_t>(classes()));
    if (form_.ends_in_softmax) {
      for (float& score : scores) score = std::log(std::max(score, least_probability(form_.output)));
    }
    if (temperature != 1) {
      for (float& score : scores) score /= temperature;
    }
    softmax(scores);
  }
  return probabilities_;
}

Metrics evaluate(ImageClassifier& classifier, std::shared_ptr<const Dataset> dataset, ThreadPool& threads, Progress& progress,
                 const FileEvaluation& how) {
  check_fits(classifier, *dataset);
  const int64_t count = dataset->count(), classes = std::ssize(dataset->class_names());
  const bool encoded = dataset->encoded();
  Loader loader(std::move(dataset), {.batch = std::min(classifier.batch(), count),
                                     .shape = classifier.image_shape(),
                                     .augmentation = how.pictures ? *how.pictures : classifier.evaluation(),
                                     .prefetch = encoded ? 2 : 3,
                                     .workers = encoded ? threads.size() : 1});
  CorruptSampleReport here;
  Metrics metrics(classes);
  progress.start("testing", count);
  while (metrics.count() < count) {
    const Batch& next = loader.next();
    (how.damage != nullptr ? *how.damage : here).report(next.damaged, progress);
    const Tensor& probabilities = classifier.probabilities(next.image, threads);
    const Tensor logits = log_probabilities(probabilities, next.count, classes, how.places);
    metrics.add(logits, next.label.values<int32_t>());
    if (how.predictions != nullptr) how.predictions->add(logits, next.label.values<int32_t>());
    progress.update(metrics.count(), fmt::format("top-1 {:.2f}%", 100 * metrics.top1()));
  }
  return metrics;
}

}  // namespace fovea
