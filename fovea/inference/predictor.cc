// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/predictor.h"

#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/finiteness.h"
#include "fovea/data/loader.h"
#include "fovea/inference/finite.h"

namespace fovea {

Predictor::Predictor(Network network, TensorMap tensors, Output output, DType dtype, Winograd winograd, std::string device,
                     int threads)
    : network_(std::move(network)),
      tensors_(std::move(tensors)),
      output_(output),
      dtype_(dtype),
      winograd_(winograd),
      device_(std::move(device)),
      threads_(threads) {}

Session& Predictor::session(int64_t batch) {
  std::unique_ptr<Session>& session = sessions_[batch];
  if (!session) {
    const Traced traced = trace_inference(network_, batch, output_);
    for (const ParameterSpec& parameter : traced.parameters) {
      if (!tensors_.contains(parameter.name))
        fail(ErrorCode::not_found, "the weights of {} lack tensor \"{}\"", network_.name, parameter.name);
    }
    session = std::make_unique<Session>(
        traced.graph, tensors_,
        CompileOptions{.device = device_, .threads = threads_, .inference = true, .winograd = winograd_, .dtype = dtype_});
  }
  return *session;
}

const Tensor& Predictor::predict(const Tensor& images, ThreadPool& threads) {
  return run({{"image", images}}, threads).result(output_ == Output::logits ? "logits" : "probabilities");
}

const Session& Predictor::run(const TensorMap& inputs, ThreadPool& threads) {
  const Shape& first = inputs.begin()->second.shape();
  if (first.empty()) fail("{} needs a batch dimension", inputs.begin()->first);
  Session& session = this->session(first[0]);
  for (const auto& [name, tensor] : inputs) session.bind(name, tensor);
  session.run(threads);
  return session;
}

void Predictor::values_changed() {
  for (const auto& [batch, session] : sessions_) session->values_changed();
}

void Predictor::release() {
  for (const auto& [batch, session] : sessions_) session->release();
}

Tensor filled_up(const Tensor& images, int64_t batch) {
  if (images.shape()[0] == batch) return images;
  Shape shape = images.shape();
  shape[0] = batch;
  Tensor filled(shape, images.dtype());
  std::memcpy(filled.raw(), images.raw(), images.bytes());
  return filled;
}

Tensor first_rows(const Tensor& answers, int64_t rows) {
  if (answers.shape()[0] == rows) return answers;
  Shape shape = answers.shape();
  shape[0] = rows;
  Tensor first(shape, answers.dtype());
  std::memcpy(first.raw(), answers.raw(), first.bytes());
  return first;
}

Tensor predict_views(Predictor& predictor, const Tensor& images, Views views, ThreadPool& threads) {
  Tensor sum;
  const auto add = [&](const Tensor& view, float weight) {
    const Tensor& answer = predictor.predict(view, threads);
    if (sum.empty()) sum = Tensor(answer.shape(), DType::f32);
    for (int64_t i = 0; i < sum.size(); ++i) sum.data<float>()[i] += weight * answer.data<float>()[i];
  };
  const auto add_pair = [&](const Tensor& view, float weight) {
    add(view, weight);
    add(mirrored(view), weight);
  };
  switch (views) {
    case Views::one:
      add(images, 1);
      break;
    case Views::mirror:
      add_pair(images, 0.5f);
      break;
    case Views::six:
      add_pair(images, 0.25f);
      add_pair(moved(images, -1, -1), 0.125f);
      add_pair(moved(images, 1, 1), 0.125f);
      break;
  }
  return sum;
}

namespace {

// Fails for a network that diverged, whose answers to `images` have no value.
[[noreturn]] void fail_not_finite(Predictor& predictor, const Tensor& images, ThreadPool& threads) {
  Session& session = predictor.session(images.shape()[0]);
  session.bind("image", images);
  const std::optional<NotFinite> origin = session.run_checked(threads);
  fail("the results of {} are not finite; {}", predictor.network().name,
       origin ? not_finite_text(*origin) : "the layer where this begins was not found");
}

}  // namespace

void evaluate_batches(Predictor& predictor, std::shared_ptr<const Dataset> dataset, int64_t batch, BatchShare share,
                      ThreadPool& threads, Progress& progress, Views views, CorruptSampleReport& damage,
                      const std::function<void(const Tensor& logits, std::span<const int32_t> labels)>& visit) {
  const Network& network = predictor.network();
  const int64_t count = dataset->count();
  const bool encoded = dataset->encoded();
  batch = std::min(batch, count);
  Loader loader(std::move(dataset), {.batch = batch,
                                     .shape = image_shape(network),
                                     .augmentation = evaluation_of(network.preprocessing),
                                     .share = share,
                                     .prefetch = encoded ? 2 : 3,
                                     .workers = encoded ? threads.size() : 1});
  predictor.values_changed();
  const int64_t batches = loader.batches_per_epoch();
  for (int64_t number = 0; number < batches; ++number) {
    if (number % share.group < share.begin || number % share.group >= share.end) continue;
    const Batch& next = loader.next();
    damage.report(next.damaged, progress);
    const Tensor images = filled_up(next.image, batch);
    const Tensor answers = first_rows(predict_views(predictor, images, views, threads), next.count);
    if (finiteness(answers) != Finiteness::finite) fail_not_finite(predictor, images, threads);
    visit(answers, next.label.values<int32_t>());
  }
}

Metrics evaluate(Predictor& predictor, std::shared_ptr<const Dataset> dataset, int64_t batch, ThreadPool& threads,
                 Progress& progress, Views views, CorruptSampleReport* damage, Predictions* predictions) {
  CorruptSampleReport here;
  Metrics metrics(predictor.network().classes);
  progress.start("testing", dataset->count());
  evaluate_batches(predictor, std::move(dataset), batch, {}, threads, progress, views, damage != nullptr ? *damage : here,
                   [&](const Tensor& answers, std::span<const int32_t> labels) {
                     metrics.add(answers, labels);
                     if (predictions != nullptr) predictions->add(answers, labels);
                     progress.update(metrics.count(), fmt::format("top-1 {:.2f}%", 100 * metrics.top1()));
                   });
  return metrics;
}

ImageShape image_shape(const Network& network) {
  if (network.input.size() != 3) refuse("{} reads {}, not an image", network.name, to_string(network.input));
  return {network.input[0], network.input[1], network.input[2]};
}

Augmentation evaluation_of(const Preprocessing& preprocessing) {
  return {.resize = preprocessing.resize,
          .interpolation = preprocessing.bicubic ? Interpolation::bicubic : Interpolation::bilinear,
          .orientation = preprocessing.upright ? Orientation::exif : Orientation::stored,
          .mean = preprocessing.mean,
          .deviation = preprocessing.deviation};
}

void check_fits(const Network& network, const Dataset& dataset) {
  if (network.form) refuse("{} does not classify images, so it has no data set", network.name);
  ImageShape images = dataset.image_shape();
  if (dataset.encoded() && network.input.size() == 3) {  // such images are brought to any size
    images.height = network.input[0];
    images.width = network.input[1];
  }
  const Shape shape = {images.height, images.width, images.channels};
  if (shape != network.input) {
    refuse("{} takes images {}; the data set has {}", network.name, to_string(network.input), to_string(shape));
  }
  if (static_cast<int64_t>(dataset.class_names().size()) != network.classes) {
    refuse("{} has {} classes; the data set has {}", network.name, network.classes, dataset.class_names().size());
  }
}

}  // namespace fovea
