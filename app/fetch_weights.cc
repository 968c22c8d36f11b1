// SPDX-License-Identifier: Apache-2.0
// fovea fetch weights NAME: downloads published weights into the user's folder, where --weights NAME finds them.
#include <fmt/format.h>

#include <csignal>

#include "app/weights.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

struct FetchWeightsRequest {
  CommonOptions common;
  WeightsOptions weights;
  std::string name, folder;
};

void fetch_one(const FetchWeightsRequest& request) {
  // A limit on the size of files becomes a write error with a message, and does not end the process.
  std::signal(SIGXFSZ, SIG_IGN);
  const WeightsCatalog& catalog = catalog_of(request.weights);
  const RemoteWeights* weights = find_weights(catalog, request.name);
  if (weights == nullptr) {
    std::vector<std::string> names;
    for (const RemoteWeights& each : catalog) names.push_back(each.name);
    if (nearest_name(request.name, names).empty())
      refuse("unknown weights \"{}\"; fovea models --weights lists the {} that are known", request.name, names.size());
    refuse_unknown("weights", request.name, names);
  }
  WeightsPlaces places = places_of(request.weights);
  if (!request.folder.empty()) places.home = request.folder;
  Progress progress(false);
  const InterruptGuard guard;
  const FetchedWeights fetched = fetch_weights(*weights, places, fetch_events(progress, guard));
  progress.finish(fmt::format("{} {} {}; use them by --weights {}", weights->name,
                              fetched.received > 0 ? "are in" : "were there already, in", fetched.path.string(),
                              weights->name));
  if (request.common.json) {
    print_json({{"name", weights->name},
                {"file", fetched.path.string()},
                {"received_bytes", fetched.received},
                {"was_there", fetched.received == 0}});
  }
}

}  // namespace

Command fetch_weights_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("fetch", "download published weights (data sets: fovea data fetch)");
  app->require_subcommand(1);
  CLI::App* weights = app->add_subcommand(
      "weights", "weights of a network of fovea models, verified and stored where --weights NAME finds them");
  auto request = std::make_shared<FetchWeightsRequest>();
  weights->add_option("NAME", request->name,
                      "a name that fovea models --weights lists, or a network, for its first; imagenet: a light one. Without "
                      "it, they are listed");
  weights->add_option(
      "--folder", request->folder,
      "the folder, instead of $FOVEA_HOME/weights, $XDG_DATA_HOME/fovea/weights or ~/.local/share/fovea/weights");
  add_weights_options(*weights, request->weights);
  add_common_options(*weights, request->common);
  return {app, [request] { request->name.empty() ? list_weights(request->common, request->weights) : fetch_one(*request); }};
}

}  // namespace fovea
