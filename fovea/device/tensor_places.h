// SPDX-License-Identifier: Apache-2.0
// The places of a plan's tensors in one buffer of a device.
#pragma once

#include <cstdint>
#include <vector>

#include "fovea/runtime/program.h"

namespace fovea {

/// A range of bytes of the buffer.
struct TensorPlace {
  int64_t offset = 0, bytes = 0;
};

/// Gives every argument, result, constant and hoisted tensor of a plan and its initializer a place, and both the same arena:
/// the initializer has run before the plan does.
class TensorPlaces {
 public:
  /// Places begin at multiples of `alignment`, a power of two.
  TensorPlaces(const ProgramPlan& plan, int64_t alignment);

  /// The whole buffer.
  int64_t bytes() const { return bytes_; }
  const std::vector<TensorPlace>& arguments() const { return arguments_; }
  const std::vector<TensorPlace>& results() const { return results_; }  ///< those that replace an argument have its place
  const std::vector<TensorPlace>& constants() const { return constants_; }
  const std::vector<TensorPlace>& initializer_constants() const { return initializer_constants_; }
  /// Tables of offsets, one for each call of the plan and then of its initializer, at multiples of table_bytes().
  TensorPlace tables() const { return tables_; }
  int64_t table_bytes() const { return table_bytes_; }

  /// Where an operand of `bytes` bytes of a call is, of the plan or of its initializer.
  TensorPlace operand(const KernelOperand& operand, bool initializer, int64_t bytes) const;

 private:
  TensorPlace take(int64_t bytes);
  std::vector<TensorPlace> take(const std::vector<Tensor>& tensors);

  int64_t alignment_, bytes_ = 0;
  std::vector<TensorPlace> arguments_, results_, hoisted_, constants_, initializer_constants_;
  std::vector<size_t> initializer_arguments_;  // for each argument of the initializer, the plan's
  TensorPlace arena_, tables_;
  int64_t table_bytes_ = 0;
};

}  // namespace fovea
