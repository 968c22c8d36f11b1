// SPDX-License-Identifier: Apache-2.0
// fovea data fetch NAME: downloads a data set into the user's data folder.
#include "fovea/fetch/fetch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <csignal>
#include <cstdlib>

#include "app/weights.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/settings.h"

namespace fovea {
namespace {

struct FetchRequest {
  CommonOptions common;
  std::string name, folder, mirror, catalog;
  bool again = false;
};

int64_t bytes_of(const RemoteDataset& set) {
  int64_t bytes = 0;
  for (const RemoteFile& file : set.files) bytes += file.bytes;
  return bytes;
}

void list(const Catalog& catalog, const FetchRequest& request) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  std::string text;
  for (const RemoteDataset& set : catalog) {
    text += fmt::format("{:15} {:>9}  {}\n", set.name, bytes_text(bytes_of(set)), set.title);
    json.push_back({{"name", set.name}, {"title", set.title}, {"bytes", bytes_of(set)}, {"mirrors", set.mirrors}});
  }
  print_text(request.common, text);
  if (request.common.json) print_json(json);
}

void fetch_one(const Catalog& catalog, const FetchRequest& request) {
  // A limit on the size of files becomes a write error with a message, and does not end the process.
  std::signal(SIGXFSZ, SIG_IGN);
  const RemoteDataset& set = find_dataset(catalog, request.name);
  Progress progress(false);
  const InterruptGuard guard;
  FetchOptions options{.home = request.folder.empty() ? settings().user_data : std::filesystem::path(request.folder),
                       .mirror = request.mirror,
                       .again = request.again};
  options.events = fetch_events(progress, guard);
  const Fetched fetched = fetch(set, options);
  const std::string use = request.folder.empty() ? set.name + ":" : "a spec with " + fetched.folder.string();
  progress.finish(fetched.was_there ? fmt::format("{} is in {} already; --again replaces it", set.name, fetched.folder.string())
                                    : fmt::format("{} is in {}; use it as {}", set.name, fetched.folder.string(), use));
  if (request.common.json) {
    print_json({{"name", set.name},
                {"folder", fetched.folder.string()},
                {"received_bytes", fetched.received},
                {"was_there", fetched.was_there}});
  }
}

void run(const FetchRequest& request) {
  Catalog given;
  if (!request.catalog.empty()) given = parse_catalog(read_text(request.catalog), request.catalog);
  const Catalog& catalog = request.catalog.empty() ? built_in_catalog() : given;
  request.name.empty() ? list(catalog, request) : fetch_one(catalog, request);
}

}  // namespace

Command fetch_command(CLI::App& data) {
  CLI::App* app = data.add_subcommand("fetch", "download a data set, verify it, and store it where `NAME:` finds it");
  auto request = std::make_shared<FetchRequest>();
  std::vector<std::string> names;
  for (const RemoteDataset& set : built_in_catalog()) names.push_back(set.name);
  app->add_option("NAME", request->name, fmt::format("{}; without it, they are listed", fmt::join(names, ", ")));
  app->add_option("--folder", request->folder,
                  "where to, instead of $FOVEA_HOME/data, $XDG_DATA_HOME/fovea/data or ~/.local/share/fovea/data");
  app->add_option("--mirror", request->mirror,
                  "take the files from URL/NAME/FILE or URL/FILE, with the same checksums; http, https or file")
      ->envname("FOVEA_MIRROR");
  app->add_option("--catalog,--catalogue", request->catalog, "another catalog than the built-in one (TOML)");
  app->add_flag("--again", request->again, "download even when it is there; the old copy is replaced by a whole new one");
  add_common_options(*app, request->common);
  return {app, [request] { run(*request); }};
}

}  // namespace fovea
