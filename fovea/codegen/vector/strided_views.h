// SPDX-License-Identifier: Apache-2.0
// Views with a stride along one dimension, without some of the dimensions of size 1.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace fovea {

/// MLIR tells which dimensions a view drops by comparing its strides with those of what it views, and finds none where the view
/// takes steps of its own: it is made in two, first the steps, then the dimensions.
void add_strided_view_pattern(mlir::RewritePatternSet& patterns);

}  // namespace fovea
