// SPDX-License-Identifier: Apache-2.0
// Views with a stride along one dimension, without some of the dimensions of size 1.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace fovea {

/// MLIR finds the dimensions that a view drops by comparing its strides with those of its source, which fails if the view has
/// strides of its own. Therefore it is created in two steps: first the strides, then the dropped dimensions.
void add_strided_view_pattern(mlir::RewritePatternSet& patterns);

}  // namespace fovea
