// SPDX-License-Identifier: Apache-2.0
// fovea data SPEC: what a data set contains, what is wrong with it, and what it looks like. fovea data fetch NAME: see
// fetch.cc.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/command.h"
#include "app/data_findings.h"
#include "fovea/core/error.h"
#include "fovea/core/progress.h"
#include "fovea/data/loader.h"
#include "fovea/data/picture_statistics.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

struct DataOptions {
  CommonOptions common;
  std::string spec, sheet = "sheet.png", orientation;
  bool bench = false;
  int64_t size = 224, batch = 64;
  double seconds = 5;
};

std::shared_ptr<const Dataset> open(const DataOptions& options, Split split) {
  return open_dataset(options.spec, split, {.seed = static_cast<uint64_t>(options.common.seed)});
}

Orientation orientation_of(const DataOptions& options) {
  return options.orientation == "stored" ? Orientation::stored : Orientation::exif;
}

std::string pixels_text(const Dataset& dataset, nlohmann::ordered_json& json) {
  const Statistics figures = statistics(dataset);
  json["class_counts"] = figures.class_counts;
  json["mean"] = figures.mean;
  json["deviation"] = figures.deviation;
  const auto [least, most] = std::minmax_element(figures.class_counts.begin(), figures.class_counts.end());
  std::string text = fmt::format("{} to {} a class; pixels / 255: mean", *least, *most);
  for (const double mean : figures.mean) text += fmt::format(" {:.4f}", mean);
  text += ", deviation";
  for (const double deviation : figures.deviation) text += fmt::format(" {:.4f}", deviation);
  return text + "\n";
}

std::string classes_text(const Dataset& dataset, const std::vector<int64_t>& counts) {
  constexpr size_t most_shown = 20;
  std::string text;
  for (size_t i = 0; i < std::min(counts.size(), most_shown); ++i) {
    text += fmt::format("  {:>8}  {}\n", with_separators(counts[i]), dataset.class_names()[i]);
  }
  if (counts.size() > most_shown) text += fmt::format("            and {} more classes\n", counts.size() - most_shown);
  return text;
}

std::string photographs_text(const Dataset& dataset, const PictureStatistics& found, nlohmann::ordered_json& json) {
  json["class_counts"] = found.class_counts;
  const auto [least, most] = std::minmax_element(found.class_counts.begin(), found.class_counts.end());
  std::string text = fmt::format("{} to {} a class", *least, *most);
  for (const auto& [side, sizes] : {std::pair{"height", &found.heights}, {"width", &found.widths}}) {
    if (sizes->empty()) continue;
    const int64_t median = (*sizes)[sizes->size() / 2];
    text += fmt::format("; {} {} to {}, median {}", side, sizes->front(), sizes->back(), median);
    json[side] = {{"least", sizes->front()}, {"median", median}, {"most", sizes->back()}};
  }
  text += fmt::format("; {} damaged\n", found.damaged.size()) + classes_text(dataset, found.class_counts);
  json["damaged"] = nlohmann::ordered_json::array();
  for (const CorruptSample& damage : found.damaged) {
    text += fmt::format("  damaged: {}\n", damage.message);
    json["damaged"].push_back(damage.message);
  }
  return text;
}

// Decodes every file, to find corrupt ones.
PictureStatistics look_at(const DataOptions& options, const Dataset& dataset, Split split) {
  Progress progress(false);
  progress.start(fmt::format("decoding {}", name(split)), dataset.count());
  return picture_statistics(dataset, options.common.thread_count(), orientation_of(options),
                            [&](int64_t done) { progress.update(done, ""); });
}

std::string kind_text(const std::string& spec, const Dataset& dataset) {
  const ImageShape shape = dataset.image_shape();
  const std::string size = dataset.encoded() ? std::string("photographs")
                                             : fmt::format("images of {} x {} x {}", shape.height, shape.width, shape.channels);
  return fmt::format("{}: {}, {} classes\n", spec, size, dataset.class_names().size());
}

void describe(const DataOptions& options) {
  const std::shared_ptr<const Dataset> train = open(options, Split::train), test = open(options, Split::test);
  const ImageShape shape = train->image_shape();
  nlohmann::ordered_json json = {
      {"spec", options.spec}, {"image", {shape.height, shape.width, shape.channels}}, {"classes", train->class_names()}};
  std::string text = kind_text(options.spec, *train);
  const PictureStatistics train_statistics = look_at(options, *train, Split::train),
                          test_statistics = look_at(options, *test, Split::test);
  const auto describe_split = [&](Split split, const Dataset& dataset, const PictureStatistics& found) {
    nlohmann::ordered_json part = {{"count", dataset.count()}};
    text += fmt::format("{:6} {:>8} images, ", name(split), with_separators(dataset.count()));
    text += dataset.encoded() ? photographs_text(dataset, found, part) : pixels_text(dataset, part);
    if (!dataset.remark().empty()) {
      text += fmt::format("       {}\n", dataset.remark());
      part["remark"] = dataset.remark();
    }
    json[std::string(name(split))] = std::move(part);
  };
  describe_split(Split::train, *train, train_statistics);
  describe_split(Split::test, *test, test_statistics);
  const DatasetFindings found = findings({train.get(), &train_statistics}, {test.get(), &test_statistics});
  text += findings_text(found, *train, *test);
  json["findings"] = findings_json(found, *train, *test);
  if (!options.sheet.empty()) {
    write_png(options.sheet, contact_sheet(train, orientation_of(options)));
    text += fmt::format("contact sheet of the training images, a row a class: {}\n", options.sheet);
    json["sheet"] = options.sheet;
  }
  print_text(options.common, text);
  if (options.common.json) print_json(json);
}

// Measures the pipeline alone, as training runs it: random crop, flip, normalization.
void bench(const DataOptions& options) {
  const auto dataset = open(options, Split::train);
  const int workers = dataset->encoded() ? options.common.thread_count() : 1;
  Augmentation augmentation{.random_crop = RandomCrop{}, .orientation = orientation_of(options), .flip = true};
  if (dataset->encoded()) {
    augmentation.mean = {0.485F, 0.456F, 0.406F};
    augmentation.deviation = {0.229F, 0.224F, 0.225F};
  }
  const ImageShape shape = dataset->encoded() ? ImageShape{options.size, options.size, 3} : dataset->image_shape();
  Loader loader(dataset, {.batch = std::min(options.batch, dataset->count()),
                          .shuffle = true,
                          .drop_last = true,
                          .seed = static_cast<uint64_t>(options.common.seed),
                          .shape = shape,
                          .augmentation = augmentation,
                          .prefetch = 2,
                          .workers = workers});
  for (int i = 0; i < 4; ++i) loader.next();  // the files are in memory and the threads are started then
  int64_t images = 0;
  double seconds = 0;
  const Clock::time_point start = Clock::now();
  do {
    images += loader.next().count;
    seconds = std::chrono::duration<double>(Clock::now() - start).count();
  } while (seconds < options.seconds);
  const double speed = static_cast<double>(images) / seconds;
  print_text(options.common, fmt::format("{}: {:.0f} images/s at {} x {}, {} worker{}\n", options.spec, speed, shape.height,
                                         shape.width, workers, workers == 1 ? "" : "s"));
  if (options.common.json) print_json({{"spec", options.spec}, {"images_per_second", speed}, {"workers", workers}});
}

}  // namespace

Command data_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("data", "what a data set holds; `data fetch` downloads one");
  auto options = std::make_shared<DataOptions>();
  app->add_option("SPEC", options->spec,
                  "kind:path, e.g. mnist:DIR (IDX files), cifar10:DIR, cifar100:DIR, images:DIR (train/CLASS/*.jpg), "
                  "tfrecord:DIR, tar:DIR (WebDataset), csv:FILE (path,label), digits:COUNT");
  app->add_option("-o,--sheet", options->sheet, "where the contact sheet goes (sheet.png); \"\" for none");
  add_orientation_option(*app, options->orientation, "exif");
  app->add_flag("--bench", options->bench, "measure how many images a second the training pipeline loads");
  app->add_option("--size", options->size, "with --bench: the side that photographs are scaled to (224)")
      ->check(between(1, 4096));
  app->add_option("--batch", options->batch, "with --bench: images at a time (64)")->check(between(1, 1 << 16));
  app->add_option("--seconds", options->seconds, "with --bench: how long to measure (5)")->check(above_zero());
  add_common_options(*app, options->common);
  const Command fetch = fetch_command(*app);
  return {app, [options, fetch] {
            if (fetch.app->parsed()) return fetch.run();
            if (options->spec.empty())
              refuse("no data set is given; name one as kind:path, e.g. mnist:DIR; see fovea data --help");
            options->bench ? bench(*options) : describe(*options);
          }};
}

}  // namespace fovea
