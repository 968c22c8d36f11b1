// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/gpu/grid.h"

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Interfaces/CastInterfaces.h>

#include <algorithm>

#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

namespace {

// Fewer terms than this are summed by one invocation, and so is everything that has more results than keep a device busy.
constexpr int64_t least_tree_terms = 128;
constexpr int64_t most_tree_results = 1 << 14;
constexpr int64_t most_lanes = 16;
// A tile that is mostly empty wastes more than workgroup memory saves.
constexpr int64_t least_product_side = 8;

int64_t up(int64_t value, int64_t unit) { return (value + unit - 1) / unit; }

void check_indices(const KernelDescription& kernel) {
  const auto check = [&](Type type) {
    if (cast<RankedTensorType>(type).getNumElements() >= int64_t{1} << 31)
      fail(ErrorCode::resource_exhausted, "a tensor of 2^31 or more elements does not fit the 32-bit indices of a device");
  };
  for (Type type : func::FuncOp(kernel.function).getArgumentTypes()) check(type);
  for (const KernelResult& output : kernel.outputs) check(output.type);
  if (points(kernel.root, dims_of(kernel.root, false)) >= int64_t{1} << 31 ||
      points(kernel.root, dims_of(kernel.root, true)) >= int64_t{1} << 31)
    fail(ErrorCode::resource_exhausted, "a kernel with 2^31 or more results or terms does not fit a device's 32-bit indices");
}

// Factors that are only converted are zero where there is nothing to read.
bool keeps_zero(const KernelDescription& kernel, size_t input) {
  return llvm::all_of(kernel.conversion(input), [](Operation* op) { return isa<CastOpInterface>(op); });
}

std::optional<ProductGrid> product_grid(const KernelDescription& kernel, const GpuTarget& target) {
  if (!kernel.is_contraction() || !keeps_zero(kernel, 0) || !keeps_zero(kernel, 1)) return {};
  const LinalgOperation& root = kernel.root;
  ProductGrid grid;
  const auto reads = [&](size_t input, unsigned dim) { return root.inputs[input].map.isFunctionOfDim(dim); };
  // The columns are neighbors in memory, so they have the result's last dimension.
  unsigned last = 0;
  for (const unsigned dim : root.output_dims)
    if (root.extents[dim] > 1) last = dim;
  grid.row_input = reads(0, last) && !reads(1, last) ? 1 : 0;
  for (unsigned dim = 0; dim < root.extents.size(); ++dim) {
    const bool in_rows = reads(grid.row_input, dim), in_columns = reads(1 - grid.row_input, dim);
    if (root.reduced[dim])
      grid.depth.push_back(dim);
    else
      (in_rows == in_columns ? grid.batch : in_rows ? grid.rows : grid.columns).push_back(dim);
  }
  if (points(root, grid.rows) < least_product_side || points(root, grid.columns) < least_product_side) return {};
  grid.tile_rows = target.tile_rows;
  grid.tile_columns = target.tile_columns;
  grid.tile_depth = target.tile_depth;
  grid.invocation_rows = target.invocation_rows;
  grid.invocation_columns = target.invocation_columns;
  return grid;
}

std::optional<TreeGrid> tree_grid(const KernelDescription& kernel, const GpuTarget& target) {
  const LinalgOperation& root = kernel.root;
  const int64_t results = points(root, dims_of(root, false)), terms = points(root, dims_of(root, true));
  if (terms < least_tree_terms || results > most_tree_results) return {};
  int64_t bytes = 0;
  for (unsigned i = 0; i < root.initial.size(); ++i) {
    if (combiner(root, i) == nullptr) return {};
    bytes += target.workgroup_invocations * std::max(1U, root.initial[i].getType().getIntOrFloatBitWidth() / 8);
  }
  if (bytes > target.workgroup_bytes) return {};
  TreeGrid grid;
  while (grid.lanes < std::min(results, most_lanes)) grid.lanes *= 2;
  grid.slices = target.workgroup_invocations / grid.lanes;
  return grid;
}

}  // namespace

int64_t points(const LinalgOperation& operation, ArrayRef<unsigned> dims) {
  int64_t count = 1;
  for (const unsigned dim : dims) count *= operation.extents[dim];
  return count;
}

SmallVector<unsigned> dims_of(const LinalgOperation& operation, bool reduced) {
  SmallVector<unsigned> dims;
  for (unsigned dim = 0; dim < operation.extents.size(); ++dim)
    if (operation.reduced[dim] == reduced) dims.push_back(dim);
  return dims;
}

void check_device_types(func::FuncOp kernel) {
  const auto check = [](Type type) {
    const Type element = getElementTypeOrSelf(type);
    if (element.isF32() || element.isBF16() || element.isInteger(1) || element.isInteger(8) || element.isInteger(16) ||
        element.isInteger(32) || element.isInteger(64))
      return;
    std::string text;
    llvm::raw_string_ostream(text) << element;
    refuse("a device computes with f32, bf16 and integers, not with {}", text);
  };
  for (Type type : kernel.getArgumentTypes()) check(type);
  for (Type type : kernel.getResultTypes()) check(type);
}

Operation* combiner(const LinalgOperation& root, unsigned index) {
  linalg::GenericOp op = root.op;
  Block& body = *op.getBody();
  const BlockArgument accumulator = body.getArgument(op.getNumDpsInputs() + index);
  Operation* last = body.getTerminator()->getOperand(index).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::MulFOp, arith::MaximumFOp, arith::MinimumFOp, arith::AddIOp, arith::MulIOp,
                       arith::MaxSIOp, arith::MinSIOp>(last))
    return nullptr;
  const bool once = accumulator.hasOneUse() && *accumulator.getUsers().begin() == last;
  return once && arith::getNeutralElement(last) ? last : nullptr;
}

Grid choose_grid(const KernelDescription& kernel, const GpuTarget& target) {
  check_indices(kernel);
  Grid grid{.invocations = target.workgroup_invocations};
  const int64_t results = points(kernel.root, dims_of(kernel.root, false));
  if (const auto product = product_grid(kernel, target)) {
    const LinalgOperation& root = kernel.root;
    grid.workgroups = points(root, product->batch) * up(points(root, product->rows), product->tile_rows) *
                      up(points(root, product->columns), product->tile_columns);
    grid.invocations = product->tile_rows / product->invocation_rows * (product->tile_columns / product->invocation_columns);
    grid.kind = *product;
  } else if (const auto tree = kernel.has_reduction() ? tree_grid(kernel, target) : std::nullopt) {
    grid.workgroups = up(results, tree->lanes);
    grid.kind = *tree;
  } else {
    grid.workgroups = up(results, grid.invocations);
  }
  grid.down = up(grid.workgroups, target.workgroups);
  grid.across = up(grid.workgroups, grid.down);
  return grid;
}

}  // namespace fovea
