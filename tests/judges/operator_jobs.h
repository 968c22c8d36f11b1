// SPDX-License-Identifier: Apache-2.0
// Files of one operator each, their random inputs and our answers, as a judge reads them; jobs.json lists them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "fovea/graph/graph.h"
#include "nlohmann/json.hpp"

namespace fovea::judges {

// Bytes without -128, which TensorFlow Lite's weights do not have; f32 from -8 to 8; i32 from -2000 to 2000, i64 a thousand
// times that, i16 without -32768.
Tensor random_tensor(const Shape& shape, DType dtype, uint64_t stream);

class OperatorJobs {
 public:
  // Only files whose names contain `part` are written.
  explicit OperatorJobs(std::string folder, std::string part = "") : folder_(std::move(folder)), part_(std::move(part)) {}

  // Adds a file whose only input is `port`. Answers may differ by `within` of the largest; integers must be equal. A file that
  // cannot be read is reported, and `finish` then fails.
  void add(const std::string& name, const std::vector<std::byte>& file, const TensorType& port, double within = 0);
  void finish() const;

 private:
  std::string folder_, part_;
  nlohmann::json jobs_ = nlohmann::json::array();
  int refused_ = 0;
};

}  // namespace fovea::judges
