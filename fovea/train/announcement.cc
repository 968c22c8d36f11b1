// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/announcement.h"

#include <fmt/format.h>

#include "fovea/core/text.h"
#include "fovea/inference/session.h"
#include "fovea/models/summary.h"

namespace fovea {

std::vector<std::string> lines_of(const Announcement& run) {
  const CompileReport& report = run.report;
  std::vector<std::string> lines = {
      fmt::format("{}: {} parameters; {} training and {} test images of {} classes", run.network.name,
                  with_separators(summarize(run.network).parameters), with_separators(run.train_images),
                  with_separators(run.test_images), run.network.classes),
      fmt::format("training step: {} kernels, {} from the cache, ready in {:.2f} s; {} of memory, {} thread{}", report.kernels,
                  report.from_cache, report.seconds, bytes_text(run.step_bytes), run.threads, run.threads == 1 ? "" : "s")};
  if (run.memory_limit > 0) {
    lines.push_back(
        fmt::format("memory: {} promised; by plan {} in training, {} of them for the rest of the program, and {} in a test",
                    bytes_text(run.memory_limit), bytes_text(report.memory.bytes()), bytes_text(report.memory.process),
                    bytes_text(run.evaluation_bytes)));
  }
  if (report.memory.repeated > 0) lines.push_back(rematerialization_text(report.memory));
  if (run.shards > 1) {
    lines.push_back(fmt::format("{} process{} compute{} {} shards of {} images", run.processes, run.processes == 1 ? "" : "es",
                                run.processes == 1 ? "s" : "", run.shards, run.shard_images));
  }
  return lines;
}

}  // namespace fovea
