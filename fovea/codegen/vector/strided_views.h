// SPDX-License-Identifier: Apache-2.0
// Rank-reducing subviews with strides.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace fovea {

/// Splits such a memref.subview into two: the first has the strides, the second drops dimensions. MLIR finds the dropped
/// dimensions by comparing the strides of the view with those of its source, which fails if the view has strides of its own.
void add_strided_view_pattern(mlir::RewritePatternSet& patterns);

}  // namespace fovea
