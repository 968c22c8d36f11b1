// SPDX-License-Identifier: Apache-2.0
#include "app/weights.h"

#include <fmt/format.h>

#include "fovea/core/file.h"
#include "fovea/core/settings.h"

namespace fovea {

void add_weights_options(CLI::App& app, WeightsOptions& options) {
  app.add_flag("--offline", options.offline, "use published weights only where they are at hand already");
  app.add_option("--mirror", options.mirror,
                 "take published weights from URL/FILE, with the same checksums; http, https or file")
      ->envname("FOVEA_MIRROR");
  app.add_option("--weights-catalog", options.catalog, "another catalog of weights than the built-in one (TOML)");
}

const WeightsCatalog& catalog_of(const WeightsOptions& options) {
  if (options.catalog.empty()) return built_in_weights();
  static const WeightsCatalog given = parse_weights(read_text(options.catalog), options.catalog);
  return given;
}

WeightsPlaces places_of(const WeightsOptions& options) {
  return {.home = settings().user_weights,
          .caches = settings().weight_caches,
          .mirror = options.mirror,
          .offline = options.offline};
}

FetchEvents fetch_events(Progress& progress, const InterruptGuard& guard) {
  return {.start =
              [&](const std::string& title, int64_t total, int64_t done) {
                if (!progress.terminal()) progress.say(fmt::format("{} ({})", title, bytes_text(total)));
                progress.start(title, total, done, {"MB", 1e6});
              },
          .update = [&](int64_t done) { progress.update(done, ""); },
          .say = [&](const std::string& line) { progress.say(line); },
          .stop = [&] { return !guard.signal().empty(); }};
}

void list_weights(const CommonOptions& common, const WeightsOptions& options) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  std::string text = fmt::format("{:34} {:>8} {:>9}  {:13} {}\n", "name", "top-1", "size", "license", "address");
  for (const RemoteWeights& weights : catalog_of(options)) {
    text +=
        fmt::format("{:34} {:>8} {:>9}  {:13} {}\n", weights.name, weights.top1 > 0 ? fmt::format("{:.2f}%", weights.top1) : "",
                    bytes_text(weights.file.bytes), weights.license, weights.address);
    nlohmann::ordered_json json = {{"name", weights.name},        {"model", weights.model},
                                   {"address", weights.address},  {"sha256", weights.file.sha256},
                                   {"bytes", weights.file.bytes}, {"license", weights.license}};
    if (weights.top1 > 0) json["top1"] = weights.top1 / 100;
    list.push_back(std::move(json));
  }
  print_text(common, text);
  if (common.json) print_json(list);
}

}  // namespace fovea
