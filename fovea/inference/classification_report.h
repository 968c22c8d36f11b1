// SPDX-License-Identifier: Apache-2.0
// How a network does on each class, with how far so many images can tell.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fovea {

/// A share of 1 with its interval of 95% confidence.
struct Share {
  double value = 0, low = 0, high = 1;
};

/// `count` of `total`, with Wilson's interval (1927); of nothing: 0, between 0 and 1.
Share wilson(int64_t count, int64_t total);

struct ClassReport {
  int64_t images = 0;   ///< of this class
  int64_t answers = 0;  ///< images that were taken for it
  int64_t right = 0;    ///< both
  Share precision;      ///< right of answers
  Share recall;         ///< right of images
  Share f1;             ///< their harmonic mean 2J / (1 + J), J the share `right` has of images and answers together; its
                        ///< interval is that of J
};

/// confusion[truth * classes + answer], as Metrics has it.
std::vector<ClassReport> classification_report(std::span<const int64_t> confusion, int64_t classes);

/// Mean F1 of the classes that have images.
double macro_f1(const std::vector<ClassReport>& classes);

}  // namespace fovea
