// fovea data SPEC: what a data set holds. fovea data fetch NAME: see fetch.cc.
#include <fmt/format.h>

#include <algorithm>

#include "app/command.h"
#include "fovea/core/error.h"
#include "fovea/data/dataset.h"

namespace fovea {
namespace {

struct DataOptions {
  CommonOptions common;
  std::string spec;
};

void describe(const DataOptions& options) {
  nlohmann::ordered_json json = {{"spec", options.spec}};
  std::string text;
  for (const Split split : {Split::train, Split::test}) {
    const auto dataset = open_dataset(options.spec, split, {.seed = static_cast<uint64_t>(options.common.seed)});
    const ImageShape shape = dataset->image_shape();
    const Statistics figures = statistics(*dataset);
    json[std::string(name(split))] = {{"count", dataset->count()},
                                      {"class_counts", figures.class_counts},
                                      {"mean", figures.mean},
                                      {"deviation", figures.deviation}};
    json["image"] = {shape.height, shape.width, shape.channels};
    json["classes"] = dataset->class_names();
    if (split == Split::train) {
      text += fmt::format("{}: images of {} x {} x {}, {} classes\n", options.spec, shape.height, shape.width, shape.channels,
                          dataset->class_names().size());
    }
    const auto [least, most] = std::minmax_element(figures.class_counts.begin(), figures.class_counts.end());
    text += fmt::format("{:6} {:>8} images, {} to {} a class; pixels / 255: mean", name(split),
                        with_separators(dataset->count()), *least, *most);
    for (const double mean : figures.mean) text += fmt::format(" {:.4f}", mean);
    text += ", deviation";
    for (const double deviation : figures.deviation) text += fmt::format(" {:.4f}", deviation);
    text += "\n";
  }
  print_text(options.common, text);
  if (options.common.json) print_json(json);
}

}  // namespace

Command data_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("data", "what a data set holds; `data fetch` downloads one");
  auto options = std::make_shared<DataOptions>();
  app->add_option(
      "SPEC", options->spec,
      "kind:path, e.g. mnist:DIR (IDX files), cifar10:DIR, cifar100:DIR, images:DIR (train/CLASS/*.png|jpg), digits:COUNT");
  add_common_options(*app, options->common);
  const Command fetch = fetch_command(*app);
  return {app, [options, fetch] {
            if (fetch.app->parsed()) return fetch.run();
            if (options->spec.empty()) refuse("which data set? kind:path, e.g. mnist:DIR; see fovea data --help");
            describe(*options);
          }};
}

}  // namespace fovea
