// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/teacher.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/data/image/resample.h"
#include "fovea/inference/predictor.h"
#include "fovea/interchange/onnx/read.h"
#include "fovea/interchange/tflite/read.h"
#include "fovea/train/run.h"

namespace fovea {
namespace {

constexpr int64_t usual_batch = 8;  // for a file that does not fix the batch

InferenceModel read_file(const std::filesystem::path& path, int64_t batch) {
  return path.extension() == ".tflite" ? read_tflite(path, {.batch = batch}) : read_onnx(path, {.batch = batch});
}

InferenceModel opened(const std::string& name) {
  const std::filesystem::path path = name;
  if (path.extension() == ".tflite" || path.extension() == ".onnx") {
    try {
      return read_file(path, usual_batch);
    } catch (const Error&) {
      return read_file(path, 0);  // the file fixes its batch; if it is corrupt, this fails again
    }
  }
  if (!std::filesystem::is_directory(path))
    refuse("a teacher must be the folder of a run, an .onnx or a .tflite file; {} is none of these", name);
  TrainedModel trained = open_model(name, {}, 1);
  Traced traced = trace_inference(trained.network, usual_batch);
  return {.name = trained.network.name,
          .graph = std::move(traced.graph),
          .tensors = std::move(trained.tensors),
          .preprocessing = trained.network.preprocessing,
          .says_preprocessing = true,
          .labels = std::move(trained.labels)};
}

// The number of each of the student's classes among the teacher's.
std::vector<int64_t> places_of(const std::vector<std::string>& classes, const ImageClassifier& teacher,
                               const std::string& name) {
  const std::vector<std::string>& labels = teacher.labels();
  std::vector<int64_t> places;
  for (size_t i = 0; i < classes.size(); ++i) {
    const auto found = std::ranges::find(labels, classes[i]);
    if (found != labels.end()) places.push_back(found - labels.begin());
  }
  if (places.size() == classes.size()) return places;
  if (!places.empty() || teacher.classes() != std::ssize(classes))
    refuse("{} has {} classes, which are not the {} of the data set", name, teacher.classes(), classes.size());
  for (size_t i = 0; i < classes.size(); ++i) places.push_back(static_cast<int64_t>(i));
  return places;
}

}  // namespace

Teacher::Teacher(const std::string& model, const Network& student, const std::vector<std::string>& classes)
    : student_shape_(fovea::image_shape(student)), student_(student.preprocessing) {
  classifier_ = std::make_unique<ImageClassifier>(opened(model));
  shape_ = classifier_->image_shape();
  if (shape_.channels != student_shape_.channels)
    refuse("{} reads images of {} channels, {} reads {}; a teacher must read the same", model, shape_.channels, student.name,
           student_shape_.channels);
  augmenter_.emplace(shape_, classifier_->evaluation());
  places_ = places_of(classes, *classifier_, model);
  input_ = Tensor({classifier_->batch(), shape_.height, shape_.width, shape_.channels}, DType::f32);
}

// The image is converted back to pixels, because those can be preprocessed for any network.
void Teacher::place(const float* image, float* target) const {
  Image picture(student_shape_);
  const auto channels = static_cast<size_t>(student_shape_.channels);
  for (size_t i = 0; i < picture.pixels.size(); ++i) {
    const size_t c = i % channels;
    const float deviation = student_.deviation.empty() ? 1 : student_.deviation[c],
                mean = student_.mean.empty() ? 0 : student_.mean[c];
    picture.pixels[i] = static_cast<uint8_t>(std::lrint(std::clamp((image[i] * deviation + mean) * 255, 0.0F, 255.0F)));
  }
  const bool same = shape_.height == student_shape_.height && shape_.width == student_shape_.width;
  const Image sized = same ? std::move(picture) : resize(picture, shape_.height, shape_.width);
  augmenter_->apply(sized.pixels, {target, static_cast<size_t>(shape_.size())}, 0, 0, 0);
}

const Tensor& Teacher::logits(const Tensor& images, ThreadPool& threads) {
  const int64_t count = images.shape()[0], classes = std::ssize(places_), batch = classifier_->batch();
  if (logits_.shape() != Shape{count, classes}) logits_ = Tensor({count, classes}, DType::f32);
  for (int64_t first = 0; first < count; first += batch) {
    const int64_t here = std::min(batch, count - first);
    struct Part {
      Teacher* teacher;
      const float* images;
    } part{this, images.data<float>() + first * student_shape_.size()};
    threads.run(
        here,
        [](void* context, int64_t begin, int64_t end, int) {
          const auto& [teacher, from] = *static_cast<Part*>(context);
          for (int64_t image = begin; image < end; ++image)
            teacher->place(from + image * teacher->student_shape_.size(),
                           teacher->input_.data<float>() + image * teacher->shape_.size());
        },
        &part);
    const Tensor& probabilities = classifier_->probabilities(input_, threads);
    for (int64_t image = 0; image < here; ++image) {
      for (int64_t label = 0; label < classes; ++label) {
        const float probability =
            probabilities.data<float>()[image * classifier_->classes() + places_[static_cast<size_t>(label)]];
        logits_.data<float>()[(first + image) * classes + label] = std::log(std::max(probability, 1e-6F));
      }
    }
  }
  return logits_;
}

}  // namespace fovea
