// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/corrupt_sample_text.h"

#include <nlohmann/json.hpp>

namespace fovea {

using Json = nlohmann::ordered_json;

std::string text_of(const std::vector<CorruptSample>& samples) {
  Json json = Json::array();
  for (const CorruptSample& sample : samples) json.push_back({sample.image, sample.message});
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::vector<CorruptSample> corrupt_samples_in(const std::string& text) {
  std::vector<CorruptSample> samples;
  for (const Json& sample : Json::parse(text)) samples.push_back({sample.at(0), sample.at(1)});
  return samples;
}

}  // namespace fovea
