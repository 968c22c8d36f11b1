// SPDX-License-Identifier: Apache-2.0
#include <mlir/Dialect/MemRef/IR/MemRef.h>

#include "fovea/codegen/gpu/grid_code.h"

namespace fovea {

using namespace mlir;

namespace {

class TreeEmitter {
 public:
  TreeEmitter(GridCode& code, const TreeGrid& grid) : code_(code), grid_(grid), root_(code.kernel().root) {}

  void emit() {
    const SmallVector<unsigned> parallel = dims_of(root_, false);
    const int64_t results = points(root_, parallel);
    Value lane = code_.remainder(code_.invocation(), grid_.lanes);
    slice_ = code_.divide(code_.invocation(), grid_.lanes);
    Value number = code_.add(code_.multiply(code_.workgroup(), grid_.lanes), lane);
    exists_ = results % grid_.lanes == 0 && !code_.workgroup_exists() ? Value() : code_.below(number, results);
    // Invocations without a result reduce the first one, because all have to reach the barriers.
    GridCode::Values point(root_.extents.size());
    code_.locate(root_, parallel, code_.select(exists_, number, code_.index(0)), point);
    const GridCode::Values partial = reduce_slice(point);
    for (Value value : partial) buffers_.push_back(shared(value));
    for (int64_t distance = grid_.slices / 2; distance >= 1; distance /= 2) combine(distance);
    Value first = code_.below(slice_, 1);
    code_.where(code_.both(first, exists_), [&] {
      GridCode::Values values;
      for (Value buffer : buffers_) values.push_back(load(buffer, code_.invocation()));
      code_.finish(values, point);
    });
  }

 private:
  Value load(Value buffer, Value place) {
    return code_.builder.create<memref::LoadOp>(code_.location, buffer, ValueRange{place});
  }

  // The terms slice, slice + slices, slice + 2 * slices, ...; the first slice begins with the initial value.
  GridCode::Values reduce_slice(GridCode::Values& point) {
    const SmallVector<unsigned> reduced = dims_of(root_, true);
    GridCode::Values start = code_.initial();
    Value first = code_.below(slice_, 1);
    for (unsigned i = 0; i < start.size(); ++i) start[i] = code_.select(first, start[i], code_.neutral(i));
    return code_.loop(slice_, code_.index(points(root_, reduced)), grid_.slices, start, [&](Value term, ValueRange carried) {
      code_.locate(root_, reduced, term, point);
      return code_.accumulate(point, carried);
    });
  }

  Value shared(Value value) {
    Value buffer = code_.workgroup_memory(grid_.lanes * grid_.slices, value.getType());
    code_.builder.create<memref::StoreOp>(code_.location, value, buffer, ValueRange{code_.invocation()});
    return buffer;
  }

  void combine(int64_t distance) {
    code_.builder.create<gpu::BarrierOp>(code_.location);
    code_.where(code_.below(slice_, distance), [&] {
      for (unsigned i = 0; i < buffers_.size(); ++i) {
        Value other = code_.add(code_.invocation(), code_.index(distance * grid_.lanes));
        Value sum = code_.combine(i, load(buffers_[i], code_.invocation()), load(buffers_[i], other));
        code_.builder.create<memref::StoreOp>(code_.location, sum, buffers_[i], ValueRange{code_.invocation()});
      }
    });
  }

  GridCode& code_;
  const TreeGrid& grid_;
  const LinalgOperation& root_;
  Value slice_, exists_;
  GridCode::Values buffers_;
};

}  // namespace

void emit_tree_grid(GridCode& code, const TreeGrid& grid) { TreeEmitter(code, grid).emit(); }

}  // namespace fovea
