// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/tile_function.h"

#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

namespace {
constexpr int64_t scratch_alignment = 64;
}  // namespace

TilePosition::TilePosition(TileBuilder& t, ArrayRef<int64_t> extents)
    : start(extents.size(), t.constant(0)),
      at(extents.size(), t.constant(0)),
      size(extents.size(), 1),
      inside(extents.size(), true),
      single(extents.size(), false) {
  for (const int64_t extent : extents) stop.push_back(t.constant(extent));
}

size_t ScratchPlan::add(RankedTensorType type) {
  types_.push_back(type);
  offsets_.push_back(bytes_);
  const int64_t bytes = type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
  bytes_ += (bytes + scratch_alignment - 1) / scratch_alignment * scratch_alignment;
  return outputs_ + types_.size() - 1;
}

TileFunction::TileFunction(const KernelDescription& kernel, const Tiling& tiling, const ScratchPlan& scratch,
                           ArrayRef<std::optional<size_t>> packed)
    : kernel_(kernel),
      root_(kernel.root),
      tiling_(tiling),
      builder_(function_of(kernel).getContext()),
      t_(builder_, function_of(kernel).getLoc()) {
  func::FuncOp original = kernel_.function;
  SmallVector<Type> arguments(original.getArgumentTypes()), results;
  for (const Access& access : root_.inputs)
    if (access.adjacent_groups()) arguments[cast<BlockArgument>(access.tensor).getArgNumber()] = access.seen_type();
  for (const KernelResult& output : kernel_.outputs) {
    if (output.in_place < 0) arguments.push_back(output.type);
    results.push_back(output.type);
  }
  program_.operands = static_cast<int64_t>(arguments.size());
  program_.scratch_offsets.assign(scratch.offsets().begin(), scratch.offsets().end());
  program_.scratch_bytes = scratch.bytes();
  for (const unsigned dim : root_.output_dims) program_.tiles *= blocks_along(dim);
  arguments.append(scratch.types().begin(), scratch.types().end());
  results.append(scratch.types().begin(), scratch.types().end());
  arguments.append(2, builder_.getIndexType());
  builder_.setInsertionPointAfter(original);
  function_ = builder_.create<func::FuncOp>(original.getLoc(), ("tiles_" + original.getName()).str(),
                                            builder_.getFunctionType(arguments, results));
  function_.addEntryBlock();
  if (root_.product != DotProduct::none) mark_dot_products(packed);
  mark_written();
  builder_.setInsertionPointToStart(&function_.front());
}

// Marks the arguments that bufferization may write to, and those that are stored with non-temporal stores.
void TileFunction::mark_written() {
  int64_t next = function_of(kernel_).getNumArguments();
  auto writable = [&](int64_t argument) {
    function_.setArgAttr(static_cast<unsigned>(argument), "bufferization.writable", builder_.getBoolAttr(true));
  };
  for (auto [output, non_temporal] : llvm::zip_equal(kernel_.outputs, tiling_.non_temporal)) {
    const int64_t argument = output.in_place < 0 ? next++ : output.in_place;
    writable(argument);
    if (!non_temporal) continue;
    program_.non_temporal.push_back(argument);
    function_.setArgAttr(static_cast<unsigned>(argument), non_temporal_result, builder_.getUnitAttr());
  }
  for (int64_t i = 0; i < std::ssize(program_.scratch_offsets); ++i) writable(program_.operands + i);
}

void TileFunction::mark_dot_products(ArrayRef<std::optional<size_t>> packed) {
  function_->setAttr(dot_product_mark, builder_.getI32IntegerAttr(static_cast<int32_t>(root_.product)));
  if (root_.product != DotProduct::unsigned_first && root_.product != DotProduct::signed_first) return;
  const size_t input = root_.product == DotProduct::unsigned_first ? 0 : 1;
  auto argument = cast<BlockArgument>(root_.inputs[input].tensor).getArgNumber();
  if (packed[input]) argument = static_cast<unsigned>(program_.operands + *packed[input] - kernel_.outputs.size());
  function_.setArgAttr(argument, unsigned_bytes, builder_.getUnitAttr());
}

Value TileFunction::argument(Value original, const TileState& state) {
  const unsigned number = cast<BlockArgument>(original).getArgNumber();
  for (size_t i = 0; i < kernel_.outputs.size(); ++i)
    if (kernel_.outputs[i].in_place == static_cast<int>(number)) return state[i];
  return function_.getArgument(number);
}

Value TileFunction::constant(Value original) {
  Operation* definition = original.getDefiningOp();
  if (definition == nullptr || definition->getNumOperands() != 0)
    fail("kernel @{}: a scalar must be a constant", kernel_name());
  return builder_.clone(*definition)->getResult(0);
}

int64_t TileFunction::blocks_along(unsigned dim) const {
  return (root_.extents[dim] + tiling_.dims[dim].block - 1) / tiling_.dims[dim].block;
}

// Grid tiles are numbered in the order of the result's dimensions, the last one fastest.
TilePosition TileFunction::block_at(Index tile) {
  TilePosition block(t_, root_.extents);
  int64_t stride = program_.tiles;
  for (const unsigned dim : root_.output_dims) {
    const int64_t extent = root_.extents[dim], size = tiling_.dims[dim].block, count = blocks_along(dim);
    stride /= count;
    if (count == 1) continue;
    block.start[dim] = t_.multiply(t_.remainder(t_.divide(tile, stride), count), size);
    block.stop[dim] = t_.add(block.start[dim], t_.constant(size));
    if (extent % size != 0) block.stop[dim] = t_.least(block.stop[dim], t_.constant(extent));
  }
  return block;
}

void TileFunction::write_grid(Block block) {
  const unsigned arguments = function_.getNumArguments();
  SmallVector<Value> state;
  int64_t next = function_of(kernel_).getNumArguments();
  for (const KernelResult& output : kernel_.outputs)
    state.push_back(function_.getArgument(static_cast<unsigned>(output.in_place < 0 ? next++ : output.in_place)));
  for (int64_t i = 0; i < std::ssize(program_.scratch_offsets); ++i)
    state.push_back(function_.getArgument(static_cast<unsigned>(program_.operands + i)));
  t_.loop(function_.getArgument(arguments - 2), function_.getArgument(arguments - 1), 1, state,
          [&](Index tile, TileState& inside) { block(block_at(tile), inside); });
  builder_.create<func::ReturnOp>(function_.getLoc(), state);
  set_tile_program(function_, program_);
}

Type accumulator_type(const LinalgOperation& root, Value result) {
  if (root.product != DotProduct::none) return Float32Type::get(result.getContext());
  return cast<RankedTensorType>(result.getType()).getElementType();
}

}  // namespace fovea
