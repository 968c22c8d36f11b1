// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/agreement.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "fovea/collective/exchange.h"
#include "fovea/core/error.h"
#include "fovea/core/random.h"

namespace fovea {
namespace {

using Json = nlohmann::ordered_json;

// Images whose content counts, spread over the data set. All would have to be read by every process before it starts.
constexpr int64_t most_images = 64;

std::string_view text_of(const void* bytes, size_t count) { return {static_cast<const char*>(bytes), count}; }

// Also of an image that cannot be read, which is part of the data set, too.
uint64_t hash_of_image(const Dataset& data, int64_t image) {
  if (data.encoded()) {
    std::vector<std::byte> bytes;
    try {
      data.read_bytes(image, bytes);
    } catch (const Error&) {
      bytes.clear();
    }
    return hash_of(text_of(bytes.data(), bytes.size()));
  }
  std::vector<uint8_t> pixels(static_cast<size_t>(data.image_shape().size()));
  data.read_image(image, pixels);
  return hash_of(text_of(pixels.data(), pixels.size()));
}

uint64_t hash_of_data(const Dataset& data) {
  std::string text;
  for (const std::string& name : data.class_names()) text += name + '\n';
  const int64_t count = data.count();
  for (int64_t image = 0; image < count; ++image) {
    const int32_t label = data.label(image);
    text += text_of(&label, sizeof label);
  }
  const int64_t images = std::min(count, most_images);
  for (int64_t i = 0; i < images; ++i) {
    const uint64_t hash = hash_of_image(data, i * count / images);
    text += text_of(&hash, sizeof hash);
  }
  return hash_of(text);
}

}  // namespace

std::vector<Property> properties_of(const Dataset& data, const std::string& what) {
  return {{what, fmt::format("{} images of {} classes", data.count(), data.class_names().size()), true},
          {"the content of " + what, fmt::format("{:016x}", hash_of_data(data))}};
}

void check_agreement(Communicator& processes, const std::vector<Property>& properties, bool mixed, Progress& progress) {
  Json own = Json::array();
  for (const Property& property : properties) own.push_back(property.value);
  const std::vector<std::string> all = gather(processes, own.dump(-1, ' ', false, Json::error_handler_t::replace));
  const Json first = Json::parse(all.front());
  for (size_t rank = 1; rank < all.size(); ++rank) {
    const Json other = Json::parse(all[rank]);
    for (size_t i = 0; i < properties.size(); ++i) {
      if (other.at(i) == first.at(i)) continue;
      const std::string difference =
          fmt::format("{} of {} is {}, that of {} is {}", properties[i].name, processes.name_of(static_cast<int>(rank)),
                      other.at(i).get<std::string>(), processes.name_of(0), first.at(i).get<std::string>());
      if (properties[i].essential) fail("{}: they cannot train together", difference);
      if (!mixed) fail("{}: the result would have other bits; --mixed trains all the same", difference);
      progress.say(difference);
    }
  }
}

}  // namespace fovea
