// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/feature_cache.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/finiteness.h"
#include "fovea/data/loader.h"

namespace fovea {

std::shared_ptr<const StoredExamples> cached_features(Predictor& features, std::shared_ptr<const Dataset> dataset,
                                                      const FeatureCacheOptions& options, ThreadPool& threads,
                                                      Progress& progress, CorruptSampleReport& damage) {
  const Network& network = features.network();
  const int64_t count = dataset->count(), rows = count * options.views;
  Loader loader(dataset, {.batch = options.batch,
                          .seed = options.seed,
                          .shape = image_shape(network),
                          .augmentation = options.augmentation,
                          .prefetch = dataset->encoded() ? 2 : 3,
                          .workers = options.workers});
  auto stored = std::make_shared<StoredExamples>(StoredExamples{.count = count, .views = options.views});
  stored->labels.reserve(static_cast<size_t>(rows));
  progress.start(options.title, rows);
  int64_t done = 0;
  while (done < rows) {
    const Batch& batch = loader.next();
    damage.report(batch.damaged, progress);
    const Tensor& values = features.run({{"image", filled_up(batch.image, options.batch)}}, threads).result("features");
    if (finiteness(values) != Finiteness::finite)
      fail("the features that the frozen part of {} computes of {} are not finite", network.name,
           dataset->image_name(done % count));
    if (stored->values.empty()) {
      Shape shape = values.shape();
      shape[0] = rows;
      stored->values = Tensor(shape, DType::f32);
    }
    const int64_t row = values.size() / options.batch;
    std::copy_n(values.data<float>(), batch.count * row, stored->values.data<float>() + done * row);
    const auto labels = batch.label.values<int32_t>();
    stored->labels.insert(stored->labels.end(), labels.begin(), labels.end());
    done += batch.count;
    progress.update(done, "");
    if (options.after_batch) options.after_batch();
  }
  return stored;
}

Metrics evaluate(Predictor& head, const StoredExamples& examples, int64_t batch, ThreadPool& threads) {
  head.values_changed();
  Metrics metrics(head.network().classes);
  Shape shape = examples.values.shape();
  shape[0] = batch;
  for (int64_t first = 0; first < examples.count; first += batch) {
    const int64_t count = std::min(batch, examples.count - first);
    Tensor values(shape, DType::f32);
    for (int64_t i = 0; i < count; ++i) examples.copy(first + i, values.data<float>() + i * examples.row_size());
    const Tensor& answers = head.predict(values, threads);
    if (finiteness(answers) != Finiteness::finite) fail("the results of {} are not finite", head.network().name);
    metrics.add(first_rows(answers, count),
                std::span(examples.labels).subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
  }
  return metrics;
}

}  // namespace fovea
