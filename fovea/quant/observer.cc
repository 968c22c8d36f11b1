// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/observer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fovea/core/error.h"

namespace fovea {

Range united(Range a, Range b) { return {std::min(a.minimum, b.minimum), std::max(a.maximum, b.maximum)}; }
Range with_zero(Range range) { return {std::min(range.minimum, 0.0F), std::max(range.maximum, 0.0F)}; }

RangeMethod range_method_named(const std::string& name) {
  if (name == "minmax") return RangeMethod::minmax;
  if (name == "percentile") return RangeMethod::percentile;
  if (name == "mse") return RangeMethod::mse;
  if (name == "entropy") return RangeMethod::entropy;
  refuse_unknown("method", name, std::vector<std::string>{"minmax", "percentile", "mse", "entropy"});
}

Histogram::Histogram(Range range, int64_t bins)
    : range_(range),
      width_((static_cast<double>(range.maximum) - range.minimum) / static_cast<double>(bins)),
      counts_(static_cast<size_t>(bins), 0) {}

void Histogram::add(std::span<const float> values) {
  const double inverse = width_ > 0 ? 1 / width_ : 0;
  const auto last = static_cast<int64_t>(counts_.size()) - 1;
  for (const float value : values) {
    const auto bin = static_cast<int64_t>((static_cast<double>(value) - range_.minimum) * inverse);
    ++counts_[static_cast<size_t>(std::clamp<int64_t>(bin, 0, last))];
  }
}

int64_t Histogram::total() const { return std::accumulate(counts_.begin(), counts_.end(), int64_t{0}); }

double Histogram::middle(int64_t bin) const { return range_.minimum + (static_cast<double>(bin) + 0.5) * width_; }

Range percentile_range(const Histogram& histogram, double percentile) {
  const Range range = histogram.range();
  const double cut = static_cast<double>(histogram.total()) * (100 - percentile) / 100;
  const bool low = range.minimum<0, high = range.maximum> 0;
  const double each = low && high ? cut / 2 : cut;
  const std::vector<int64_t>& counts = histogram.counts();
  Range kept = range;
  double below = 0, above = 0;
  for (size_t bin = 0; low && bin < counts.size(); ++bin) {
    below += static_cast<double>(counts[bin]);
    if (below > each) {
      kept.minimum = static_cast<float>(range.minimum + static_cast<double>(bin) * histogram.width());
      break;
    }
  }
  for (size_t bin = counts.size(); high && bin-- > 0;) {
    above += static_cast<double>(counts[bin]);
    if (above > each) {
      kept.maximum = static_cast<float>(range.minimum + static_cast<double>(bin + 1) * histogram.width());
      break;
    }
  }
  return kept.minimum < kept.maximum ? kept : range;
}

namespace {

// The sum of squared changes by rounding to steps within the range and clipping at its ends. Numbers are taken as uniformly
// distributed within a bin, so that a step narrower than a bin does not count as exact.
double squared_error(const Histogram& histogram, Range range, int64_t levels) {
  const double scale = (static_cast<double>(range.maximum) - range.minimum) / static_cast<double>(levels - 1);
  if (!(scale > 0)) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (size_t bin = 0; bin < histogram.counts().size(); ++bin) {
    const auto count = static_cast<double>(histogram.counts()[bin]);
    // Zeros, many of which a relu leaves in its first bin, are exact.
    if (count == 0 || (bin == 0 && histogram.range().minimum == 0)) continue;
    const double value = histogram.middle(static_cast<int64_t>(bin));
    const double beyond = std::max({0.0, value - range.maximum, range.minimum - value});
    sum += count * (beyond > 0 ? beyond * beyond : scale * scale / 12);
  }
  return sum;
}

}  // namespace

Range mse_range(const Histogram& histogram, int64_t levels) {
  constexpr int shares = 128;
  const Range seen = with_zero(histogram.range());
  Range best = seen;
  double least = squared_error(histogram, best, levels);
  const auto attempt = [&](Range range) {
    const double error = squared_error(histogram, range, levels);
    if (error >= least) return false;
    least = error;
    best = range;
    return true;
  };
  for (bool better = true; better;) {
    better = false;
    const Range start = best;
    for (int share = 1; share <= shares; ++share) {
      const float part = static_cast<float>(share) / shares;
      if (seen.minimum < 0) better |= attempt({seen.minimum * part, best.maximum});
      if (seen.maximum > 0) better |= attempt({best.minimum, seen.maximum * part});
      if (seen.minimum < 0 && seen.maximum > 0) better |= attempt({start.minimum * part, start.maximum * part});
    }
  }
  return best;
}

namespace {

// The divergence of `taken` (the distribution in `steps` steps, spread over the bins that were not empty) from the clipped
// `seen`.
double divergence(std::span<const double> counts, size_t bins, size_t steps) {
  std::vector<double> seen(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(bins));
  std::vector<double> inside = seen;
  for (size_t bin = bins; bin < counts.size(); ++bin) seen.back() += counts[bin];
  const double total = std::accumulate(seen.begin(), seen.end(), 0.0);
  std::vector<double> taken(bins, 0);
  double taken_total = 0;
  for (size_t step = 0; step < steps; ++step) {
    const size_t begin = step * bins / steps, end = (step + 1) * bins / steps;
    double sum = 0, filled = 0;
    for (size_t bin = begin; bin < end; ++bin) {
      sum += inside[bin];
      filled += seen[bin] > 0 ? 1 : 0;
    }
    for (size_t bin = begin; bin < end; ++bin) {
      if (seen[bin] > 0) taken[bin] = sum / filled;
    }
    taken_total += sum;
  }
  if (!(total > 0) || !(taken_total > 0)) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (size_t bin = 0; bin < bins; ++bin) {
    if (seen[bin] == 0) continue;
    // A step that has only clipped numbers has no probability of its own.
    const double q = std::max(taken[bin] / taken_total, 1e-12);
    sum += seen[bin] / total * std::log(seen[bin] / total / q);
  }
  return sum;
}

}  // namespace

Range entropy_range(const Histogram& histogram) {
  const Range range = histogram.range();
  const bool is_signed = range.minimum < 0 && range.maximum > 0;
  const size_t steps = is_signed ? 128 : 256;
  const double far = std::max(std::abs(range.minimum), std::abs(range.maximum));
  std::vector<double> absolute(histogram.counts().size(), 0);
  const double width = far / static_cast<double>(absolute.size());
  if (!(width > 0)) return range;
  for (size_t bin = 0; bin < absolute.size(); ++bin) {
    const auto place = static_cast<size_t>(std::abs(histogram.middle(static_cast<int64_t>(bin))) / width);
    absolute[std::min(place, absolute.size() - 1)] += static_cast<double>(histogram.counts()[bin]);
  }
  // Exact zeros, of which a relu leaves many, do not matter for where to clip.
  absolute[0] = absolute[1];
  double least = std::numeric_limits<double>::infinity();
  size_t best = absolute.size();
  for (size_t bins = steps; bins <= absolute.size(); ++bins) {
    const double found = divergence(absolute, bins, steps);
    if (found < least) {
      least = found;
      best = bins;
    }
  }
  const auto threshold = static_cast<float>(static_cast<double>(best) * width);
  return {std::max(range.minimum, -threshold), std::min(range.maximum, threshold)};
}

Range chosen_range(const Histogram& histogram, RangeMethod method) {
  switch (method) {
    case RangeMethod::minmax:
      return histogram.range();
    case RangeMethod::percentile:
      return percentile_range(histogram);
    case RangeMethod::mse:
      return mse_range(histogram);
    case RangeMethod::entropy:
      return entropy_range(histogram);
  }
  return histogram.range();
}

}  // namespace fovea
