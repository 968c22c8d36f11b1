// SPDX-License-Identifier: Apache-2.0
// Options and progress of commands that fetch published weights.
#pragma once

#include "app/command.h"
#include "fovea/core/progress.h"
#include "fovea/fetch/weights_catalog.h"
#include "fovea/train/interrupt.h"

namespace fovea {

struct WeightsOptions {
  std::string mirror, catalog;
  bool offline = false;
};

// --offline, --mirror, --weights-catalog.
void add_weights_options(CLI::App& app, WeightsOptions& options);

// The catalog that the options name, or the built-in one: it is there as long as the process is.
const WeightsCatalog& catalog_of(const WeightsOptions& options);
WeightsPlaces places_of(const WeightsOptions& options);

// Tells `progress`, and stops where `guard` was asked to.
FetchEvents fetch_events(Progress& progress, const InterruptGuard& guard);

// A table of what there is.
void list_weights(const CommonOptions& common, const WeightsOptions& options);

}  // namespace fovea
