// SPDX-License-Identifier: Apache-2.0
/// \file
/// The lines with which a run begins.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fovea/codegen/driver/compile.h"
#include "fovea/nn/trace.h"

namespace fovea {

/// What is said of a run before its first step.
struct Announcement {
  const Network& network;        ///< that is trained
  int64_t train_images = 0;      ///< number of training images
  int64_t test_images = 0;       ///< number of test images
  CompileReport report;          ///< of the step
  int64_t step_bytes = 0;        ///< in use while a step runs
  int threads = 1;               ///< that compute
  int64_t memory_limit = 0;      ///< in bytes; 0: none
  int64_t evaluation_bytes = 0;  ///< of the process during a test, where memory is limited
  int64_t processes = 1;         ///< that train together
  int64_t shards = 1;            ///< of a batch
  int64_t shard_images = 0;      ///< images of a shard
};

/// The lines, in the order in which they are printed.
std::vector<std::string> lines_of(const Announcement& run);

}  // namespace fovea
