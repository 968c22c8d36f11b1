// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/dataset_findings.h"

#include <algorithm>

#include "fovea/data/duplicates.h"

namespace fovea {
namespace {

constexpr float least_deviation = 3;   // in levels from 0 to 255
constexpr float least_sharpness = 20;  // as ImageTraits::sharpness
constexpr int64_t usual_tiny_side = 64;

int64_t shorter_side(const ImageTraits& traits) { return std::min(traits.shape.height, traits.shape.width); }

// The images of both splits, those for training first.
class Pictures {
 public:
  Pictures(const SplitStatistics& train, const SplitStatistics& test)
      : parts_{train, test}, train_count_(train.dataset->count()) {
    for (const SplitStatistics& part : parts_)
      traits_.insert(traits_.end(), part.statistics->traits.begin(), part.statistics->traits.end());
  }
  const std::vector<ImageTraits>& traits() const { return traits_; }
  DatasetImage image(size_t number) const {
    const auto place = static_cast<int64_t>(number);
    return place < train_count_ ? DatasetImage{Split::train, place} : DatasetImage{Split::test, place - train_count_};
  }
  int32_t label(const DatasetImage& image) const { return parts_[image.split == Split::test].dataset->label(image.index); }

 private:
  SplitStatistics parts_[2];
  int64_t train_count_;
  std::vector<ImageTraits> traits_;
};

int64_t tiny_side(const std::vector<ImageTraits>& pictures) {
  std::vector<int64_t> sides;
  for (const ImageTraits& traits : pictures) {
    if (traits.read()) sides.push_back(shorter_side(traits));
  }
  if (sides.empty()) return 0;
  std::ranges::nth_element(sides, sides.begin() + std::ssize(sides) / 2);
  return std::min(usual_tiny_side, sides[sides.size() / 2] / 2);
}

DuplicateImages duplicate_images(const Pictures& pictures, const DuplicateGroup& group) {
  DuplicateImages result{.exact = group.exact};
  for (const size_t number : group.images) result.images.push_back(pictures.image(number));
  for (const DatasetImage& image : result.images) {
    result.across_splits |= image.split != result.images.front().split;
    result.across_classes |= pictures.label(image) != pictures.label(result.images.front());
  }
  return result;
}

void look_at_each(const Pictures& pictures, bool photographs, DatasetFindings& found) {
  std::vector<std::pair<float, size_t>> blurred;
  for (size_t number = 0; number < pictures.traits().size(); ++number) {
    const ImageTraits& traits = pictures.traits()[number];
    if (!traits.read()) continue;
    if (traits.deviation < least_deviation) {
      found.constant.push_back(pictures.image(number));
      continue;
    }
    if (photographs && shorter_side(traits) < found.tiny_below) found.tiny.push_back(pictures.image(number));
    if (photographs && traits.sharpness < least_sharpness) blurred.emplace_back(traits.sharpness, number);
  }
  std::ranges::sort(blurred);
  for (const auto& [sharpness, number] : blurred) found.blurred.push_back(pictures.image(number));
}

}  // namespace

DatasetFindings findings(const SplitStatistics& train, const SplitStatistics& test) {
  const Pictures pictures(train, test);
  const bool photographs = train.dataset->image_shape().channels == 3;
  DatasetFindings found;
  for (const DuplicateGroup& group : duplicate_groups(pictures.traits(), photographs))
    found.duplicates.push_back(duplicate_images(pictures, group));
  found.tiny_below = tiny_side(pictures.traits());
  look_at_each(pictures, photographs, found);
  const std::vector<int64_t>& counts = train.statistics->class_counts;
  const auto [least, most] = std::ranges::minmax_element(counts);
  found.smallest_class = least - counts.begin();
  found.largest_class = most - counts.begin();
  found.imbalance = static_cast<double>(*most) / static_cast<double>(std::max<int64_t>(1, *least));
  return found;
}

}  // namespace fovea
