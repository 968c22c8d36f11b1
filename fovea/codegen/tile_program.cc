#include "fovea/codegen/tile_program.h"

#include <mlir/Analysis/SliceAnalysis.h>
#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>
#include <mlir/Dialect/Tensor/IR/Tensor.h>
#include <mlir/IR/IRMapping.h>

#include <functional>
#include <numeric>

#include "fovea/codegen/pairs.h"
#include "fovea/codegen/tile_builder.h"
#include "fovea/codegen/tile_packing.h"
#include "fovea/core/error.h"

namespace fovea {
namespace {

using namespace mlir;

constexpr int64_t scratch_alignment = 64;

// Handles are cheap and const ones answer nothing.
func::FuncOp function_of(const KernelFormula& kernel) { return kernel.function; }

// Writes one kernel. State that the loops carry: the written tensors, then the scratch buffers.
class Writer {
 public:
  Writer(const KernelFormula& kernel, const Tiling& tiling)
      : kernel_(kernel),
        anchor_(kernel.anchor),
        tiling_(tiling),
        rank_(static_cast<unsigned>(kernel.anchor.extents.size())),
        builder_(function_of(kernel).getContext()),
        t_(builder_, function_of(kernel).getLoc()) {}

  TileProgram write();
  std::string name() const { return function_of(kernel_).getName().str(); }

 private:
  using State = SmallVectorImpl<Value>;
  using Inside = llvm::function_ref<void(State&)>;

  void plan_scratch();
  void create_function();
  Value argument_now(Value original, const State& state) const;
  Value here(Value original);

  void grid_tile(Index tile, State& state);
  void pack_operands(State& state);
  void with_reduction_blocks(State& state);
  void parallel_loops(size_t level, State& state, Inside inside);
  struct Part {
    int64_t tile;
    Index begin, end;
    bool inside;  // no tap falls into the padding
  };
  SmallVector<Part> parts_of(unsigned dim);
  const Edge* edge_along(unsigned position) const;
  bool all_taps_inside(unsigned tap) const;
  void over(unsigned dim, State& carried, llvm::function_ref<void(State&)> inside);
  void reduction_block(unsigned dim, State& state, llvm::function_ref<void(State&)> body);
  SmallVector<Value> accumulate(SmallVector<Value> accumulators, const State& state);
  void reduction_loops(size_t level, State& accumulators, const State& state);
  void prefetch_next_rows(const State& state);
  void prefetch_next_line(const State& state);
  SmallVector<Value> combine_lanes(ArrayRef<Value> accumulators);
  void finish(ArrayRef<Value> anchor_tiles, State& state);

  SmallVector<unsigned> tile_dims(bool with_reduced) const;
  SmallVector<int64_t> tile_shape(ArrayRef<unsigned> dims) const;
  struct Operand {
    Value tile;    // or
    Value scalar;  // one number for the whole tile
    AffineMap map;
  };
  Operand operand_tile(const Access& access, ArrayRef<LinearForm> forms, ArrayRef<unsigned> order, const State& state);
  Operand factor(Operand operand);
  Operand anchor_operand(size_t input, ArrayRef<unsigned> order, const State& state);
  SmallVector<Value> apply(linalg::GenericOp op, ArrayRef<Operand> inputs, ValueRange outs, ArrayRef<unsigned> order,
                           ArrayRef<unsigned> domain_dims, ArrayRef<Value> starts);
  TileBuilder::Slice output_slice(const Output& output);
  TileBuilder::Slice accumulator_slice();

  const KernelFormula& kernel_;
  const Formula& anchor_;
  const Tiling& tiling_;
  unsigned rank_;
  OpBuilder builder_;
  TileBuilder t_;

  TileProgram program_;
  std::vector<PackedOperand> packed_;   // per anchor input
  SmallVector<int> packed_state_;       // its scratch in the state, or -1
  SmallVector<int> accumulator_state_;  // per anchor result, with reduction blocks
  SmallVector<RankedTensorType> scratch_types_;
  SmallVector<Index> start_, stop_, cursor_;
  SmallVector<int64_t> size_;
  SmallVector<bool> inside_;  // per dimension that windows move along: at this index (or tile) every tap is inside
  SmallVector<bool> single_;  // the reduction's block is one step, and the cursor stands at it
  SmallVector<unsigned> parallel_order_, reduction_order_;
};

SmallVector<LinearForm> forms_of(const Access& access, unsigned dims) {
  SmallVector<LinearForm> forms;
  for (AffineExpr result : access.map.getResults()) forms.push_back(linear_form(result, dims));
  return forms;
}

void Writer::plan_scratch() {
  auto add = [&](RankedTensorType type) {
    scratch_types_.push_back(type);
    program_.scratch_offsets.push_back(program_.scratch_bytes);
    const int64_t bytes = type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
    program_.scratch_bytes += (bytes + scratch_alignment - 1) / scratch_alignment * scratch_alignment;
    return static_cast<int>(kernel_.outputs.size() + scratch_types_.size() - 1);
  };
  for (size_t i = 0; i < anchor_.inputs.size(); ++i) {
    const Access& access = anchor_.inputs[i];
    packed_.push_back(PackedOperand(tiling_.packing[i], access, forms_of(access, rank_), anchor_, tiling_));
    packed_state_.push_back(tiling_.packing[i] == Packing::none ? -1 : add(packed_[i].scratch_type(access.packed_element())));
  }
  if (!tiling_.reduction_blocks) return;
  SmallVector<int64_t> shape;
  for (unsigned dim : anchor_.output_dims) shape.push_back(tiling_.dims[dim].block);
  for (Value result : anchor_.op->getResults())
    accumulator_state_.push_back(add(RankedTensorType::get(shape, cast<RankedTensorType>(result.getType()).getElementType())));
}

void Writer::create_function() {
  func::FuncOp original = kernel_.function;
  SmallVector<Type> arguments(original.getArgumentTypes()), results;
  for (const Access& access : anchor_.inputs)
    if (access.adjacent_pairs()) arguments[cast<BlockArgument>(access.tensor).getArgNumber()] = access.seen_type();
  for (const Output& output : kernel_.outputs) {
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
  if (anchor_.paired) function->setAttr(pair_product, builder_.getUnitAttr());
  int64_t next = original.getNumArguments();
  auto writable = [&](int64_t argument) {
    function.setArgAttr(static_cast<unsigned>(argument), "bufferization.writable", builder_.getBoolAttr(true));
  };
  for (const Output& output : kernel_.outputs) writable(output.in_place < 0 ? next++ : output.in_place);
  for (size_t i = 0; i < scratch_types_.size(); ++i) writable(program_.operands + static_cast<int64_t>(i));
  program_.function = function;
  builder_.setInsertionPointToStart(&function.front());
}

// An argument as the program sees it at this point: one that is written in place is read from what the loops carry.
Value Writer::argument_now(Value original, const State& state) const {
  const unsigned number = cast<BlockArgument>(original).getArgNumber();
  for (size_t i = 0; i < kernel_.outputs.size(); ++i)
    if (kernel_.outputs[i].in_place == static_cast<int>(number)) return state[i];
  return func::FuncOp(program_.function).getArgument(number);
}

// Does the formula behind `value` yield an input unchanged?
bool passes_through(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  return op && isa<BlockArgument>(op.getBody()->getTerminator()->getOperand(cast<OpResult>(value).getResultNumber()));
}

// Is the slice known to be the whole tensor?
bool covers(const TileBuilder::Slice& slice, RankedTensorType type) {
  return ArrayRef<int64_t>(slice.sizes) == type.getShape() &&
         llvm::all_of(slice.offsets, [](Index offset) { return TileBuilder::known(offset) == 0; });
}

// A scalar of the kernel function (a constant), made anew in the tile program.
Value Writer::here(Value original) {
  Operation* definition = original.getDefiningOp();
  if (definition == nullptr || definition->getNumOperands() != 0) fail("kernel @{}: a scalar must be a constant", name());
  return builder_.clone(*definition)->getResult(0);
}

TileProgram Writer::write() {
  plan_scratch();
  create_function();
  start_.assign(rank_, t_.constant(0));
  cursor_ = start_;
  size_.assign(rank_, 1);
  inside_.assign(rank_, true);
  single_.assign(rank_, false);
  for (const int64_t extent : anchor_.extents) stop_.push_back(t_.constant(extent));
  for (unsigned dim : anchor_.output_dims)
    if (!tiling_.tiled(dim)) parallel_order_.push_back(dim);
  for (unsigned dim : tiling_.tile_order)
    if (!anchor_.reduced[dim]) parallel_order_.push_back(dim);
  // A tile of channels walks several lines of the image, which the first cache holds, before the next tile begins.
  if (tiling_.line_dim >= 0) {
    parallel_order_.pop_back();
    parallel_order_.insert(llvm::find(parallel_order_, static_cast<unsigned>(tiling_.line_dim)),
                           static_cast<unsigned>(tiling_.vector_dim));
  }
  for (unsigned dim = 0; dim < rank_; ++dim)
    if (anchor_.reduced[dim]) reduction_order_.push_back(dim);
  for (unsigned dim : anchor_.output_dims)
    program_.tiles *= (anchor_.extents[dim] + tiling_.dims[dim].block - 1) / tiling_.dims[dim].block;

  func::FuncOp function = program_.function;
  const unsigned arguments = function.getNumArguments();
  SmallVector<Value> state;
  int64_t next = function_of(kernel_).getNumArguments();
  for (const Output& output : kernel_.outputs)
    state.push_back(function.getArgument(static_cast<unsigned>(output.in_place < 0 ? next++ : output.in_place)));
  for (size_t i = 0; i < scratch_types_.size(); ++i)
    state.push_back(function.getArgument(static_cast<unsigned>(program_.operands + static_cast<int64_t>(i))));
  t_.loop(function.getArgument(arguments - 2), function.getArgument(arguments - 1), 1, state,
          [&](Index tile, State& inside) { grid_tile(tile, inside); });
  builder_.create<func::ReturnOp>(function.getLoc(), state);
  return program_;
}

void Writer::grid_tile(Index tile, State& state) {
  int64_t stride = program_.tiles;
  for (unsigned dim : anchor_.output_dims) {
    const int64_t extent = anchor_.extents[dim], block = tiling_.dims[dim].block;
    const int64_t count = (extent + block - 1) / block;
    stride /= count;
    if (count == 1) continue;
    start_[dim] = t_.multiply(t_.remainder(t_.divide(tile, stride), count), block);
    stop_[dim] = t_.add(start_[dim], t_.constant(block));
    if (extent % block != 0) stop_[dim] = t_.least(stop_[dim], t_.constant(extent));
  }
  if (tiling_.reduction_blocks) return with_reduction_blocks(state);
  pack_operands(state);
  parallel_loops(0, state, [&](State& inside) {
    SmallVector<Value> accumulators;
    if (kernel_.has_reduction()) {
      if (tiling_.line_dim >= 0) prefetch_next_line(inside);
      if (tiling_.lane_reduction) size_[static_cast<size_t>(tiling_.vector_dim)] = tiling_.dims[tiling_.vector_dim].tile;
      const SmallVector<int64_t> shape = tile_shape(tile_dims(tiling_.lane_reduction));
      for (Value initial : anchor_.initial) accumulators.push_back(t_.filled(here(initial), shape));
      accumulators = accumulate(accumulators, inside);
      if (tiling_.lane_reduction) accumulators = combine_lanes(accumulators);
    }
    finish(accumulators, inside);
  });
}

void Writer::pack_operands(State& state) {
  for (size_t i = 0; i < packed_.size(); ++i) {
    if (packed_state_[i] < 0) continue;
    Value& scratch = state[static_cast<size_t>(packed_state_[i])];
    scratch = packed_[i].pack(t_, argument_now(anchor_.inputs[i].tensor, state), scratch, start_, stop_);
  }
}

void Writer::with_reduction_blocks(State& state) {
  auto accumulator = [&](State& inside, size_t result) -> Value& {
    return inside[static_cast<size_t>(accumulator_state_[result])];
  };
  parallel_loops(0, state, [&](State& inside) {
    for (size_t result = 0; result < anchor_.initial.size(); ++result) {
      Value& buffer = accumulator(inside, result);
      const TileBuilder::Slice slice = accumulator_slice();
      Value filled =
          builder_.create<linalg::FillOp>(t_.location, here(anchor_.initial[result]), t_.read(buffer, slice)).getResult(0);
      buffer = t_.write(filled, buffer, slice);
    }
  });
  std::function<void(size_t, State&)> blocks = [&](size_t level, State& inside) {
    if (level == reduction_order_.size()) {
      pack_operands(inside);
      parallel_loops(0, inside, [&](State& innermost) {
        SmallVector<Value> accumulators;
        const TileBuilder::Slice slice = accumulator_slice();
        for (size_t result = 0; result < anchor_.initial.size(); ++result)
          accumulators.push_back(t_.read(accumulator(innermost, result), slice));
        accumulators = accumulate(accumulators, innermost);
        for (size_t result = 0; result < anchor_.initial.size(); ++result)
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
    for (size_t result = 0; result < anchor_.initial.size(); ++result)
      tiles.push_back(t_.read(accumulator(inside, result), accumulator_slice()));
    finish(tiles, inside);
  });
}

// A reduced dimension, block by block. Where the taps of a window are a tile of their own, single steps come before and after
// the run that sees all of them.
void Writer::reduction_block(unsigned dim, State& state, llvm::function_ref<void(State&)> body) {
  const int64_t extent = anchor_.extents[dim], block = tiling_.dims[dim].block;
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
  const Edge* edge = edge_along(dim);
  if (edge == nullptr || !tiling_.tiled(edge->tap)) return blocks(0, extent, block, edge == nullptr);
  blocks(0, edge->inside_begin, 1, false);
  if (edge->inside_begin < edge->inside_end)
    blocks(edge->inside_begin, edge->inside_end, edge->inside_end - edge->inside_begin, true);
  blocks(edge->inside_end, extent, 1, false);
}

const Edge* Writer::edge_along(unsigned position) const {
  const auto* found = llvm::find_if(tiling_.edges, [&](const Edge& edge) { return edge.position == position; });
  return found == tiling_.edges.end() ? nullptr : found;
}

bool Writer::all_taps_inside(unsigned tap) const {
  return llvm::none_of(tiling_.edges, [&](const Edge& edge) { return edge.tap == tap && !inside_[edge.position]; });
}

// One dimension of a block as runs of equal static tiles.
SmallVector<Writer::Part> Writer::parts_of(unsigned dim) {
  for (const Edge& edge : tiling_.edges) {
    if (edge.tap != dim || inside_[edge.position]) continue;
    const auto [begin, end] = edge.taps_at(t_, cursor_[edge.position]);
    return {{1, begin, end, true}};
  }
  const int64_t extent = anchor_.extents[dim];
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
  const Edge* edge = anchor_.reduced[dim] ? nullptr : edge_along(dim);
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
void Writer::over(unsigned dim, State& carried, llvm::function_ref<void(State&)> inside) {
  size_[dim] = 1;
  if (single_[dim]) return inside(carried);
  for (const Part& part : parts_of(dim)) {
    t_.loop(part.begin, part.end, part.tile, carried, [&](Index at, State& deeper) {
      cursor_[dim] = at;
      size_[dim] = part.tile;
      if (!anchor_.reduced[dim]) inside_[dim] = part.inside;
      inside(deeper);
    });
  }
}

void Writer::parallel_loops(size_t level, State& state, Inside inside) {
  if (level == parallel_order_.size()) return inside(state);
  over(parallel_order_[level], state, [&](State& deeper) { parallel_loops(level + 1, deeper, inside); });
}

SmallVector<Value> Writer::accumulate(SmallVector<Value> accumulators, const State& state) {
  reduction_loops(0, accumulators, state);
  return accumulators;
}

void Writer::reduction_loops(size_t level, State& accumulators, const State& state) {
  if (level == reduction_order_.size()) {
    const SmallVector<unsigned> order = tile_dims(true);
    SmallVector<Operand> inputs;
    for (size_t i = 0; i < anchor_.inputs.size(); ++i) inputs.push_back(factor(anchor_operand(i, order, state)));
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
    SmallVector<Value> results = apply(anchor_.op, inputs, outs, order, all, {});
    for (size_t i = 0; i < results.size(); ++i)
      accumulators[i] = short_lanes ? t_.write(results[i], accumulators[i], part) : results[i];
    return;
  }
  const unsigned dim = reduction_order_[level];
  if (tiling_.dims[dim].written_out && all_taps_inside(dim)) {
    for (int64_t at = 0; at < anchor_.extents[dim]; ++at) {
      cursor_[dim] = t_.constant(at);
      reduction_loops(level + 1, accumulators, state);
    }
    return;
  }
  over(dim, accumulators, [&](State& deeper) { reduction_loops(level + 1, deeper, state); });
}

// Each row of the next tile along the rows, at the place along the reduction where this tile is now.
void Writer::prefetch_next_rows(const State& state) {
  const Access& access = anchor_.inputs[static_cast<size_t>(tiling_.prefetched_input)];
  const unsigned row = tiling_.tile_order.front();
  const SmallVector<LinearForm> forms = forms_of(access, rank_);
  for (int64_t ahead = size_[row]; ahead < 2 * size_[row]; ++ahead) {
    SmallVector<Index> coordinates;
    for (const LinearForm& form : forms) {
      Index coordinate = t_.constant(form.constant + form.coefficients[row] * ahead);
      for (unsigned dim = 0; dim < rank_; ++dim)
        coordinate = t_.add(coordinate, t_.multiply(cursor_[dim], form.coefficients[dim]));
      coordinates.push_back(coordinate);
    }
    t_.prefetch(argument_now(access.tensor, state), coordinates);
  }
}

// The pixels that this run of pixels will meet first on the next line of the image.
void Writer::prefetch_next_line(const State& state) {
  const Access& access = anchor_.inputs.front();
  const auto line = static_cast<unsigned>(tiling_.line_dim);
  const unsigned row = tiling_.tile_order.front();
  const SmallVector<LinearForm> forms = forms_of(access, rank_);
  int64_t lines = 1, pixels = size_[row];
  for (const LinearForm& form : forms) {
    lines = std::max(lines, form.coefficients[line]);
    pixels = std::max(pixels, size_[row] * form.coefficients[row]);
  }
  for (int64_t ahead = 0; ahead < lines; ++ahead) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      SmallVector<Index> coordinates;
      for (auto [position, form] : llvm::enumerate(forms)) {
        Index coordinate = t_.constant(form.constant - (access.padded() ? access.pad_low[position] : 0));
        for (unsigned dim = 0; dim < rank_; ++dim) {
          if (form.coefficients[dim] == 0) continue;
          // The last tap that moves along the line, the first across it.
          const int64_t last = std::max<int64_t>(form.coefficients[dim] * (anchor_.extents[dim] - 1), 0);
          const Index reached = t_.constant(form.coefficients[line] != 0 ? last : 0);
          coordinate = t_.add(coordinate, anchor_.reduced[dim] ? reached : t_.multiply(cursor_[dim], form.coefficients[dim]));
        }
        if (form.coefficients[line] != 0) coordinate = t_.add(coordinate, t_.constant(1 + ahead));
        if (form.coefficients[row] != 0) coordinate = t_.add(coordinate, t_.constant(pixel));
        coordinates.push_back(coordinate);
      }
      t_.prefetch(argument_now(access.tensor, state), coordinates);
    }
  }
}

SmallVector<Value> Writer::combine_lanes(ArrayRef<Value> accumulators) {
  const unsigned lane = static_cast<unsigned>(tiling_.vector_dim);
  SmallVector<Value> combined;
  linalg::GenericOp op = anchor_.op;
  for (size_t i = 0; i < accumulators.size(); ++i) {
    SmallVector<Operation*> combiners;
    if (!matchReduction(op.getRegionOutputArgs(), static_cast<unsigned>(i), combiners) || combiners.size() != 1)
      fail("kernel @{}: a reduction along rows needs one combining operation", name());
    const SmallVector<unsigned> order = tile_dims(true);
    const SmallVector<unsigned> kept = tile_dims(false);
    SmallVector<AffineExpr> results;
    SmallVector<utils::IteratorType> iterators;
    for (size_t position = 0; position < order.size(); ++position) {
      const bool reduce = order[position] == lane;
      iterators.push_back(reduce ? utils::IteratorType::reduction : utils::IteratorType::parallel);
      if (!reduce) results.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(position)));
    }
    const auto rank = static_cast<unsigned>(order.size());
    Value init = t_.filled(here(anchor_.initial[i]), tile_shape(kept));
    auto generic = builder_.create<linalg::GenericOp>(
        t_.location, init.getType(), ValueRange{accumulators[i]}, ValueRange{init},
        ArrayRef<AffineMap>{builder_.getMultiDimIdentityMap(rank), AffineMap::get(rank, 0, results, builder_.getContext())},
        iterators, [&](OpBuilder& inner, Location at, ValueRange arguments) {
          Operation* combiner = combiners[0];
          Operation* copy = inner.clone(*combiner);
          copy->setOperands({arguments[0], arguments[1]});
          inner.create<linalg::YieldOp>(at, copy->getResult(0));
        });
    combined.push_back(generic.getResult(0));
  }
  return combined;
}

SmallVector<unsigned> Writer::tile_dims(bool with_reduced) const {
  SmallVector<unsigned> dims;
  for (unsigned dim : tiling_.tile_order)
    if (with_reduced || !anchor_.reduced[dim]) dims.push_back(dim);
  return dims;
}

SmallVector<int64_t> Writer::tile_shape(ArrayRef<unsigned> dims) const {
  SmallVector<int64_t> shape;
  for (unsigned dim : dims) shape.push_back(size_[dim]);
  return shape;
}

Writer::Operand Writer::operand_tile(const Access& access, ArrayRef<LinearForm> forms, ArrayRef<unsigned> order,
                                     const State& state) {
  if (access.scalar) return {{}, here(access.scalar), {}};
  const Value tensor = argument_now(access.tensor, state);
  TileBuilder::Slice slice;
  SmallVector<AffineExpr> map;
  for (auto [coordinate, form] : llvm::enumerate(forms)) {
    Index offset = t_.constant(form.constant - (access.padded() ? access.pad_low[coordinate] : 0));
    int64_t size = 1, stride = 1;
    bool kept = false;
    for (unsigned dim = 0; dim < rank_; ++dim) {
      if (form.coefficients[dim] == 0) continue;
      offset = t_.add(offset, t_.multiply(cursor_[dim], form.coefficients[dim]));
      const auto* position = llvm::find(order, dim);
      if (position == order.end()) continue;
      if (kept || form.coefficients[dim] < 0) fail("kernel @{}: two tiled dimensions share a coordinate", name());
      kept = true;
      size = size_[dim];
      stride = form.coefficients[dim];
      map.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(position - order.begin())));
    }
    slice.offsets.push_back(offset);
    slice.sizes.push_back(size);
    slice.strides.push_back(stride);
    slice.kept.push_back(kept);
  }
  if (map.empty()) return {{}, t_.element(tensor, slice.offsets), {}};
  return {t_.read(tensor, slice), {}, AffineMap::get(static_cast<unsigned>(order.size()), 0, map, builder_.getContext())};
}

Writer::Operand Writer::anchor_operand(size_t input, ArrayRef<unsigned> order, const State& state) {
  const Access& access = anchor_.inputs[input];
  if (packed_state_[input] < 0) return operand_tile(access, forms_of(access, rank_), order, state);
  SmallVector<unsigned> listed;
  const TileBuilder::Slice slice = packed_[input].slice(t_, cursor_, size_, order, listed);
  const Value view = packed_[input].view(t_, state[static_cast<size_t>(packed_state_[input])]);
  if (listed.empty()) return {{}, t_.element(view, slice.offsets), {}};
  SmallVector<AffineExpr> map;
  for (unsigned dim : listed)
    map.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(llvm::find(order, dim) - order.begin())));
  return {t_.read(view, slice), {}, AffineMap::get(static_cast<unsigned>(order.size()), 0, map, builder_.getContext())};
}

// A contraction's bf16 operands are extended tile by tile, so that what is left is the contraction of f32.
Writer::Operand Writer::factor(Operand operand) {
  Value& value = operand.tile ? operand.tile : operand.scalar;
  if (kernel_.is_contraction() && getElementTypeOrSelf(value.getType()).isBF16()) value = t_.extended(value);
  return operand;
}

// The formula of `op` on one tile. `order` are the anchor's dimensions the tile runs over; `domain_dims` names, for each
// dimension of the op's own domain, the anchor's.
SmallVector<Value> Writer::apply(linalg::GenericOp op, ArrayRef<Operand> inputs, ValueRange outs, ArrayRef<unsigned> order,
                                 ArrayRef<unsigned> domain_dims, ArrayRef<Value> starts) {
  SmallVector<Value> tiles;
  SmallVector<AffineMap> maps;
  for (const Operand& input : inputs) {
    if (!input.tile) continue;
    tiles.push_back(input.tile);
    maps.push_back(input.map);
  }
  SmallVector<AffineExpr> kept;
  SmallVector<utils::IteratorType> iterators;
  for (size_t position = 0; position < order.size(); ++position) {
    const bool depth = starts.empty() && anchor_.reduced[order[position]] && !tiling_.lane_reduction;
    iterators.push_back(depth ? utils::IteratorType::reduction : utils::IteratorType::parallel);
    if (!depth) kept.push_back(builder_.getAffineDimExpr(static_cast<unsigned>(position)));
  }
  const AffineMap output = AffineMap::get(static_cast<unsigned>(order.size()), 0, kept, builder_.getContext());
  maps.append(outs.size(), output);

  IRMapping mapping;
  Block& body = *op.getBody();
  for (Operation& inner : body)
    for (Value operand : inner.getOperands())
      if (operand.getParentBlock() != &body && !mapping.contains(operand)) mapping.map(operand, here(operand));
  SmallVector<Value> first_values;
  for (Value start : starts) first_values.push_back(start ? here(start) : Value());
  auto generic = builder_.create<linalg::GenericOp>(t_.location, TypeRange(outs), tiles, outs, maps, iterators);
  OpBuilder::InsertionGuard guard(builder_);
  Block* block = builder_.createBlock(&generic.getRegion());
  for (Value tile : tiles) block->addArgument(getElementTypeOrSelf(tile.getType()), t_.location);
  for (Value out : outs) block->addArgument(getElementTypeOrSelf(out.getType()), t_.location);
  size_t next = 0;
  for (size_t i = 0; i < inputs.size(); ++i)
    mapping.map(body.getArgument(static_cast<unsigned>(i)),
                inputs[i].tile ? Value(block->getArgument(static_cast<unsigned>(next++))) : inputs[i].scalar);
  for (size_t i = 0; i < outs.size(); ++i) {
    // Where nothing is reduced, what a body reads of its result is the number it starts from, not what lies in memory.
    const bool started = !starts.empty() && starts[i];
    mapping.map(body.getArgument(static_cast<unsigned>(inputs.size() + i)),
                started ? first_values[i] : Value(block->getArgument(static_cast<unsigned>(next + i))));
  }
  builder_.setInsertionPointToStart(block);
  for (Operation& inner : body) {
    auto index = dyn_cast<linalg::IndexOp>(inner);
    if (!index) {
      const bool widened =
          isa<arith::ExtFOp>(inner) && mapping.lookup(inner.getOperand(0)).getType() == inner.getResult(0).getType();
      if (widened) {
        mapping.map(inner.getResult(0), mapping.lookup(inner.getOperand(0)));
      } else {
        Operation* copy = builder_.clone(inner, mapping);
        const bool of_pairs = anchor_.paired && op == anchor_.op && isa<arith::MulFOp, arith::AddFOp>(inner);
        if (of_pairs) copy->setAttr(pair_product, builder_.getUnitAttr());
      }
      continue;
    }
    const unsigned dim = domain_dims[static_cast<size_t>(index.getDim())];
    const auto* position = llvm::find(order, dim);
    Value at = t_.value(cursor_[dim]);
    if (position != order.end()) {
      Value local = builder_.create<linalg::IndexOp>(t_.location, static_cast<int64_t>(position - order.begin()));
      at = builder_.create<arith::AddIOp>(t_.location, local, at);
    }
    mapping.map(index.getResult(), at);
  }
  return {generic.getResults().begin(), generic.getResults().end()};
}

TileBuilder::Slice Writer::output_slice(const Output& output) {
  TileBuilder::Slice slice;
  for (size_t i = 0; i < output.offsets.size(); ++i) {
    slice.offsets.push_back(t_.constant(output.offsets[i]));
    slice.sizes.push_back(1);
    slice.strides.push_back(1);
    slice.kept.push_back(false);
  }
  for (size_t coordinate = 0; coordinate < output.kept.size(); ++coordinate) {
    const unsigned dim = anchor_.output_dims[coordinate];
    const auto to = static_cast<size_t>(output.kept[coordinate]);
    slice.offsets[to] = t_.add(slice.offsets[to], t_.multiply(cursor_[dim], output.strides[to]));
    if (!tiling_.tiled(dim)) continue;
    slice.sizes[to] = size_[dim];
    slice.strides[to] = output.strides[to];
    slice.kept[to] = true;
  }
  return slice;
}

TileBuilder::Slice Writer::accumulator_slice() {
  TileBuilder::Slice slice;
  for (unsigned dim : anchor_.output_dims) {
    slice.offsets.push_back(t_.subtract(cursor_[dim], start_[dim]));
    slice.sizes.push_back(tiling_.tiled(dim) ? size_[dim] : 1);
    slice.strides.push_back(1);
    slice.kept.push_back(tiling_.tiled(dim));
  }
  return slice;
}

// The anchor's results on this tile are done: the formulas that follow, and the writes.
void Writer::finish(ArrayRef<Value> anchor_tiles, State& state) {
  const SmallVector<unsigned> order = tile_dims(false);
  DenseMap<Value, Value> tiles;  // results of the kernel's formulas -> their tiles
  auto outs_for = [&](linalg::GenericOp op) {
    SmallVector<Value> outs;
    for (Value result : op.getResults()) {
      const auto output = llvm::find_if(kernel_.outputs, [&](const Output& candidate) { return candidate.value == result; });
      if (output != kernel_.outputs.end()) {
        outs.push_back(t_.read(state[static_cast<size_t>(output - kernel_.outputs.begin())], output_slice(*output)));
      } else {
        outs.push_back(t_.empty(tile_shape(order), cast<RankedTensorType>(result.getType()).getElementType()));
      }
    }
    return outs;
  };
  linalg::GenericOp anchor = anchor_.op;
  if (kernel_.has_reduction()) {
    for (auto [result, tile] : llvm::zip(anchor.getResults(), anchor_tiles)) tiles[result] = tile;
  } else {
    SmallVector<Operand> inputs;
    for (size_t i = 0; i < anchor_.inputs.size(); ++i) inputs.push_back(anchor_operand(i, order, state));
    SmallVector<unsigned> all(rank_);
    std::iota(all.begin(), all.end(), 0);
    for (auto [result, tile] :
         llvm::zip(anchor.getResults(), apply(anchor, inputs, outs_for(anchor), order, all, anchor_.initial)))
      tiles[result] = tile;
  }
  for (const Formula& formula : kernel_.epilogue) {
    SmallVector<unsigned> anchor_dims(formula.extents.size());
    for (size_t i = 0; i < formula.output_dims.size(); ++i) anchor_dims[formula.output_dims[i]] = anchor_.output_dims[i];
    SmallVector<Operand> inputs;
    for (const Access& access : formula.inputs) {
      SmallVector<LinearForm> forms;
      for (LinearForm form : forms_of(access, static_cast<unsigned>(formula.extents.size()))) {
        LinearForm moved;
        moved.constant = form.constant;
        moved.coefficients.assign(rank_, 0);
        for (size_t dim = 0; dim < form.coefficients.size(); ++dim)
          moved.coefficients[anchor_dims[dim]] += form.coefficients[dim];
        forms.push_back(moved);
      }
      auto earlier = tiles.find(access.tensor);
      if (earlier == tiles.end()) {
        inputs.push_back(operand_tile(access, forms, order, state));
      } else {
        const auto rank = static_cast<unsigned>(order.size());
        inputs.push_back({earlier->second, {}, builder_.getMultiDimIdentityMap(rank)});
      }
    }
    linalg::GenericOp op = formula.op;
    for (auto [result, tile] : llvm::zip(op.getResults(), apply(op, inputs, outs_for(op), order, anchor_dims, formula.initial)))
      tiles[result] = tile;
  }
  for (size_t i = 0; i < kernel_.outputs.size(); ++i) {
    const Output& output = kernel_.outputs[i];
    TileBuilder::Slice slice = output_slice(output);
    // An accumulator (or a value passed through, which simplifies to it) is not the result's memory, and an insertion known to
    // cover the whole result simplifies to its source: an offset that only we know to be zero keeps the insertion.
    const bool accumulator = kernel_.has_reduction() && output.value.getDefiningOp() == anchor.getOperation();
    if (output.type.getRank() > 0 && (passes_through(output.value) || (accumulator && covers(slice, output.type)))) {
      Value end = program_.function.getArguments().back();
      Value bits = builder_.create<arith::ConstantIndexOp>(end.getLoc(), 63);
      Value zero = builder_.create<arith::ShRUIOp>(end.getLoc(), end, bits);
      slice.offsets[0] = t_.add(slice.offsets[0], zero);
    }
    state[i] = t_.write(tiles.lookup(output.value), state[i], slice);
  }
}

}  // namespace

TileProgram write_tile_program(const KernelFormula& kernel, const Tiling& tiling) { return Writer(kernel, tiling).write(); }

}  // namespace fovea
