// SPDX-License-Identifier: Apache-2.0
#include "app/evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "app/command.h"

namespace fovea {
namespace {

constexpr size_t most_classes = 20;  // in the table on a terminal

std::string share_text(const Share& share) {
  return fmt::format("{:5.1f}% ({:5.1f} to {:5.1f})", 100 * share.value, 100 * share.low, 100 * share.high);
}

nlohmann::ordered_json json_of(const Share& share) {
  return {{"value", share.value}, {"low", share.low}, {"high", share.high}};
}

}  // namespace

namespace {

// With five classes or fewer, top-5 is always 100%.
bool tells_by_five(const Metrics& metrics) { return metrics.classes() > 5; }

}  // namespace

std::string evaluation_text(const Metrics& metrics) {
  const std::string five = tells_by_five(metrics) ? fmt::format("  top-5 {:.2f}%", 100 * metrics.top5()) : "";
  return fmt::format("top-1 {:.2f}%{}  loss {:.4f}  on {} images", 100 * metrics.top1(), five, metrics.loss(),
                     with_separators(metrics.count()));
}

nlohmann::ordered_json evaluation_json(const Metrics& metrics) {
  nlohmann::ordered_json json = {{"top1", metrics.top1()}};
  if (tells_by_five(metrics)) json["top5"] = metrics.top5();
  json.update({{"loss", metrics.loss()}, {"count", metrics.count()}});
  return json;
}

std::string class_table_text(const std::vector<ClassReport>& report, const std::vector<std::string>& names) {
  std::vector<size_t> order(report.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const bool all = report.size() <= most_classes;
  if (!all) {
    std::ranges::stable_sort(order, {}, [&](size_t i) { return report[i].f1.value; });
    order.resize(most_classes);
  }
  std::string text = fmt::format("{:20} {:>7}  {:23} {:23} {}\n", all ? "class" : "the least of all", "images",
                                 "precision (95%)", "recall", "F1");
  for (const size_t i : order) {
    text += fmt::format("{:20} {:>7}  {}  {}  {}\n", shorten(names[i], 20), report[i].images, share_text(report[i].precision),
                        share_text(report[i].recall), share_text(report[i].f1));
  }
  return text + fmt::format("mean F1 of the classes {:.2f}%\n", 100 * macro_f1(report));
}

nlohmann::ordered_json class_table_json(const std::vector<ClassReport>& report, const std::vector<std::string>& names) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < report.size(); ++i) {
    list.push_back({{"label", names[i]},
                    {"images", report[i].images},
                    {"precision", json_of(report[i].precision)},
                    {"recall", json_of(report[i].recall)},
                    {"f1", json_of(report[i].f1)}});
  }
  return list;
}

std::string reliability_text(const Reliability& reliability, double temperature) {
  return fmt::format("calibration error (ECE) {:.2f}% at temperature {:.3g}\n", 100 * reliability.ece, temperature);
}

nlohmann::ordered_json reliability_json(const Reliability& reliability) {
  nlohmann::ordered_json bins = nlohmann::ordered_json::array();
  for (const ReliabilityBin& bin : reliability.bins)
    bins.push_back({{"count", bin.count}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  return {{"ece", reliability.ece}, {"bins", bins}};
}

std::string rejection_text(const Rejection& rejection) {
  const Share error = wilson(rejection.wrong, rejection.answered);
  const int64_t images = rejection.answered + rejection.unknown;
  return fmt::format("{:.2f}% of the answers wrong (95%: {:.2f} to {:.2f}), {:.2f}% of the images unknown", 100 * error.value,
                     100 * error.low, 100 * error.high,
                     100.0 * static_cast<double>(rejection.unknown) / static_cast<double>(images));
}

nlohmann::ordered_json rejection_json(const Rejection& rejection) {
  return {{"answered", rejection.answered}, {"wrong", rejection.wrong}, {"unknown", rejection.unknown}};
}

}  // namespace fovea
