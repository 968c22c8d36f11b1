// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/tile_program.h"

#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>

#include <functional>
#include <numeric>

#include "fovea/codegen/emit/tile_writer.h"
#include "fovea/codegen/kernel/dot_product_packing.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

namespace {
constexpr int64_t scratch_alignment = 64;
}  // namespace

SmallVector<LinearForm> forms_of(const Access& access, unsigned dims) {
  SmallVector<LinearForm> forms;
  for (AffineExpr result : access.map.getResults()) forms.push_back(linear_form(result, dims));
  return forms;
}

// Its place in the state.
int TileWriter::add_scratch(RankedTensorType type) {
  scratch_types_.push_back(type);
  program_.scratch_offsets.push_back(program_.scratch_bytes);
  const int64_t bytes = type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
  program_.scratch_bytes += (bytes + scratch_alignment - 1) / scratch_alignment * scratch_alignment;
  return static_cast<int>(kernel_.outputs.size() + scratch_types_.size() - 1);
}

void TileWriter::plan_scratch() {
  if (kernel_.winograd != 0) return plan_winograd();
  for (size_t i = 0; i < root_.inputs.size(); ++i) {
    const Access& access = root_.inputs[i];
    packed_.push_back(PackedOperand(tiling_.packing[i], access, forms_of(access, rank_), root_, tiling_));
    const bool in_scratch = tiling_.packing[i] == Packing::input_tile || tiling_.packing[i] == Packing::panel;
    packed_state_.push_back(in_scratch ? add_scratch(packed_[i].scratch_type(access.packed_element())) : -1);
  }
  if (!tiling_.reduction_blocks) return;
  SmallVector<int64_t> shape;
  for (unsigned dim : root_.output_dims) shape.push_back(tiling_.dims[dim].block);
  for (Value result : root_.op->getResults())
    accumulator_state_.push_back(add_scratch(RankedTensorType::get(shape, accumulator_type(result))));
}

void TileWriter::create_function() {
  func::FuncOp original = kernel_.function;
  SmallVector<Type> arguments(original.getArgumentTypes()), results;
  for (const Access& access : root_.inputs)
    if (access.adjacent_groups()) arguments[cast<BlockArgument>(access.tensor).getArgNumber()] = access.seen_type();
  for (const KernelResult& output : kernel_.outputs) {
    if (output.in_place < 0) arguments.push_back(output.type);
    results.push_back(output.type);
  }
  program_.operands = static_cast<int64_t>(arguments.size());
  arguments.append(scratch_types_.begin(), scratch_types_.end());
  results.append(scratch_types_.begin(), scratch_types_.end());
  arguments.append(2, builder_.getIndexType());
  builder_.setInsertionPointAfter(original);
  auto function = builder_.create<func::FuncOp>(original.getLoc(), ("tiles_" + original.getName()).str(),
                                                builder_.getFunctionType(arguments, results));
  function.addEntryBlock();
  if (root_.product != DotProduct::none) mark_dot_products(function);
  int64_t next = original.getNumArguments();
  auto writable = [&](int64_t argument) {
    function.setArgAttr(static_cast<unsigned>(argument), "bufferization.writable", builder_.getBoolAttr(true));
  };
  for (auto [output, non_temporal] : llvm::zip(kernel_.outputs, tiling_.non_temporal)) {
    const int64_t argument = output.in_place < 0 ? next++ : output.in_place;
    writable(argument);
    if (!non_temporal) continue;
    program_.non_temporal.push_back(argument);
    function.setArgAttr(static_cast<unsigned>(argument), non_temporal_result, builder_.getUnitAttr());
  }
  for (size_t i = 0; i < scratch_types_.size(); ++i) writable(program_.operands + static_cast<int64_t>(i));
  program_.function = function;
  builder_.setInsertionPointToStart(&function.front());
}

// Sums of groups are typed f32 like the groups themselves.
Type TileWriter::accumulator_type(Value result) const {
  if (root_.product != DotProduct::none) return Float32Type::get(result.getContext());
  return cast<RankedTensorType>(result.getType()).getElementType();
}

void TileWriter::mark_dot_products(func::FuncOp function) {
  function->setAttr(dot_product_mark, builder_.getI32IntegerAttr(static_cast<int32_t>(root_.product)));
  if (root_.product != DotProduct::unsigned_first && root_.product != DotProduct::signed_first) return;
  const size_t input = root_.product == DotProduct::unsigned_first ? 0 : 1;
  auto argument = cast<BlockArgument>(root_.inputs[input].tensor).getArgNumber();
  if (packed_state_[input] >= 0)
    argument = static_cast<unsigned>(program_.operands + packed_state_[input]) - static_cast<unsigned>(kernel_.outputs.size());
  function.setArgAttr(argument, unsigned_bytes, builder_.getUnitAttr());
}

// An argument as the program sees it at this point: one that is written in place is read from what the loops carry.
Value TileWriter::argument_now(Value original, const State& state) const {
  const unsigned number = cast<BlockArgument>(original).getArgNumber();
  for (size_t i = 0; i < kernel_.outputs.size(); ++i)
    if (kernel_.outputs[i].in_place == static_cast<int>(number)) return state[i];
  return func::FuncOp(program_.function).getArgument(number);
}

// Does the linalg operation behind `value` yield an input unchanged?

// A scalar of the kernel function (a constant), made anew in the tile program.
Value TileWriter::here(Value original) {
  Operation* definition = original.getDefiningOp();
  if (definition == nullptr || definition->getNumOperands() != 0) fail("kernel @{}: a scalar must be a constant", name());
  return builder_.clone(*definition)->getResult(0);
}

TileProgram TileWriter::write() {
  plan_scratch();
  create_function();
  start_.assign(rank_, t_.constant(0));
  cursor_ = start_;
  size_.assign(rank_, 1);
  inside_.assign(rank_, true);
  single_.assign(rank_, false);
  for (const int64_t extent : root_.extents) stop_.push_back(t_.constant(extent));
  for (unsigned dim : root_.output_dims)
    if (!tiling_.tiled(dim)) parallel_order_.push_back(dim);
  for (unsigned dim : tiling_.tile_order)
    if (!root_.reduced[dim]) parallel_order_.push_back(dim);
  // A tile of channels walks several lines of the image, which the first cache holds, before the next tile begins.
  if (tiling_.line_dim >= 0 && !tiling_.lane_reduction) {
    parallel_order_.pop_back();
    parallel_order_.insert(llvm::find(parallel_order_, static_cast<unsigned>(tiling_.line_dim)),
                           static_cast<unsigned>(tiling_.vector_dim));
  }
  if (tiling_.columns_outermost) {
    parallel_order_.pop_back();
    parallel_order_.insert(parallel_order_.begin(), static_cast<unsigned>(tiling_.vector_dim));
  }
  for (unsigned dim = 0; dim < rank_; ++dim)
    if (root_.reduced[dim]) reduction_order_.push_back(dim);
  for (unsigned dim : root_.output_dims)
    program_.tiles *= (root_.extents[dim] + tiling_.dims[dim].block - 1) / tiling_.dims[dim].block;

  func::FuncOp function = program_.function;
  const unsigned arguments = function.getNumArguments();
  SmallVector<Value> state;
  int64_t next = function_of(kernel_).getNumArguments();
  for (const KernelResult& output : kernel_.outputs)
    state.push_back(function.getArgument(static_cast<unsigned>(output.in_place < 0 ? next++ : output.in_place)));
  for (size_t i = 0; i < scratch_types_.size(); ++i)
    state.push_back(function.getArgument(static_cast<unsigned>(program_.operands + static_cast<int64_t>(i))));
  t_.loop(function.getArgument(arguments - 2), function.getArgument(arguments - 1), 1, state,
          [&](Index tile, State& inside) { grid_tile(tile, inside); });
  builder_.create<func::ReturnOp>(function.getLoc(), state);
  return program_;
}

void TileWriter::grid_tile(Index tile, State& state) {
  int64_t stride = program_.tiles;
  for (unsigned dim : root_.output_dims) {
    const int64_t extent = root_.extents[dim], block = tiling_.dims[dim].block;
    const int64_t count = (extent + block - 1) / block;
    stride /= count;
    if (count == 1) continue;
    start_[dim] = t_.multiply(t_.remainder(t_.divide(tile, stride), count), block);
    stop_[dim] = t_.add(start_[dim], t_.constant(block));
    if (extent % block != 0) stop_[dim] = t_.least(stop_[dim], t_.constant(extent));
  }
  if (kernel_.winograd != 0) return winograd_tile(state);
  if (tiling_.reduction_blocks) return with_reduction_blocks(state);
  pack_operands(state);
  parallel_loops(0, state, [&](State& inside) {
    SmallVector<Value> accumulators;
    if (kernel_.has_reduction()) {
      if (tiling_.line_dim >= 0) prefetch_next_line(inside);
      if (tiling_.lane_reduction) size_[static_cast<size_t>(tiling_.vector_dim)] = tiling_.dims[tiling_.vector_dim].tile;
      const SmallVector<int64_t> shape = tile_shape(tile_dims(tiling_.lane_reduction));
      for (Value initial : root_.initial) accumulators.push_back(t_.filled(here(initial), shape));
      accumulators = accumulate(accumulators, inside);
      if (tiling_.lane_reduction) accumulators = combine_lanes(accumulators);
    }
    finish(accumulators, inside);
  });
}

void TileWriter::pack_operands(State& state) {
  for (size_t i = 0; i < packed_.size(); ++i) {
    if (packed_state_[i] < 0) continue;
    Value& scratch = state[static_cast<size_t>(packed_state_[i])];
    scratch = packed_[i].pack(t_, argument_now(root_.inputs[i].tensor, state), scratch, start_, stop_);
  }
}

void TileWriter::with_reduction_blocks(State& state) {
  auto accumulator = [&](State& inside, size_t result) -> Value& {
    return inside[static_cast<size_t>(accumulator_state_[result])];
  };
  parallel_loops(0, state, [&](State& inside) {
    for (size_t result = 0; result < root_.initial.size(); ++result) {
      Value& buffer = accumulator(inside, result);
      const TileBuilder::Slice slice = accumulator_slice();
      Value filled =
          builder_.create<linalg::FillOp>(t_.location, here(root_.initial[result]), t_.read(buffer, slice)).getResult(0);
      buffer = t_.write(filled, buffer, slice);
    }
  });
  std::function<void(size_t, State&)> blocks = [&](size_t level, State& inside) {
    if (level == reduction_order_.size()) {
      pack_operands(inside);
      parallel_loops(0, inside, [&](State& innermost) {
        SmallVector<Value> accumulators;
        const TileBuilder::Slice slice = accumulator_slice();
        for (size_t result = 0; result < root_.initial.size(); ++result)
          accumulators.push_back(t_.read(accumulator(innermost, result), slice));
        accumulators = accumulate(accumulators, innermost);
        for (size_t result = 0; result < root_.initial.size(); ++result)
          accumulator(innermost, result) = t_.write(accumulators[result], accumulator(innermost, result), slice);
      });
      return;
    }
    reduction_block(reduction_order_[level], inside, [&](State& deeper) { blocks(level + 1, deeper); });
  };
  blocks(0, state);
  inside_.assign(rank_, true);
  parallel_loops(0, state, [&](State& inside) {
    SmallVector<Value> tiles;
    for (size_t result = 0; result < root_.initial.size(); ++result)
      tiles.push_back(t_.read(accumulator(inside, result), accumulator_slice()));
    finish(tiles, inside);
  });
}

// A reduced dimension, block by block. Where the taps of a window are a tile of their own, single steps come before and after
// the run that sees all of them.
void TileWriter::reduction_block(unsigned dim, State& state, llvm::function_ref<void(State&)> body) {
  const int64_t extent = root_.extents[dim], block = tiling_.dims[dim].block;
  auto blocks = [&](int64_t begin, int64_t end, int64_t step, bool inside) {
    t_.loop(t_.constant(begin), t_.constant(end), step, state, [&](Index at, State& deeper) {
      start_[dim] = at;
      stop_[dim] = t_.add(at, t_.constant(step));
      if ((end - begin) % step != 0) stop_[dim] = t_.least(stop_[dim], t_.constant(end));
      single_[dim] = step == 1 && !tiling_.tiled(dim);
      if (single_[dim]) cursor_[dim] = at;
      inside_[dim] = inside;
      body(deeper);
    });
  };
  const PaddingHalo* edge = edge_along(dim);
  if (edge == nullptr || !tiling_.tiled(edge->tap)) return blocks(0, extent, block, edge == nullptr);
  blocks(0, edge->inside_begin, 1, false);
  if (edge->inside_begin < edge->inside_end)
    blocks(edge->inside_begin, edge->inside_end, edge->inside_end - edge->inside_begin, true);
  blocks(edge->inside_end, extent, 1, false);
}

const PaddingHalo* TileWriter::edge_along(unsigned position) const {
  const auto* found = llvm::find_if(tiling_.halos, [&](const PaddingHalo& edge) { return edge.position == position; });
  return found == tiling_.halos.end() ? nullptr : found;
}

bool TileWriter::all_taps_inside(unsigned tap) const {
  return llvm::none_of(tiling_.halos, [&](const PaddingHalo& edge) { return edge.tap == tap && !inside_[edge.position]; });
}

std::pair<Index, Index> TileWriter::taps_inside(const PaddingHalo& edge, Index position) {
  const Index base = t_.add(t_.multiply(position, edge.step), t_.constant(edge.shift));
  const Index none = t_.constant(0), all = t_.constant(edge.taps);
  Index begin, end;
  if (edge.tap_step > 0) {
    begin = t_.subtract(none, base);
    end = t_.subtract(t_.constant(edge.extent), base);
  } else {
    begin = t_.subtract(base, t_.constant(edge.extent - 1));
    end = t_.add(base, t_.constant(1));
  }
  begin = t_.least(t_.greatest(begin, none), all);
  return {begin, t_.greatest(begin, t_.least(end, all))};
}

// One dimension of a block as runs of equal static tiles.
SmallVector<TileWriter::Part> TileWriter::parts_of(unsigned dim) {
  for (const PaddingHalo& edge : tiling_.halos) {
    if (edge.tap != dim || inside_[edge.position]) continue;
    const auto [begin, end] = taps_inside(edge, cursor_[edge.position]);
    return {{1, begin, end, true}};
  }
  const int64_t extent = root_.extents[dim];
  const bool cut = tiling_.dims[dim].block < extent || tiling_.reduction_blocks;
  const bool vector = static_cast<int>(dim) == tiling_.vector_dim;
  SmallVector<Part> parts;
  auto add = [&](int64_t tile, int64_t first, int64_t last, bool inside) {
    if (first >= last) return;
    Index begin = t_.constant(first), end = t_.constant(last);
    if (cut) {
      begin = first == 0 ? start_[dim] : t_.greatest(start_[dim], begin);
      end = last == extent ? stop_[dim] : t_.least(stop_[dim], end);
    }
    parts.push_back({tile, begin, end, inside});
  };
  const PaddingHalo* edge = root_.reduced[dim] ? nullptr : edge_along(dim);
  if (!tiling_.tiled(dim)) {
    add(1, 0, extent, edge == nullptr);
    return parts;
  }
  const int64_t begin = edge ? edge->inside_begin : 0, end = edge ? edge->inside_end : extent;
  add(1, 0, begin, false);
  for (const Segment& segment : segments(end - begin, tiling_.dims[dim].tile, vector))
    add(segment.tile, begin + segment.begin, begin + segment.end, true);
  add(1, end, extent, false);
  return parts;
}

// One dimension of a block, tile by tile: every size static, so what is left over is written out again with its own size.
void TileWriter::over(unsigned dim, State& carried, llvm::function_ref<void(State&)> inside) {
  size_[dim] = 1;
  if (single_[dim]) return inside(carried);
  for (const Part& part : parts_of(dim)) {
    t_.loop(part.begin, part.end, part.tile, carried, [&](Index at, State& deeper) {
      cursor_[dim] = at;
      size_[dim] = part.tile;
      if (!root_.reduced[dim]) inside_[dim] = part.inside;
      inside(deeper);
    });
  }
}

void TileWriter::parallel_loops(size_t level, State& state, Inside inside) {
  if (level == parallel_order_.size()) return inside(state);
  over(parallel_order_[level], state, [&](State& deeper) { parallel_loops(level + 1, deeper, inside); });
}

SmallVector<Value> TileWriter::accumulate(SmallVector<Value> accumulators, const State& state) {
  reduction_loops(0, accumulators, state);
  return accumulators;
}

void TileWriter::reduction_loops(size_t level, State& accumulators, const State& state) {
  if (level == reduction_order_.size()) {
    const SmallVector<unsigned> order = tile_dims(true);
    SmallVector<Operand> inputs;
    for (size_t i = 0; i < root_.inputs.size(); ++i) inputs.push_back(factor(i, root_operand(i, order, state)));
    SmallVector<unsigned> all(rank_);
    std::iota(all.begin(), all.end(), 0);
    const unsigned lane = static_cast<unsigned>(tiling_.vector_dim);
    const bool short_lanes = tiling_.lane_reduction && size_[lane] != tiling_.dims[lane].tile;
    SmallVector<Value> outs(accumulators.begin(), accumulators.end());
    // The last lanes of a row that is no whole number of tiles go to the first lanes of the partial results.
    TileBuilder::Slice part;
    if (short_lanes) {
      for (const int64_t size : tile_shape(order)) {
        part.offsets.push_back(t_.constant(0));
        part.sizes.push_back(size);
        part.strides.push_back(1);
        part.kept.push_back(true);
      }
      for (Value& out : outs) out = t_.read(out, part);
    }
    if (tiling_.prefetched_input >= 0) prefetch_next_rows(state);
    if (tiling_.prefetched_panel) prefetch_next_panel(state);
    SmallVector<Value> results = apply(root_.op, inputs, outs, order, all, {});
    for (size_t i = 0; i < results.size(); ++i)
      accumulators[i] = short_lanes ? t_.write(results[i], accumulators[i], part) : results[i];
    return;
  }
  const unsigned dim = reduction_order_[level];
  if (tiling_.dims[dim].written_out && all_taps_inside(dim)) {
    for (int64_t at = 0; at < root_.extents[dim]; ++at) {
      cursor_[dim] = t_.constant(at);
      reduction_loops(level + 1, accumulators, state);
    }
    return;
  }
  over(dim, accumulators, [&](State& deeper) { reduction_loops(level + 1, deeper, state); });
}

TileProgram write_tile_program(const KernelDescription& kernel, const Tiling& tiling) {
  TileProgram program = TileWriter(kernel, tiling).write();
  Builder builder(program.function.getContext());
  const auto number = [&](llvm::StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  const auto list = [&](llvm::StringRef name, ArrayRef<int64_t> values) {
    return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
  };
  program.function->setAttr(
      tile_program_attribute,
      builder.getDictionaryAttr(
          {number("operands", program.operands), number("tiles", program.tiles), number("scratch_bytes", program.scratch_bytes),
           list("scratch_offsets", program.scratch_offsets), list("non_temporal", program.non_temporal)}));
  return program;
}

TileProgram read_tile_program(func::FuncOp function) {
  const auto fields = function->getAttrOfType<DictionaryAttr>(tile_program_attribute);
  if (!fields) fail("@{} is no tile program: it has no {}", function.getName().str(), tile_program_attribute);
  const auto number = [&](llvm::StringRef name) {
    const auto value = fields.getAs<IntegerAttr>(name);
    if (!value) fail("{} of @{} has no number {}", tile_program_attribute, function.getName().str(), name.str());
    return value.getInt();
  };
  const auto list = [&](llvm::StringRef name) {
    const auto values = fields.getAs<DenseI64ArrayAttr>(name);
    if (!values) fail("{} of @{} has no list {}", tile_program_attribute, function.getName().str(), name.str());
    return SmallVector<int64_t>(values.asArrayRef());
  };
  return {.function = function,
          .operands = number("operands"),
          .non_temporal = list("non_temporal"),
          .scratch_offsets = list("scratch_offsets"),
          .scratch_bytes = number("scratch_bytes"),
          .tiles = number("tiles")};
}

}  // namespace fovea
