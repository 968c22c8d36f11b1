// SPDX-License-Identifier: Apache-2.0
/// \file
/// A test that several processes share.
#pragma once

#include <memory>

#include "fovea/collective/communicator.h"
#include "fovea/inference/predictor.h"

namespace fovea {

/// The same as evaluate() (fovea/inference/predictor.h), to the last bit and at every process: each process answers a run of
/// the batches, and the judgments of all images are added in their order.
Metrics evaluate_together(Communicator& processes, Predictor& predictor, std::shared_ptr<const Dataset> dataset, int64_t batch,
                          ThreadPool& threads, Progress& progress, Views views, CorruptSampleReport& damage);

}  // namespace fovea
