// SPDX-License-Identifier: Apache-2.0
/// \file
/// How fast named accelerators are at most, for plans of runs that are made elsewhere. Includes no MLIR.
#pragma once

#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

/// An accelerator by the figures that bound a kernel's time.
struct Accelerator {
  std::string name;             ///< as --device takes it: "h200"
  std::string description;      ///< "NVIDIA H200"
  double f32_flops = 0;         ///< additions and multiplications of f32 in a second, without matrix units
  double bf16_flops = 0;        ///< of products of bf16 with sums of f32, by matrix units
  double bytes_per_second = 0;  ///< of its memory
  std::string source;           ///< where the figures are from

  /// The most operations in a second on products of this type.
  double flops(DType products) const { return products == DType::bf16 ? bf16_flops : f32_flops; }
  /// The least time in seconds of work of so many operations and bytes: the roofline of Williams, Waterman and Patterson
  /// (2009).
  double seconds(double operations, double bytes, DType products) const;
};

/// The accelerator of a name from the table. Refuses others with the nearest name.
const Accelerator& accelerator_named(const std::string& name);

}  // namespace fovea
