// SPDX-License-Identifier: Apache-2.0
/// \file
/// The keys of a recipe's file: which member each one sets, and which values are valid.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "fovea/train/recipe.h"

namespace fovea {

/// One key of the file. Numbers are in [least, most].
struct Field {
  std::string key;  ///< with its section: "rate.peak"
  /// What it sets.
  std::variant<std::string Recipe::*, int64_t Recipe::*, double Recipe::*, bool Recipe::*, std::vector<double> Recipe::*,
               std::vector<std::string> Recipe::*>
      member;
  double least = -std::numeric_limits<double>::infinity();  ///< of a number, or of each number of a list
  double most = std::numeric_limits<double>::infinity();    ///< the same
  bool above = false;                                       ///< whether `least` itself is excluded
  std::vector<std::string> names = {};                      ///< the valid strings; empty: any
};

/// All keys, in the order in which they are written. The reference is valid for the life of the process.
const std::vector<Field>& fields();

}  // namespace fovea
