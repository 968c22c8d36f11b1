// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/training_log.h"

#include <string>
#include <vector>

namespace fovea {

// The event of an epoch's end has the same step as its checkpoint, so it is kept when the run continues from there.
TrainingLog::TrainingLog(const std::filesystem::path& folder, int64_t epochs, int64_t steps, bool at_epoch)
    : epochs_(folder / "metrics.jsonl", "epoch", epochs + (epochs > 0)),
      steps_(folder / "steps.jsonl", "step", steps + (steps > 0)),
      events_(folder, steps + (steps > 0 && at_epoch)) {}

void TrainingLog::write_step(int64_t step, double loss) { steps_.write({{"step", step}, {"loss", loss}}); }

void TrainingLog::write(const EpochEntry& entry) {
  nlohmann::ordered_json line = {
      {"epoch", entry.epoch}, {"step", entry.step}, {"rate", entry.rate}, {"loss", entry.loss}, {"accuracy", entry.accuracy}};
  std::vector<std::pair<std::string, double>> scalars = {
      {"train/loss", entry.loss}, {"train/accuracy", entry.accuracy}, {"rate", entry.rate}};
  if (entry.test) {
    line.update({{"test_loss", entry.test->loss()}, {"top1", entry.test->top1()}, {"top5", entry.test->top5()}});
    scalars.insert(scalars.end(),
                   {{"test/loss", entry.test->loss()}, {"test/top1", entry.test->top1()}, {"test/top5", entry.test->top5()}});
  }
  if (entry.damaged) line.update({{"damaged", entry.damaged->first}, {"damaged_test", entry.damaged->second}});
  line.update(
      {{"images_per_second", entry.images_per_second}, {"epoch_seconds", entry.epoch_seconds}, {"seconds", entry.seconds}});
  epochs_.write(line);
  events_.write(entry.step, scalars);
}

}  // namespace fovea
