// SPDX-License-Identifier: Apache-2.0
// Horizontal reductions of several results at once, each in a register of partial sums. Two registers become one by two
// shuffles and an addition, so that sixteen results cost little more than two.
#pragma once

#include <mlir/IR/PatternMatch.h>

namespace fovea {

void add_horizontal_reduction_pattern(mlir::RewritePatternSet& patterns);

}  // namespace fovea
