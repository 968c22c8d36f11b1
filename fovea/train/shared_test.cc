// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/shared_test.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "fovea/collective/exchange.h"
#include "fovea/collective/shards.h"
#include "fovea/train/corrupt_sample_text.h"

namespace fovea {
namespace {

// The damaged images that other processes have met.
void share_damage(Communicator& processes, CorruptSampleReport& damage, Progress& progress) {
  for (const std::string& text : gather(processes, text_of(damage.samples())))
    damage.report(corrupt_samples_in(text), progress);
}

}  // namespace

Metrics evaluate_together(Communicator& processes, Predictor& predictor, std::shared_ptr<const Dataset> dataset, int64_t batch,
                          ThreadPool& threads, Progress& progress, Views views, CorruptSampleReport& damage) {
  if (processes.size() == 1) return evaluate(predictor, std::move(dataset), batch, threads, progress, views, &damage);
  const int64_t count = dataset->count(), size = std::min(batch, count), batches = (count + size - 1) / size;
  const ShardRun own = shards_of(batches, processes.rank(), processes.size());
  std::vector<Metrics::Judgment> judged;
  progress.start("testing", std::min(count, own.count() * size));
  const auto judge = [&](const Tensor& logits, std::span<const int32_t> labels) {
    const auto classes = static_cast<size_t>(logits.shape()[1]);
    for (size_t image = 0; image < labels.size(); ++image) {
      judged.push_back(Metrics::judge(logits.values<float>().subspan(image * classes, classes), labels[image]));
    }
    progress.update(static_cast<int64_t>(judged.size()), "");
  };
  if (own.count() > 0) {
    evaluate_batches(predictor, dataset, batch, {.group = batches, .begin = own.begin, .end = own.end}, threads, progress,
                     views, damage, judge);
  }
  std::string bytes(judged.size() * sizeof(Metrics::Judgment), '\0');
  std::memcpy(bytes.data(), judged.data(), bytes.size());
  Metrics metrics(predictor.network().classes);
  for (const std::string& each : gather(processes, bytes)) {
    for (size_t at = 0; at < each.size(); at += sizeof(Metrics::Judgment)) {
      Metrics::Judgment judgment;
      std::memcpy(&judgment, each.data() + at, sizeof judgment);
      metrics.add(judgment);
    }
  }
  share_damage(processes, damage, progress);
  return metrics;
}

}  // namespace fovea
