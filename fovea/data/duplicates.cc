// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/duplicates.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "fovea/core/error.h"

namespace fovea {
namespace {

constexpr int most_bits = 6;  // the largest number of bits in which the perceptual hashes of near duplicates differ
constexpr double least_correlation = 0.98;
constexpr float least_deviation = 3;  // in levels from 0 to 255; the hash of an image below it is noise

// Disjoint sets, each represented by its smallest member.
class Sets {
 public:
  explicit Sets(size_t count) : leader_(count) { std::iota(leader_.begin(), leader_.end(), size_t{0}); }
  size_t find(size_t member) {
    while (leader_[member] != member) member = leader_[member] = leader_[leader_[member]];
    return member;
  }
  void join(size_t a, size_t b) {
    a = find(a);
    b = find(b);
    leader_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> leader_;
};

// Two hashes that differ in at most 6 bits are equal in at least one of 7 bands.
class Bands {
 public:
  static constexpr int count = most_bits + 1;
  static uint64_t key(uint64_t hash, int band) {
    constexpr int width = 64 / count;  // the last band has the remaining bits
    return band + 1 < count ? hash >> band * width & ((uint64_t{1} << width) - 1) : hash >> band * width;
  }
};

void join_near(std::span<const ImageTraits> pictures, const std::vector<size_t>& candidates, Sets& sets) {
  for (int band = 0; band < Bands::count; ++band) {
    std::unordered_map<uint64_t, std::vector<size_t>> buckets;
    for (const size_t image : candidates) {
      std::vector<size_t>& bucket = buckets[Bands::key(pictures[image].perceptual, band)];
      for (const size_t other : bucket) {
        if (hamming_distance(pictures[image].perceptual, pictures[other].perceptual) <= most_bits &&
            sets.find(image) != sets.find(other) && correlation(pictures[image], pictures[other]) >= least_correlation)
          sets.join(image, other);
      }
      bucket.push_back(image);
    }
  }
}

}  // namespace

std::vector<DuplicateGroup> duplicate_groups(std::span<const ImageTraits> pictures, bool near) {
  Sets sets(pictures.size());
  std::unordered_map<uint64_t, size_t> first;  // the first image with each content
  std::vector<size_t> distinct;
  for (size_t image = 0; image < pictures.size(); ++image) {
    if (!pictures[image].read()) continue;
    const auto [entry, is_new] = first.emplace(pictures[image].content, image);
    if (!is_new)
      sets.join(image, entry->second);
    else if (pictures[image].deviation >= least_deviation)
      distinct.push_back(image);
  }
  if (near) join_near(pictures, distinct, sets);
  std::map<size_t, DuplicateGroup> groups;
  for (size_t image = 0; image < pictures.size(); ++image) {
    DuplicateGroup& group = groups[sets.find(image)];
    group.images.push_back(image);
    group.exact &= pictures[image].content == pictures[group.images.front()].content;
  }
  std::vector<DuplicateGroup> result;
  for (auto& [leader, group] : groups) {
    if (group.images.size() > 1) result.push_back(std::move(group));
  }
  return result;
}

std::vector<SharedImage> shared_images(const Dataset& train, const Dataset& test, Progress& progress) {
  if (!train.encoded() || !test.encoded()) return {};
  std::set<int64_t> lengths;  // lengths of the training files
  for (int64_t i = 0; i < train.count(); ++i) lengths.insert(train.stored_bytes(i));
  const bool known = !lengths.contains(-1);
  std::vector<std::byte> bytes;
  // A file that cannot be read has no hash; it is reported when it is decoded.
  const auto hash_of = [&](const Dataset& dataset, int64_t index) -> std::optional<size_t> {
    try {
      dataset.read_bytes(index, bytes);
    } catch (const Error&) {
      return std::nullopt;
    }
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  };
  std::unordered_multimap<size_t, int64_t> tests;  // test images by the hash of their bytes
  std::set<int64_t> wanted;                        // lengths of the files in `tests`
  for (int64_t i = 0; i < test.count(); ++i) {
    const int64_t length = test.stored_bytes(i);
    if (known && length >= 0 && !lengths.contains(length)) continue;
    if (const std::optional<size_t> hash = hash_of(test, i)) tests.emplace(*hash, i);
    wanted.insert(length);
  }
  std::vector<SharedImage> shared;
  progress.start("looking for test images among those for training", train.count());
  for (int64_t i = 0; i < train.count() && !tests.empty(); ++i) {
    progress.update(i, "");
    const int64_t length = train.stored_bytes(i);
    if (length >= 0 && !wanted.contains(-1) && !wanted.contains(length)) continue;
    const std::optional<size_t> hash = hash_of(train, i);
    if (!hash) continue;
    const std::vector<std::byte> own = bytes;
    for (auto [entry, end] = tests.equal_range(*hash); entry != end; ++entry) {
      test.read_bytes(entry->second, bytes);
      if (bytes != own) continue;
      shared.push_back({i, entry->second});
      break;
    }
  }
  return shared;
}

}  // namespace fovea
