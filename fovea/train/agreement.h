// SPDX-License-Identifier: Apache-2.0
/// \file
/// What several processes have to agree about before they train together: with another program, processor or data set the bits
/// of the result would be others.
#pragma once

#include <string>
#include <vector>

#include "fovea/collective/communicator.h"
#include "fovea/core/progress.h"
#include "fovea/data/sources/dataset.h"

namespace fovea {

/// A property of a process.
struct Property {
  std::string name;        ///< "the processor"
  std::string value;       ///< as messages show it
  bool essential = false;  ///< whether training together is impossible with different values
};

/// The number of images and classes of a data set, and a digest of its labels, names and some of its images. `what` is how
/// messages call it.
std::vector<Property> properties_of(const Dataset& data, const std::string& what);

/// Fails in every process when a property of one process differs from that of process 0. With `mixed`, only essential ones do,
/// and others are told to `progress`.
void check_agreement(Communicator& processes, const std::vector<Property>& properties, bool mixed, Progress& progress);

}  // namespace fovea
