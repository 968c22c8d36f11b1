// SPDX-License-Identifier: Apache-2.0
/// \file
/// Precision, recall and F1 of each class, with intervals that show how much the number of images can tell.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fovea {

/// A share from 0 to 1 with its interval of 95% confidence.
struct Share {
  double value = 0;  ///< as measured
  double low = 0;    ///< the lower bound of the interval
  double high = 1;   ///< the upper bound of the interval
};

/// The share of `count` in `total` with Wilson's score interval (1927). When `total` is 0, it is 0 with the interval [0, 1].
Share wilson(int64_t count, int64_t total);

/// How well a network recognizes one class.
struct ClassReport {
  int64_t images = 0;   ///< images that are of this class
  int64_t answers = 0;  ///< images whose answer is this class
  int64_t right = 0;    ///< images for which both hold
  Share precision;      ///< share of `right` in `answers`
  Share recall;         ///< share of `right` in `images`
  /// The harmonic mean of precision and recall. It is 2J / (1 + J), where J is the share of `right` in the images that are of
  /// this class or are taken for it. The interval of F1 is computed from that of J.
  Share f1;
};

/// A report for each class from confusion[truth * classes + answer], as Metrics counts it. Fails when the size of the matrix is
/// not classes * classes.
std::vector<ClassReport> classification_report(std::span<const int64_t> confusion, int64_t classes);

/// The mean F1 over the classes that have images; 0 when none has.
double macro_f1(const std::vector<ClassReport>& classes);

}  // namespace fovea
