// SPDX-License-Identifier: Apache-2.0
// The tensors that every run copies, and their places in a buffer that both the processor and the device reach.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fovea/device/tensor_places.h"

namespace fovea {

/// A tensor that every run copies.
struct Transfer {
  size_t tensor;      ///< index among the arguments, or among the results that replace none
  TensorPlace place;  ///< on the device
  int64_t staged;     ///< where it is in the staging buffer
};

/// The inputs and results of a plan in a staging buffer.
class Staging {
 public:
  Staging(const ProgramPlan& plan, const TensorPlaces& places);

  const std::vector<Transfer>& inputs() const { return inputs_; }
  const std::vector<Transfer>& results() const { return results_; }
  /// The size of the buffer. It is large enough for parameters to be copied fast, in parts where they are larger.
  int64_t bytes() const { return bytes_; }

  /// Copies the plan's inputs to the buffer at `data`.
  void stage(const std::vector<Tensor*>& arguments, std::byte* data) const;
  /// Copies the results that replace no argument from the buffer at `data`.
  void unstage(const std::byte* data, const std::vector<Tensor*>& results) const;

 private:
  std::vector<Transfer> inputs_, results_;
  int64_t bytes_ = 0;
};

}  // namespace fovea
