// SPDX-License-Identifier: Apache-2.0
#include "fovea/workflows/picture_reader.h"

#include <algorithm>

namespace fovea {

PictureReader::PictureReader(const ImageInput& input, std::vector<std::string> paths, int threads, int64_t ahead)
    : input_(input), paths_(std::move(paths)), ahead_(std::max<int64_t>(ahead, threads)) {
  const int64_t useful = std::min<int64_t>(threads, std::ssize(paths_));
  for (int64_t i = 0; i < useful; ++i) threads_.emplace_back([this] { work(); });
}

PictureReader::~PictureReader() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

PictureReader::Read PictureReader::read(const std::string& path) const {
  Read result;
  result.picture.path = path;
  try {
    result.picture.image = input_.read(path);
  } catch (const Error& error) {
    result.picture.problem = error;
  } catch (...) {
    result.failure = std::current_exception();
  }
  return result;
}

void PictureReader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || begun_ == std::ssize(paths_) || begun_ < given_ + ahead_; });
    if (ending_ || begun_ == std::ssize(paths_)) return;
    const int64_t index = begun_++;
    lock.unlock();
    Read result = read(paths_[static_cast<size_t>(index)]);
    lock.lock();
    ready_.emplace(index, std::move(result));
    changed_.notify_all();
  }
}

std::optional<PictureInput> PictureReader::next() {
  std::unique_lock lock(mutex_);
  if (given_ == std::ssize(paths_)) return std::nullopt;
  changed_.wait(lock, [&] { return ready_.contains(given_); });
  Read result = std::move(ready_.extract(given_++).mapped());
  changed_.notify_all();
  if (result.failure) std::rethrow_exception(result.failure);
  return std::move(result.picture);
}

}  // namespace fovea
