// SPDX-License-Identifier: Apache-2.0
#include "fovea/data/picture_statistics.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "fovea/core/error.h"
#include "fovea/core/text.h"
#include "fovea/data/augment/pipeline.h"
#include "fovea/data/image/lettering.h"
#include "fovea/data/image/resample.h"

namespace fovea {
namespace {

constexpr int64_t gap = 4;  // between the images of a sheet
constexpr uint8_t background = 32, ink = 224;

// The name of a class, cut to the room that there is.
std::string sheet_name(const std::string& name) { return shorten(name, 20); }

// Copies `picture`, gray or in color, into the sheet.
void paste(Image& sheet, const Image& picture, int64_t top, int64_t left) {
  for (int64_t y = 0; y < picture.shape.height; ++y) {
    uint8_t* target = sheet.pixels.data() + ((top + y) * sheet.shape.width + left) * 3;
    const uint8_t* source = picture.pixels.data() + y * picture.shape.width * picture.shape.channels;
    for (int64_t x = 0; x < picture.shape.width; ++x) {
      for (int64_t c = 0; c < 3; ++c) target[3 * x + c] = source[x * picture.shape.channels + c % picture.shape.channels];
    }
  }
}

Image whole_image(const Dataset& dataset, int64_t index, Orientation orientation, std::vector<std::byte>& bytes) {
  if (dataset.encoded()) {
    dataset.read_bytes(index, bytes);
    return decode_image(bytes, dataset.image_name(index), 3, orientation);
  }
  Image image(dataset.image_shape());
  dataset.read_image(index, image.pixels);
  return image;
}

Image square(const Pipeline& pipeline, int64_t index, int64_t side, Pipeline::Workspace& workspace) {
  pipeline.make_pixels(index, 0, workspace);
  const ImageShape shape = workspace.image.shape;
  if (shape.height == side && shape.width == side) return workspace.image;
  return resize(workspace.image, side, side);
}

}  // namespace

PictureStatistics picture_statistics(const Dataset& dataset, int threads, Orientation orientation,
                                     const std::function<void(int64_t)>& progress) {
  const int64_t count = dataset.count();
  PictureStatistics result;
  result.class_counts.resize(dataset.class_names().size());
  for (int64_t index = 0; index < count; ++index) ++result.class_counts[static_cast<size_t>(dataset.label(index))];
  result.traits.resize(static_cast<size_t>(count));
  std::mutex mutex;
  std::atomic<int64_t> next{0}, done{0};
  const auto work = [&] {
    std::vector<std::byte> bytes;
    for (int64_t index = next++; index < count; index = next++) {
      try {
        result.traits[static_cast<size_t>(index)] = traits_of(whole_image(dataset, index, orientation, bytes));
      } catch (const Error& error) {
        std::lock_guard lock(mutex);
        result.damaged.push_back({index, error.what()});
      }
      ++done;
    }
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < std::max(1, threads); ++i) workers.emplace_back(work);
  while (done < count) {
    progress(done);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (std::thread& worker : workers) worker.join();
  for (const ImageTraits& traits : result.traits) {
    if (!traits.read()) continue;
    result.heights.push_back(traits.shape.height);
    result.widths.push_back(traits.shape.width);
  }
  std::ranges::sort(result.heights);
  std::ranges::sort(result.widths);
  std::ranges::sort(result.damaged, {}, &CorruptSample::image);
  return result;
}

Image contact_sheet(const std::shared_ptr<const Dataset>& dataset, Orientation orientation, int64_t rows, int64_t columns,
                    int64_t side) {
  rows = std::min(rows, static_cast<int64_t>(dataset->class_names().size()));
  const ImageShape shape = dataset->encoded() ? ImageShape{side, side, 3} : dataset->image_shape();
  const Pipeline pipeline(dataset, shape, {.resize = side, .orientation = orientation}, 0);
  int64_t margin = 0;  // for the names, on the left
  for (int64_t row = 0; row < rows; ++row)
    margin = std::max(margin, lettering_width(sheet_name(dataset->class_names()[static_cast<size_t>(row)])) + 2 * gap);
  Image sheet({rows * (side + gap) + gap, margin + columns * (side + gap) + gap, 3});
  std::ranges::fill(sheet.pixels, background);
  for (int64_t row = 0; row < rows; ++row) {
    const std::string name = sheet_name(dataset->class_names()[static_cast<size_t>(row)]);
    draw_lettering(sheet, gap + row * (side + gap) + (side - lettering_height) / 2, 2 * gap, name, ink);
  }
  Pipeline::Workspace workspace;
  std::vector<int64_t> filled(static_cast<size_t>(rows));
  int64_t left = rows * columns;
  for (int64_t index = 0; index < dataset->count() && left > 0; ++index) {
    const int64_t row = dataset->label(index);
    if (row >= rows || filled[static_cast<size_t>(row)] == columns) continue;
    try {
      const Image picture = square(pipeline, index, side, workspace);
      paste(sheet, picture, gap + row * (side + gap), margin + gap + filled[static_cast<size_t>(row)]++ * (side + gap));
      --left;
    } catch (const Error&) {
      // Corrupt images are listed in the statistics.
    }
  }
  return sheet;
}

}  // namespace fovea
