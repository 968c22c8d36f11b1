// SPDX-License-Identifier: Apache-2.0
/// \file
/// Reads image files on threads of its own, while the network answers for those that were read before.
#pragma once

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/core/tensor.h"
#include "fovea/workflows/classify.h"

namespace fovea {

/// An image file as the network's input, or what is wrong with it.
struct PictureInput {
  std::string path;              ///< as it was given
  Tensor image;                  ///< [1, height, width, channels] f32; empty when there is a problem
  std::optional<Error> problem;  ///< why it cannot be read
};

/// Image files in the order of their list, however many threads read them. One thread at a time may ask.
class PictureReader {
 public:
  /// Starts `threads` threads, which read up to `ahead` images before they are asked for. `input` is used as long as this
  /// object exists.
  PictureReader(const ImageInput& input, std::vector<std::string> paths, int threads, int64_t ahead);
  PictureReader(const PictureReader&) = delete;
  PictureReader& operator=(const PictureReader&) = delete;
  /// Ends the threads; what they have read is lost.
  ~PictureReader();

  /// The next image, for which it waits; none after the last. What is wrong with a file is its problem; any other exception of
  /// a thread is thrown here.
  std::optional<PictureInput> next();

 private:
  struct Read {
    PictureInput picture;
    std::exception_ptr failure;
  };
  void work();
  Read read(const std::string& path) const;

  const ImageInput& input_;
  std::vector<std::string> paths_;
  int64_t ahead_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<int64_t, Read> ready_;
  int64_t begun_ = 0, given_ = 0;
  bool ending_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace fovea
