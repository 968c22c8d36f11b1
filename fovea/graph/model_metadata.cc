// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/model_metadata.h"

#include <cmath>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr int64_t most_channels = 4096, largest_side = 1 << 20;
constexpr double least_temperature = 1e-3;

void check_numbers(const std::vector<float>& numbers, bool positive, const char* name) {
  if (std::ssize(numbers) > most_channels) throw std::invalid_argument(fmt::format("{} numbers of {}", numbers.size(), name));
  for (const float number : numbers) {
    if (!std::isfinite(number) || (positive && number <= 0)) throw std::invalid_argument(fmt::format("{} {}", name, number));
  }
}

}  // namespace

nlohmann::ordered_json confidence_json(const Confidence& confidence) {
  return {{"temperature", confidence.temperature}, {"unknown_below", confidence.unknown_below}};
}

Confidence confidence_of(const nlohmann::json& json) {
  const Confidence confidence{.temperature = json.at("temperature").get<double>(),
                              .unknown_below = json.value("unknown_below", 0.0)};
  if (!(confidence.temperature >= least_temperature && confidence.temperature <= 1 / least_temperature))
    throw std::invalid_argument(fmt::format("temperature {}", confidence.temperature));
  if (!(confidence.unknown_below >= 0 && confidence.unknown_below <= 1))
    throw std::invalid_argument(fmt::format("unknown_below {}", confidence.unknown_below));
  return confidence;
}

std::string metadata_text(const InferenceModel& model) {
  const Preprocessing& preprocessing = model.preprocessing;
  nlohmann::ordered_json json;
  json["preprocessing"] = {{"mean", preprocessing.mean},
                           {"deviation", preprocessing.deviation},
                           {"resize", preprocessing.resize},
                           {"bicubic", preprocessing.bicubic},
                           {"orientation", preprocessing.upright ? "exif" : "stored"}};
  if (!model.labels.empty()) json["labels"] = model.labels;
  if (model.confidence != Confidence()) json["confidence"] = confidence_json(model.confidence);
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void read_metadata(std::string_view text, std::string_view file, InferenceModel& model) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    if (!json.is_object()) throw std::invalid_argument("an object is expected");
    if (json.contains("preprocessing")) {
      const nlohmann::json& given = json.at("preprocessing");
      Preprocessing preprocessing;
      preprocessing.mean = given.value("mean", std::vector<float>());
      preprocessing.deviation = given.value("deviation", std::vector<float>());
      preprocessing.resize = given.value("resize", int64_t{0});
      preprocessing.bicubic = given.value("bicubic", false);
      // Files from before there was the key belong to networks that saw images as they are stored.
      const auto orientation = given.value("orientation", std::string("stored"));
      if (orientation != "exif" && orientation != "stored") throw std::invalid_argument("orientation " + orientation);
      preprocessing.upright = orientation == "exif";
      check_numbers(preprocessing.mean, false, "mean");
      check_numbers(preprocessing.deviation, true, "deviation");
      if (preprocessing.resize < 0 || preprocessing.resize > largest_side)
        throw std::invalid_argument(fmt::format("resize {}", preprocessing.resize));
      model.preprocessing = std::move(preprocessing);
      model.says_preprocessing = true;
    }
    if (json.contains("labels")) model.labels = json.at("labels").get<std::vector<std::string>>();
    if (json.contains("confidence")) model.confidence = confidence_of(json.at("confidence"));
  } catch (const std::exception& error) {
    fail(ErrorCode::data_loss, "{}: its metadata \"{}\" is not a model's: {}", file, metadata_key, error.what());
  }
}

}  // namespace fovea
