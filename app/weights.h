// SPDX-License-Identifier: Apache-2.0
// Options and progress of commands that fetch published weights.
#pragma once

#include "app/command.h"
#include "app/interrupt.h"
#include "fovea/core/progress.h"
#include "fovea/fetch/weights_catalog.h"

namespace fovea {

struct WeightsOptions {
  std::string mirror, catalog;
  bool offline = false;
};

// Adds --offline, --mirror and --weights-catalog.
void add_weights_options(CLI::App& app, WeightsOptions& options);

// The catalog that the options name, or the built-in one. Valid as long as the process.
const WeightsCatalog& catalog_of(const WeightsOptions& options);
WeightsPlaces places_of(const WeightsOptions& options);

// Callbacks that show progress, and stop a download when `guard` was interrupted.
FetchEvents fetch_events(Progress& progress, const InterruptGuard& guard);

// Prints a table of the published weights.
void list_weights(const CommonOptions& common, const WeightsOptions& options);

}  // namespace fovea
