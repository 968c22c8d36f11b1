// SPDX-License-Identifier: Apache-2.0
// Cases compiled together as one network, run in memory filled with poison and with guards around it, and compared with plain
// loops.
#pragma once

#include <string>
#include <vector>

#include "tests/sweep/case.h"

namespace fovea::sweep {

struct Finding {
  std::string layer;  // the line of the case, or of several
  std::string reason;
};

// Whether two cases can be in one network, which is compiled in one way for one processor.
bool go_together(const Case& a, const Case& b);

// Compares cases that go together, in this process. When they fail together, each is compiled on its own.
std::vector<Finding> compare_together(const std::vector<Case>& layers);

// One case at a stage of the lowering pipeline, as in fovea lower.
std::string lowered(const Case& layer, const std::string& stage);

}  // namespace fovea::sweep
