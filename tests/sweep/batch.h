// SPDX-License-Identifier: Apache-2.0
// Cases compiled together as one network, run in memory full of poison with guards around it, and compared with plain loops.
#pragma once

#include <string>
#include <vector>

#include "tests/sweep/case.h"

namespace fovea::sweep {

struct Finding {
  std::string layer;  // the case's line, or several
  std::string reason;
};

// Whether two cases can be in one network: compiled in one way for one processor.
bool go_together(const Case& a, const Case& b);

// Cases that go together, in this process. Compiles each by itself where all of them at once fail.
std::vector<Finding> compare_together(const std::vector<Case>& layers);

// One case at a stage of the road (fovea lower).
std::string lowered(const Case& layer, const std::string& stage);

}  // namespace fovea::sweep
