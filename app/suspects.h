// SPDX-License-Identifier: Apache-2.0
// fovea eval RUN --suspects: finds labels that are likely wrong.
#pragma once

#include <string>

#include "app/command.h"

namespace fovea {

// Cross-validates the run in the folder `run` and prints its training images, those with the most suspicious labels first.
void list_suspects(const CommonOptions& common, const std::string& run, int folds);

}  // namespace fovea
