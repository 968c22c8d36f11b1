// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/evaluation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/text.h"
#include "fovea/data/augment/pipeline.h"
#include "fovea/data/image/resample.h"
#include "fovea/graph/image_model.h"
#include "fovea/inference/classification_report.h"
#include "fovea/inference/heat_maps.h"
#include "fovea/inference/predictor.h"
#include "fovea/inference/reliability.h"
#include "fovea/quant/integer_noise.h"
#include "fovea/report/chart.h"
#include "fovea/report/html_page.h"
#include "fovea/train/report.h"

namespace fovea {
namespace {

constexpr int64_t shown_side = 160;  // side of an image on the page in pixels
constexpr size_t most_table_rows = 200;

std::string percent(double share) { return fmt::format("{:.2f}%", 100 * share); }
std::string interval(const Share& share) {
  return fmt::format("{:.1f}% ({:.1f} – {:.1f})", 100 * share.value, 100 * share.low, 100 * share.high);
}

Image in_color(const Image& image) {
  if (image.shape.channels == 3) return image;
  Image result({image.shape.height, image.shape.width, 3});
  for (size_t i = 0; i < result.pixels.size(); ++i) result.pixels[i] = image.pixels[i / 3];
  return result;
}

// The image in gray with the heat map half transparent over it, from blue over green to red.
Image heated(const Image& picture, const float* map, int64_t rows, int64_t columns) {
  Image levels({rows, columns, 1});
  for (size_t i = 0; i < levels.pixels.size(); ++i) levels.pixels[i] = static_cast<uint8_t>(std::lround(255 * map[i]));
  const Image heat = resize(levels, picture.shape.height, picture.shape.width);
  Image result = picture;
  for (size_t i = 0; i < heat.pixels.size(); ++i) {
    const double share = heat.pixels[i] / 255.0;
    const double colors[] = {std::clamp(4 * share - 2, 0.0, 1.0), std::clamp(2 - std::abs(4 * share - 2), 0.0, 1.0),
                             std::clamp(2 - 4 * share, 0.0, 1.0)};
    const uint8_t* pixel = picture.pixels.data() + 3 * i;
    const double gray = (pixel[0] + pixel[1] + pixel[2]) / 3.0;
    for (size_t c = 0; c < 3; ++c) result.pixels[3 * i + c] = static_cast<uint8_t>(std::lround(gray / 2 + 127.5 * colors[c]));
  }
  return result;
}

// The images as the network saw them, with their heat maps.
class Pictures {
 public:
  Pictures(const EvaluatedModel& evaluated, ThreadPool& threads) : evaluated_(evaluated), threads_(threads) {
    const ImageModelForm form = image_model_form(*evaluated.model);
    const Shape& shape = form.input.shape;
    const Augmentation cut = evaluation_of(evaluated.model->preprocessing);
    skipped_ = form.classes - std::ssize(evaluated.classes);
    pipeline_.emplace(evaluated.dataset, ImageShape{shape[1], shape[2], shape[3]}, cut, 0);
    try {
      heat_.emplace(*evaluated.model);
      augmenter_.emplace(heat_->image_shape(), heat_->evaluation());
    } catch (const Error& error) {
      heat_.reset();
      remark_ = error.what();
    }
  }

  // The reason why there are no heat maps; empty if there are.
  const std::string& remark() const { return remark_; }

  // Returns nothing for an image that cannot be read.
  std::optional<Prediction> prediction(int64_t image) {
    try {
      pipeline_->make_pixels(image, 0, workspace_);
    } catch (const Error&) {
      return std::nullopt;
    }
    const Predictions& all = *evaluated_.predictions;
    const int32_t answer = all.answer(image);
    const Image seen = in_color(workspace_.image);
    Prediction result{.image = shown(seen),
                      .predicted = evaluated_.classes[static_cast<size_t>(answer)],
                      .probability = all.confidence(image, evaluated_.confidence.temperature),
                      .truth = evaluated_.classes[static_cast<size_t>(all.label(image))],
                      .name = evaluated_.dataset->image_name(image)};
    if (heat_) result.heat = shown(heat_of(seen, answer));
    return result;
  }

 private:
  static Image shown(const Image& image) {
    const int64_t longer = std::max(image.shape.height, image.shape.width);
    if (longer <= shown_side) return image;
    return resize(image, std::max<int64_t>(1, image.shape.height * shown_side / longer),
                  std::max<int64_t>(1, image.shape.width * shown_side / longer));
  }

  Image heat_of(const Image& seen, int32_t answer) {
    const ImageShape shape = heat_->image_shape();
    Tensor input({heat_->batch(), shape.height, shape.width, shape.channels}, DType::f32);
    augmenter_->apply(workspace_.image.pixels, input.values<float>().first(static_cast<size_t>(shape.size())), 0, 0, 0);
    std::vector<int32_t> classes(static_cast<size_t>(heat_->batch()));
    const auto& places = evaluated_.places;
    classes[0] = static_cast<int32_t>(places.empty() ? answer + skipped_ : places[static_cast<size_t>(answer)]);
    const Tensor& maps = heat_->compute(input, classes, threads_);
    return heated(seen, maps.data<float>(), maps.shape()[1], maps.shape()[2]);
  }

  const EvaluatedModel& evaluated_;
  ThreadPool& threads_;
  std::optional<Pipeline> pipeline_;
  Pipeline::Workspace workspace_;
  std::optional<HeatMaps> heat_;
  std::optional<Augmenter> augmenter_;
  std::string remark_;
  int64_t skipped_ = 0;
};

void add_summary(HtmlPage& page, const EvaluatedModel& evaluated, const Metrics& metrics, const Reliability& trust) {
  const Confidence& confidence = evaluated.confidence;
  const Share top1 = wilson(std::llround(metrics.top1() * static_cast<double>(metrics.count())), metrics.count());
  std::vector<std::vector<std::string>> rows = {{"images", with_separators(metrics.count())},
                                                {"top-1 (95% interval)", interval(top1)},
                                                {"top-5", percent(metrics.top5())},
                                                {"loss", fmt::format("{:.4f}", metrics.loss())},
                                                {"calibration error (ECE)", percent(trust.ece)},
                                                {"temperature", fmt::format("{:.3f}", confidence.temperature)}};
  if (confidence.unknown_below > 0) {
    const Rejection kept = rejection(*evaluated.predictions, confidence);
    rows.push_back({"unknown below", percent(confidence.unknown_below)});
    rows.push_back({"answers wrong (95% interval)", interval(wilson(kept.wrong, kept.answered))});
    rows.push_back({"images unknown", percent(static_cast<double>(kept.unknown) / static_cast<double>(metrics.count()))});
  }
  page.table({"figure", "value"}, rows);
}

void add_classes(HtmlPage& page, const EvaluatedModel& evaluated, const Metrics& metrics) {
  const std::vector<ClassReport> report = classification_report(metrics.confusion(), metrics.classes());
  std::vector<size_t> order(report.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return report[i].f1.value; });
  page.heading("Classes");
  page.paragraph(fmt::format("The hardest first, with intervals of 95% confidence; mean F1 {}.", percent(macro_f1(report))));
  std::vector<std::vector<std::string>> rows;
  for (const size_t i : order) {
    if (rows.size() == most_table_rows) break;
    const ClassReport& each = report[i];
    rows.push_back({evaluated.classes[i], with_separators(each.images), interval(each.precision), interval(each.recall),
                    interval(each.f1)});
  }
  page.table({"class", "images", "precision", "recall", "F1"}, rows);
  page.figure(confusion_chart(metrics.confusion(), evaluated.classes, "Confusion"));
}

void add_reliability(HtmlPage& page, const Reliability& trust) {
  std::vector<ReliabilityBar> bars;
  for (const ReliabilityBin& bin : trust.bins) {
    const Share right = wilson(std::llround(bin.accuracy * static_cast<double>(bin.count)), bin.count);
    bars.push_back({bin.count, bin.accuracy, right.low, right.high});
  }
  page.heading("Reliability");
  page.figure(reliability_chart(bars, fmt::format("Calibration error {}", percent(trust.ece))));
}

void add_sheet(HtmlPage& page, Pictures& pictures, const std::vector<int64_t>& images, const std::string& title,
               const std::string& otherwise, Progress& progress) {
  page.heading(title);
  std::vector<Prediction> predictions;
  progress.start("pictures", std::ssize(images));
  for (const int64_t image : images) {
    progress.update(std::ssize(predictions), "");
    if (auto prediction = pictures.prediction(image)) predictions.push_back(std::move(*prediction));
  }
  if (predictions.empty()) return page.paragraph(otherwise);
  page.figure(prediction_sheet(predictions, pictures.remark().empty() ? "As seen, and the heat of the answer" : "As seen", 4));
}

void add_sheets(HtmlPage& page, const EvaluatedModel& evaluated, const EvaluationReportOptions& options, ThreadPool& threads,
                Progress& progress) {
  const Predictions& all = *evaluated.predictions;
  std::vector<double> confidences;
  std::vector<int64_t> wrong, unsure;
  for (int64_t image = 0; image < all.count(); ++image) {
    confidences.push_back(all.confidence(image));
    unsure.push_back(image);
    if (!all.right(image)) wrong.push_back(image);
  }
  const auto confidence = [&](int64_t image) { return confidences[static_cast<size_t>(image)]; };
  const auto first = [&](std::vector<int64_t>& images) {
    images.resize(std::min(images.size(), static_cast<size_t>(options.pictures)));
  };
  std::ranges::stable_sort(wrong, std::greater(), confidence);
  std::ranges::stable_sort(unsure, std::less(), confidence);
  first(wrong);
  first(unsure);
  Pictures pictures(evaluated, threads);
  add_sheet(page, pictures, wrong, "Worst mistakes", "None: every answer is right.", progress);
  if (!pictures.remark().empty()) page.paragraph("No heat maps: " + pictures.remark());
  add_sheet(page, pictures, unsure, "Most unsure", "None.", progress);
}

void add_noise(HtmlPage& page, const EvaluatedModel& evaluated, const EvaluationReportOptions& options, ThreadPool& threads) {
  if (!holds_integers(*evaluated.model)) return;
  page.heading("Integers");
  page.paragraph(
      fmt::format("Signal to quantization noise of each layer, with all layers up to it in integers, over {} images.",
                  std::min(options.noise_images, evaluated.dataset->count())));
  BarChart chart{.title = "Signal to noise by layer", .label = "dB", .series = {"all layers up to here"}};
  for (const IntegerLayerNoise& layer : integer_noise(*evaluated.model, evaluated.dataset, options.noise_images, threads))
    chart.rows.push_back({layer.name.empty() ? layer.op : layer.name, {std::max(layer.sqnr, 0.0)}});
  page.figure(bar_chart(chart));
}

}  // namespace

std::filesystem::path write_evaluation_report(const std::filesystem::path& folder, const EvaluatedModel& evaluated,
                                              const EvaluationReportOptions& options, ThreadPool& threads, Progress& progress) {
  make_folder(folder);
  const Metrics metrics = metrics_of(*evaluated.predictions, evaluated.confidence.temperature);
  const Reliability trust = reliability(*evaluated.predictions, evaluated.confidence.temperature);
  HtmlPage page(evaluated.title);
  add_summary(page, evaluated, metrics, trust);
  if (!evaluated.run.empty() && std::filesystem::exists(evaluated.run / "metrics.jsonl")) {
    page.heading("Training");
    page.figure(training_curves(evaluated.run));
  }
  add_classes(page, evaluated, metrics);
  add_reliability(page, trust);
  add_sheets(page, evaluated, options, threads, progress);
  add_noise(page, evaluated, options, threads);
  const std::filesystem::path file = folder / "index.html";
  write_text(file, page.finish());
  return file;
}

}  // namespace fovea
