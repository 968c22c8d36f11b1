// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/gpu/grid_code.h"

namespace fovea {

using namespace mlir;

namespace {

// Loops over the reduced dimensions from number `next` on.
GridCode::Values reduce(GridCode& code, ArrayRef<unsigned> reduced, GridCode::Values& point, ValueRange accumulators) {
  if (reduced.empty()) return code.accumulate(point, accumulators);
  const int64_t extent = code.kernel().root.extents[reduced.front()];
  if (extent == 1) {
    point[reduced.front()] = code.index(0);
    return reduce(code, reduced.drop_front(), point, accumulators);
  }
  return code.loop(code.index(0), code.index(extent), 1, accumulators, [&](Value step, ValueRange carried) {
    point[reduced.front()] = step;
    return reduce(code, reduced.drop_front(), point, carried);
  });
}

}  // namespace

void emit_element_grid(GridCode& code) {
  const LinalgOperation& root = code.kernel().root;
  const SmallVector<unsigned> parallel = dims_of(root, false), reduced = dims_of(root, true);
  Value number = code.add(code.multiply(code.workgroup(), code.grid().invocations), code.invocation());
  code.where(code.below(number, points(root, parallel)), [&] {
    GridCode::Values point(root.extents.size());
    code.locate(root, parallel, number, point);
    const GridCode::Values results = reduce(code, reduced, point, code.initial());
    code.finish(results, point);
  });
}

}  // namespace fovea
