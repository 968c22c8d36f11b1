// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/augment/pipeline.h"

#include "fovea/core/error.h"
#include "fovea/core/random.h"

namespace fovea {
namespace {

constexpr uint64_t purpose = 0x63726f7000000000;  // makes the crops independent of other numbers drawn with the same seed

ImageShape checked_shape(const Dataset& dataset, ImageShape shape) {
  const ImageShape stored = dataset.image_shape();
  if (shape.size() == 0) shape = stored;
  if (shape.channels != stored.channels || (!dataset.encoded() && !(shape == stored))) {
    refuse("images of {}x{}x{} cannot come from a data set of {}x{}x{}", shape.height, shape.width, shape.channels,
           stored.height, stored.width, stored.channels);
  }
  if (shape.size() < 1) refuse("photographs of different sizes need the image size that they are scaled to");
  return shape;
}

}  // namespace

Pipeline::Pipeline(std::shared_ptr<const Dataset> dataset, ImageShape shape, const Augmentation& augmentation, uint64_t seed)
    : dataset_(std::move(dataset)),
      shape_(checked_shape(*dataset_, shape)),
      augmentation_(augmentation),
      seed_(seed),
      augmenter_(shape_, augmentation) {}

void Pipeline::decode(int64_t index, int64_t epoch, Workspace& workspace) const {
  dataset_->read_bytes(index, workspace.bytes);
  const std::string name = dataset_->image_name(index);
  const Orientation orientation = augmentation_.orientation;
  const ImageShape whole = picture_shape(workspace.bytes, name, orientation);
  Excerpt& excerpt = workspace.excerpt;
  if (augmentation_.random_crop) {
    Random random(seed_ ^ purpose, static_cast<uint64_t>(epoch) << 40 ^ static_cast<uint64_t>(index));
    const Region region = random_crop(whole.height, whole.width, *augmentation_.random_crop, random);
    decode_region(excerpt, workspace.bytes, name, region, shape_.height, shape_.width, orientation);
    resize(workspace.image, excerpt.image, {excerpt.top, excerpt.left, excerpt.height, excerpt.width}, shape_.height,
           shape_.width, augmentation_.interpolation);
  } else {
    // Decoded at full size, so that published accuracies are reproduced to the last digit.
    decode_region(excerpt, workspace.bytes, name, {0, 0, whole.height, whole.width}, 0, 0, orientation);
    const CropBox box = center_box(whole.height, whole.width, shape_.height, shape_.width, augmentation_.resize);
    resize(workspace.image, excerpt.image, box, shape_.height, shape_.width, augmentation_.interpolation);
  }
}

void Pipeline::make_pixels(int64_t index, int64_t epoch, Workspace& workspace) const {
  if (dataset_->encoded()) {
    decode(index, epoch, workspace);
  } else {
    workspace.image.shape = shape_;
    workspace.image.pixels.resize(static_cast<size_t>(shape_.size()));
    dataset_->read_image(index, workspace.image.pixels);
  }
}

void Pipeline::make(int64_t index, int64_t epoch, std::span<float> values, Workspace& workspace) const {
  make_pixels(index, epoch, workspace);
  augmenter_.apply(workspace.image.pixels, values, seed_, epoch, index);
}

}  // namespace fovea
