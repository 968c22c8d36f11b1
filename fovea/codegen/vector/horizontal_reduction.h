// SPDX-License-Identifier: Apache-2.0
// Partial sums of many results, one a register, combined together: two registers become one by two shuffles and an addition, so
// sixteen results cost little more than two alone.
#pragma once

#include <mlir/IR/PatternMatch.h>

namespace fovea {

void add_horizontal_reduction_pattern(mlir::RewritePatternSet& patterns);

}  // namespace fovea
