// SPDX-License-Identifier: Apache-2.0
/// \file
/// Observes tensors over sample images, and chooses the range of real numbers that their integers should cover.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fovea {

/// A closed interval of real numbers.
struct Range {
  float minimum = 0;  ///< lower end
  float maximum = 0;  ///< upper end
  /// Equal ends.
  bool operator==(const Range&) const = default;
};

/// The smallest range that contains both.
Range united(Range a, Range b);
Range with_zero(Range range);  ///< The range extended to contain 0, which must be an integer (Jacob et al. 2018, section 2.1).

/// How a range is chosen.
enum class RangeMethod : uint8_t {
  minmax,      ///< everything that was seen (Jacob et al. 2018, section 3.1)
  percentile,  ///< everything except the outermost 0.01% of the numbers (McKinstry et al. 2019; Wu et al. 2020, 99.99%)
  mse,         ///< the least mean squared error of rounding and clipping (Sung et al. 2015; Nagel et al. 2021, section 3.1)
  /// The least divergence of the integers' distribution from that of the numbers (Migacz, "8-bit inference with TensorRT",
  /// 2017).
  entropy,
};
/// The method of that name; refuses others, with the nearest known one.
RangeMethod range_method_named(const std::string& name);

/// Counts of numbers in bins of equal width over a range that is known before.
class Histogram {
 public:
  /// No counts yet.
  explicit Histogram(Range range, int64_t bins = 2048);
  void add(std::span<const float> values);  ///< Counts the values; those outside of the range count in the outermost bins.

  /// The range of all bins.
  Range range() const { return range_; }
  /// A count for each bin; valid as long as this object.
  const std::vector<int64_t>& counts() const { return counts_; }
  /// The sum of all counts.
  int64_t total() const;
  double width() const { return width_; }  ///< Width of a bin.
  double middle(int64_t bin) const;        ///< The middle of a bin.

 private:
  Range range_;
  double width_;
  std::vector<int64_t> counts_;
};

/// The percentage of numbers that percentile_range() keeps by default.
inline constexpr double usual_percentile = 99.99;

/// The range without the outermost (100 - percentile)% of the numbers, half of them at each end. An end at 0 is not cut, such
/// as that of a relu.
Range percentile_range(const Histogram& histogram, double percentile = usual_percentile);
/// The range with the least mean squared error of `levels` integers, among 128 fractions of the observed range at each end in
/// turn.
Range mse_range(const Histogram& histogram, int64_t levels = 256);
/// The range given by the threshold of absolute values for which the distribution, clipped there and merged into 128 steps, has
/// the least Kullback-Leibler divergence from the observed one; non-negative numbers have 256 steps.
Range entropy_range(const Histogram& histogram);

/// The range by a method.
Range chosen_range(const Histogram& histogram, RangeMethod method);

}  // namespace fovea
