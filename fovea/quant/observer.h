// SPDX-License-Identifier: Apache-2.0
// What is seen of a tensor over sample images, and the range of real numbers that its integers should cover.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fovea {

// A closed interval of real numbers.
struct Range {
  float minimum = 0, maximum = 0;
  bool operator==(const Range&) const = default;
};

Range united(Range a, Range b);
Range with_zero(Range range);  // real 0 must be an integer (Jacob et al. 2018, section 2.1)

enum class RangeMethod : uint8_t {
  minmax,      // all that was seen (Jacob et al. 2018, section 3.1)
  percentile,  // all but the outermost 0.01% of the numbers (McKinstry et al. 2019; Wu et al. 2020, 99.99%)
  mse,         // the least mean square of what rounding and clipping change (Sung et al. 2015; Nagel et al. 2021, section 3.1)
  entropy,     // the least divergence of the integers' distribution from the numbers' (Migacz, "8-bit inference with TensorRT",
               // 2017)
};
RangeMethod range_method_named(const std::string& name);  // refuses others, naming the nearest

// How often numbers were seen, in bins of equal width over a range that was seen before.
class Histogram {
 public:
  explicit Histogram(Range range, int64_t bins = 2048);
  void add(std::span<const float> values);  // outside the range: in the outermost bins

  Range range() const { return range_; }
  const std::vector<int64_t>& counts() const { return counts_; }
  int64_t total() const;
  double width() const { return width_; }  // of a bin
  double middle(int64_t bin) const;        // of a bin

 private:
  Range range_;
  double width_;
  std::vector<int64_t> counts_;
};

inline constexpr double usual_percentile = 99.99;

// Without the outermost (100 - percentile)% of the numbers, half of it at either end; an end at 0 is not cut, as that of a
// relu.
Range percentile_range(const Histogram& histogram, double percentile = usual_percentile);
// Of 128 shares of the range seen, tried at each end in turn, those with the least mean squared error of `levels` integers.
Range mse_range(const Histogram& histogram, int64_t levels = 256);
// The threshold of absolute values for which the distribution, clipped there and taken together in 128 steps, diverges least
// (Kullback and Leibler) from the one seen; numbers without a sign have 256 steps.
Range entropy_range(const Histogram& histogram);

Range chosen_range(const Histogram& histogram, RangeMethod method);

}  // namespace fovea
