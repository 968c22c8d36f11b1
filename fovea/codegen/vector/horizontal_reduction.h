// SPDX-License-Identifier: Apache-2.0
// Horizontal reductions of several results together, each of a register of partial sums. Two registers become one by two
// shuffles and an addition, so sixteen results cost little more than two.
#pragma once

#include <mlir/IR/PatternMatch.h>

namespace fovea {

/// Adds the pattern for floating-point vector.multi_reduction <add> along the last dimension.
void add_horizontal_reduction_pattern(mlir::RewritePatternSet& patterns);

}  // namespace fovea
