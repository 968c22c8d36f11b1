// SPDX-License-Identifier: Apache-2.0
// Maximum and average pooling over windows, and their gradients.
#include "fovea/dialect/ops/pooling.h"

#include <limits>

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "fovea/dialect/quantized_types.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

template <typename OpOrAdaptor>
ArrayRef<int64_t> dilations_of(OpOrAdaptor op) {
  if constexpr (requires { op.getDilations(); })
    return op.getDilations();
  else
    return {};
}

template <typename OpOrAdaptor>
FailureOr<Window> resolve_pool(std::optional<Location> location, StringRef name, OpOrAdaptor op, ArrayRef<int64_t> image) {
  return resolve_window(
      location, name, image,
      {op.getWindow(), op.getStrides(), dilations_of(op), op.getPaddingAttr(), /*stride_is_size=*/true, "window"});
}

SmallVector<int64_t> pooled_shape(ArrayRef<int64_t> image, const Window& window) {
  SmallVector<int64_t> shape{image.front()};
  shape.append(output_size(window));
  shape.push_back(image.back());
  return shape;
}

// The shape of the image that was pooled: the gradient's batch and channels with the spatial size before pooling.
template <typename OpOrAdaptor>
SmallVector<int64_t> image_shape(OpOrAdaptor op) {
  const ArrayRef<int64_t> gradient = shape_of(op.getGradient());
  SmallVector<int64_t> image{gradient.front()};
  llvm::append_range(image, op.getInputSize());
  image.push_back(gradient.back());
  return image;
}

template <typename Adaptor>
LogicalResult infer_pool_gradient(std::optional<Location> location, StringRef name, Adaptor op, SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> gradient = shape_of(op.getGradient());
  if (gradient.size() < 3)
    return complain(location, name, "gradient " + shape_text(gradient) + " must be [batch, spatial..., channels]");
  const SmallVector<int64_t> image = image_shape(op);
  const auto window = resolve_pool(location, name, op, image);
  if (failed(window)) return failure();
  if (gradient != ArrayRef<int64_t>(pooled_shape(image, *window))) {
    return complain(location, name,
                    "gradient " + shape_text(gradient) + " should be " + shape_text(pooled_shape(image, *window)) +
                        " for the pooled image " + shape_text(image));
  }
  types.push_back(with_shape(op.getGradient(), image));
  return success();
}

// The maps of an operation that loops over outputs [batch, spatial..., channels] and then over taps.
struct PoolMaps {
  AffineMap image, taps, output;
};

template <typename Position>
PoolMaps pool_maps(MLIRContext* context, unsigned spatial, Position position) {
  const unsigned loops = 2 + 2 * spatial;
  SmallVector<AffineExpr> image{getAffineDimExpr(0, context)}, taps, output{getAffineDimExpr(0, context)};
  for (unsigned dim = 0; dim < spatial; ++dim) {
    const AffineExpr cell = getAffineDimExpr(1 + dim, context), tap = getAffineDimExpr(2 + spatial + dim, context);
    image.push_back(position(dim, cell, tap));
    taps.push_back(tap);
    output.push_back(cell);
  }
  image.push_back(getAffineDimExpr(1 + spatial, context));
  output.push_back(getAffineDimExpr(1 + spatial, context));
  return {AffineMap::get(loops, 0, image, context), AffineMap::get(loops, 0, taps, context),
          AffineMap::get(loops, 0, output, context)};
}

PoolMaps forward_maps(MLIRContext* context, const Window& window) {
  return pool_maps(context, window.size(), [&](unsigned dim, AffineExpr output, AffineExpr tap) {
    return output * window[dim].stride + tap * window[dim].dilation;
  });
}

PoolMaps phase_maps(MLIRContext* context, const Phase& phase) {
  return pool_maps(context, phase.size(), [&](unsigned dim, AffineExpr cell, AffineExpr tap) {
    return cell - tap * phase[dim].source_step + phase[dim].source_offset;
  });
}

SmallVector<int64_t> window_size(const Window& window) {
  return llvm::to_vector(llvm::map_range(window, [](const WindowDim& dim) { return dim.size; }));
}

SmallVector<int64_t> phase_taps(const Phase& phase) {
  return llvm::to_vector(llvm::map_range(phase, [](const PhaseDim& dim) { return dim.taps; }));
}

// The row-major position in the window of tap first + step * (loop index), for the loops from `first_loop` on.
Value tap_number(ImplicitLocOpBuilder& builder, const Window& window, unsigned first_loop, ArrayRef<int64_t> first,
                 ArrayRef<int64_t> step) {
  int64_t constant = 0, row = 1;
  SmallVector<int64_t> factors(window.size());
  for (size_t dim = window.size(); dim-- > 0;) {
    constant += first[dim] * row;
    factors[dim] = step[dim] * row;
    row *= window[dim].size;
  }
  const Type type = builder.getI32Type();
  Value sum = scalar_constant(builder, type, static_cast<double>(constant));
  for (size_t dim = 0; dim < window.size(); ++dim) {
    Value index = builder.create<arith::IndexCastOp>(type, builder.create<linalg::IndexOp>(first_loop + dim));
    Value scaled = builder.create<arith::MulIOp>(index, scalar_constant(builder, type, static_cast<double>(factors[dim])));
    sum = builder.create<arith::AddIOp>(sum, scaled);
  }
  return sum;
}

Value larger_of(ImplicitLocOpBuilder& builder, Value a, Value b, bool is_signed) {
  if (isa<FloatType>(a.getType())) return builder.create<arith::MaximumFOp>(a, b);
  if (is_signed) return builder.create<arith::MaxSIOp>(a, b);
  return builder.create<arith::MaxUIOp>(a, b);
}

Value is_larger(ImplicitLocOpBuilder& builder, Value a, Value b, bool is_signed) {
  if (isa<FloatType>(a.getType())) return builder.create<arith::CmpFOp>(arith::CmpFPredicate::OGT, a, b);
  return builder.create<arith::CmpIOp>(is_signed ? arith::CmpIPredicate::sgt : arith::CmpIPredicate::ugt, a, b);
}

// The maximum alone, when its position is not used.
Value maximum_formula(OpBuilder& builder, Location location, Value image, const PoolMaps& maps, Value taps, Value into,
                      unsigned parallel, bool is_signed) {
  return formula_loops(builder, location, {image, taps}, into, {maps.image, maps.taps, maps.output}, parallel,
                       [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                         return {larger_of(scalars, arguments[2], arguments[0], is_signed)};
                       })[0];
}

SmallVector<Value> maximum_and_tap_formula(OpBuilder& builder, Location location, Value image, const PoolMaps& maps, Value taps,
                                           ValueRange into, unsigned parallel, const Window& window, bool is_signed) {
  const SmallVector<int64_t> zeros(window.size(), 0), ones(window.size(), 1);
  return formula_loops(builder, location, {image, taps}, into, {maps.image, maps.taps, maps.output, maps.output}, parallel,
                       [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                         Value larger = is_larger(scalars, arguments[0], arguments[2], is_signed);
                         Value tap = tap_number(scalars, window, parallel, zeros, ones);
                         return {scalars.create<arith::SelectOp>(larger, arguments[0], arguments[2]),
                                 scalars.create<arith::SelectOp>(larger, tap, arguments[3])};
                       });
}

}  // namespace

// max_pool

LogicalResult MaxPoolOp::inferReturnTypes(MLIRContext* context, std::optional<Location> location, Adaptor op,
                                          SmallVectorImpl<Type>& types) {
  const auto window = resolve_pool(location, getOperationName(), op, shape_of(op.getInput()));
  if (failed(window) || failed(check_per_tensor(location, getOperationName(), "input", element_type(op.getInput()))))
    return failure();
  const SmallVector<int64_t> shape = pooled_shape(shape_of(op.getInput()), *window);
  types.push_back(with_shape(op.getInput(), shape));
  types.push_back(RankedTensorType::get(shape, IntegerType::get(context, 32)));
  return success();
}

void MaxPoolOp::differentiate(OpBuilder& builder, ValueRange output_gradients, SmallVectorImpl<Value>& operand_gradients) {
  SmallVector<NamedAttribute> attributes((*this)->getAttrs());
  attributes.push_back(
      builder.getNamedAttr("input_size", builder.getDenseI64ArrayAttr(shape_of(getInput()).drop_front().drop_back())));
  if (!output_gradients[0]) return;
  operand_gradients[0] = builder.create<MaxPoolGradientOp>(getLoc(), ValueRange{output_gradients[0], getTap()}, attributes);
}

void MaxPoolOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const auto window = *resolve_pool(std::nullopt, getOperationName(), *this, shape_of(getInput()));
  const bool is_signed = !is_quantized(element_type(getInput())) || quantization_of(getInput()).is_signed;
  Value image = stored(builder, location, getInput());
  const Type element = element_type(image);
  // Of quantized numbers, the least integer stands for the least real number.
  const TypedAttr lowest = stored_number(element_type(getInput()), -std::numeric_limits<double>::infinity());
  image = padded_image(builder, location, image, window, lowest);
  Value taps = empty(builder, location, window_size(window), element);
  const ArrayRef<int64_t> shape = shape_of(getOutput());
  const PoolMaps maps = forward_maps(builder.getContext(), window);
  Value largest = filled(builder, location, shape, lowest);
  if (getTap().use_empty()) {
    results[0] = maximum_formula(builder, location, image, maps, taps, largest, shape.size(), is_signed);
    return;
  }
  Value first = filled(builder, location, shape, number(builder.getI32Type(), 0));
  const auto both =
      maximum_and_tap_formula(builder, location, image, maps, taps, {largest, first}, shape.size(), window, is_signed);
  results.assign(both.begin(), both.end());
}

// max_pool_gradient

LogicalResult MaxPoolGradientOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                  SmallVectorImpl<Type>& types) {
  if (shape_of(op.getGradient()) != shape_of(op.getTap())) {
    return complain(location, getOperationName(),
                    "gradient " + shape_text(shape_of(op.getGradient())) + " and taps " + shape_text(shape_of(op.getTap())) +
                        " must have the same shape");
  }
  return infer_pool_gradient(location, getOperationName(), op, types);
}

namespace {

// The scalar that an output contributes to a cell which it reaches by the loop's tap. `arguments` are its gradient and, for a
// maximum, its tap.
using TapBody = function_ref<Value(ImplicitLocOpBuilder&, ValueRange, unsigned first_tap_loop, const Phase&)>;

// The gradient when windows do not overlap. Each phase has one tap, no cell needs padding, and cells outside all windows are
// zero.
Value scattered(OpBuilder& builder, Location location, ValueRange sources, ArrayRef<int64_t> image, const Window& window,
                ArrayRef<Phase> all, TapBody body) {
  const Type element = element_type(sources[0]);
  Value joined = filled(builder, location, image, number(element, 0));
  for (const Phase& phase : all) {
    SmallVector<int64_t> from(image.size(), 0), size(image), to(image.size(), 0), ones(image.size(), 1),
        strides(image.size(), 1);
    bool reached = true;
    for (auto [index, part] : llvm::enumerate(phase)) {
      const int64_t low = std::max<int64_t>(0, -part.source_offset);
      const int64_t high = std::min(part.cells, window[index].output - part.source_offset);
      reached = reached && part.taps == 1 && high > low;
      from[index + 1] = low + part.source_offset;
      size[index + 1] = high - low;
      to[index + 1] = part.residue + low * window[index].stride;
      strides[index + 1] = window[index].stride;
    }
    if (!reached) continue;
    SmallVector<Value> operands(sources);
    for (Value& operand : operands) {
      if (shape_of(operand) != ArrayRef<int64_t>(size)) operand = sliced(builder, location, operand, from, size, ones);
    }
    Value cells =
        elementwise(builder, location, operands, RankedTensorType::get(size, element),
                    [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) { return body(scalars, arguments, 0, phase); });
    joined = inserted(builder, location, cells, joined, to, strides);
  }
  return joined;
}

Value summed_phase(OpBuilder& builder, Location location, ValueRange sources, const Phase& phase, ArrayRef<int64_t> shape,
                   TapBody body) {
  const Type element = element_type(sources[0]);
  const PoolMaps maps = phase_maps(builder.getContext(), phase);
  SmallVector<Value> inputs(sources);
  SmallVector<AffineMap> all_maps(sources.size(), maps.image);
  inputs.push_back(empty(builder, location, phase_taps(phase), element));
  all_maps.push_back(maps.taps);
  all_maps.push_back(maps.output);
  Value into = filled(builder, location, shape, number(element, 0));
  return formula_loops(builder, location, inputs, into, all_maps, shape.size(),
                       [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                         Value reached = body(scalars, arguments.take_front(sources.size()), shape.size(), phase);
                         return {scalars.create<arith::AddFOp>(arguments.back(), reached)};
                       })[0];
}

// Sums over the windows that reach each cell. `fillings` are the values of the sources outside their bounds.
Value gathered_by_phases(OpBuilder& builder, Location location, ValueRange sources, ArrayRef<TypedAttr> fillings,
                         ArrayRef<int64_t> image, const Window& window, TapBody body) {
  const SmallVector<Phase> unpadded = phases(window);
  const bool single = llvm::all_of(
      unpadded, [](const Phase& phase) { return llvm::all_of(phase, [](const PhaseDim& dim) { return dim.taps <= 1; }); });
  if (single) return scattered(builder, location, sources, image, window, unpadded, body);
  SmallVector<Phase> all;
  SmallVector<Value> operands;
  for (auto [source, filling] : llvm::zip_equal(sources, fillings)) {
    all = unpadded;
    operands.push_back(padded_for_phases(builder, location, source, window, all, filling));
  }
  return joined_phases(builder, location, image, element_type(sources[0]), window, all,
                       [&](const Phase& phase, ArrayRef<int64_t> shape) {
                         return summed_phase(builder, location, operands, phase, shape, body);
                       });
}

// The tap's number: it varies when there are loops over taps (`first_loop` > 0), and is a constant otherwise.
Value phase_tap_number(ImplicitLocOpBuilder& builder, const Window& window, const Phase& phase, unsigned first_loop) {
  const auto first = llvm::to_vector(llvm::map_range(phase, [](const PhaseDim& dim) { return dim.first_tap; }));
  const auto step = llvm::to_vector(llvm::map_range(phase, [](const PhaseDim& dim) { return dim.tap_step; }));
  if (first_loop > 0) return tap_number(builder, window, first_loop, first, step);
  int64_t number = 0;
  for (size_t dim = 0; dim < window.size(); ++dim) number = number * window[dim].size + first[dim];
  return scalar_constant(builder, builder.getI32Type(), static_cast<double>(number));
}

}  // namespace

void MaxPoolGradientOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const SmallVector<int64_t> image(shape_of(getOutput()));
  const auto window = *resolve_pool(std::nullopt, getOperationName(), *this, image);
  const Type element = element_type(getGradient());
  results[0] = gathered_by_phases(
      builder, getLoc(), {getGradient(), getTap()}, {number(element, 0), number(builder.getI32Type(), -1)}, image, window,
      [&](ImplicitLocOpBuilder& scalars, ValueRange arguments, unsigned first_tap_loop, const Phase& phase) -> Value {
        Value tap = phase_tap_number(scalars, window, phase, first_tap_loop);
        Value chosen = scalars.create<arith::CmpIOp>(arith::CmpIPredicate::eq, arguments[1], tap);
        return scalars.create<arith::SelectOp>(chosen, arguments[0], scalar_constant(scalars, element, 0));
      });
}

// avg_pool

LogicalResult AveragePoolOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                              SmallVectorImpl<Type>& types) {
  const auto window = resolve_pool(location, getOperationName(), op, shape_of(op.getInput()));
  if (failed(window)) return failure();
  types.push_back(with_shape(op.getInput(), pooled_shape(shape_of(op.getInput()), *window)));
  return success();
}

bool has_one_cell(const Window& window) {
  return llvm::all_of(window, [](const WindowDim& dim) { return dim.size == 1 && dim.before == 0 && dim.after == 0; });
}

Value strided_cells(OpBuilder& builder, Location location, Value image, const Window& window) {
  SmallVector<int64_t> offsets(shape_of(image).size(), 0), sizes(shape_of(image)), strides(sizes.size(), 1);
  for (auto [dim, part] : llvm::enumerate(window)) {
    sizes[dim + 1] = part.output;
    strides[dim + 1] = part.stride;
  }
  if (ArrayRef<int64_t>(sizes) == shape_of(image)) return image;
  return sliced(builder, location, image, offsets, sizes, strides);
}

Value as_integers(OpBuilder& builder, Location location, Value bytes, bool is_signed) {
  return elementwise(builder, location, bytes, RankedTensorType::get(shape_of(bytes), builder.getI32Type()),
                     [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> Value { return extended(scalars, x[0], is_signed); });
}

Value window_sums(OpBuilder& builder, Location location, Value image, const Window& window, int64_t outside, bool is_signed) {
  const bool integers = isa<IntegerType>(element_type(image));
  const Type sum = integers ? Type(builder.getI32Type()) : element_type(image);
  const Type element = element_type(image);
  image = padded_image(builder, location, image, window,
                       integers ? stored_integer(element, outside) : number(element, static_cast<double>(outside)));
  Value taps = empty(builder, location, window_size(window), element_type(image));
  SmallVector<int64_t> shape{shape_of(image).front()};
  shape.append(output_size(window));
  shape.push_back(shape_of(image).back());
  const PoolMaps maps = forward_maps(builder.getContext(), window);
  return formula_loops(builder, location, {image, taps}, filled(builder, location, shape, number(sum, 0)),
                       {maps.image, maps.taps, maps.output}, shape.size(),
                       [&](ImplicitLocOpBuilder& scalars, ValueRange arguments) -> SmallVector<Value> {
                         if (!integers) return {scalars.create<arith::AddFOp>(arguments[2], arguments[0])};
                         return {scalars.create<arith::AddIOp>(arguments[2], extended(scalars, arguments[0], is_signed))};
                       })[0];
}

Value channel_sums(OpBuilder& builder, Location location, Value integers, bool is_signed) {
  const ArrayRef<int64_t> shape = shape_of(integers);
  const AffineMap all = builder.getMultiDimIdentityMap(shape.size()), row = all.getMajorSubMap(shape.size() - 1);
  Value into = filled(builder, location, shape.drop_back(), number(builder.getI32Type(), 0));
  return formula_loops(builder, location, integers, into, {all, row}, shape.size() - 1,
                       [&](ImplicitLocOpBuilder& scalars, ValueRange x) -> SmallVector<Value> {
                         return {scalars.create<arith::AddIOp>(x[1], extended(scalars, x[0], is_signed))};
                       })[0];
}

WindowCounts window_counts(const Window& window, bool all) {
  const bool varies = !all && llvm::any_of(window, [](const WindowDim& dim) { return dim.before > 0 || dim.after > 0; });
  WindowCounts result{.counts = {1}, .shape = {}};
  for (const WindowDim& dim : window) {
    SmallVector<int64_t> longer;
    for (int64_t count : result.counts) {
      for (int64_t output = 0; output < (varies ? dim.output : 1); ++output) {
        const int64_t first = output * dim.stride - dim.before;
        const int64_t cells = std::min(first + dim.size, dim.input) - std::max<int64_t>(first, 0);
        // A window that covers only padding has the sum 0, so any count gives the mean 0.
        longer.push_back(count * (varies ? std::max<int64_t>(cells, 1) : dim.size));
      }
    }
    result.counts = std::move(longer);
    if (varies) result.shape.push_back(dim.output);
  }
  return result;
}

namespace {

// 1 / (number of cells a window is divided by): a scalar, or [spatial..., 1] where the padding makes it vary.
Value reciprocal_counts(OpBuilder& builder, Location location, const Window& window, Type element, bool count_padding) {
  auto [counts, shape] = window_counts(window, count_padding);
  if (!shape.empty()) shape.push_back(1);
  const auto attributes = llvm::to_vector(
      llvm::map_range(counts, [&](int64_t count) -> Attribute { return number(element, 1 / static_cast<double>(count)); }));
  const auto type = RankedTensorType::get(shape, element);
  return builder.create<ConstantOp>(location, type, DenseElementsAttr::get(type, attributes));
}

}  // namespace

void AveragePoolOp::differentiate(OpBuilder& builder, ValueRange output_gradients, SmallVectorImpl<Value>& operand_gradients) {
  const auto window = *resolve_pool(std::nullopt, getOperationName(), *this, shape_of(getInput()));
  Arithmetic a(builder, getLoc(), getInput());
  Value shared =
      a.mul(output_gradients[0], reciprocal_counts(builder, getLoc(), window, element_type(getInput()), getCountPadding()));
  SmallVector<NamedAttribute> attributes{
      builder.getNamedAttr("input_size", builder.getDenseI64ArrayAttr(shape_of(getInput()).drop_front().drop_back()))};
  for (NamedAttribute attribute : (*this)->getAttrs()) {
    if (attribute.getName() != getCountPaddingAttrName()) attributes.push_back(attribute);
  }
  operand_gradients[0] = builder.create<SumPoolGradientOp>(getLoc(), ValueRange{shared}, attributes);
}

void AveragePoolOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const Location location = getLoc();
  const auto window = *resolve_pool(std::nullopt, getOperationName(), *this, shape_of(getInput()));
  const Type element = element_type(getInput());
  Value sum = window_sums(builder, location, getInput(), window, 0);
  Arithmetic a(builder, location, sum);
  results[0] = a.mul(sum, reciprocal_counts(builder, location, window, element, getCountPadding()));
}

// sum_pool_gradient

LogicalResult SumPoolGradientOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                  SmallVectorImpl<Type>& types) {
  return infer_pool_gradient(location, getOperationName(), op, types);
}

void SumPoolGradientOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const SmallVector<int64_t> image(shape_of(getOutput()));
  const auto window = *resolve_pool(std::nullopt, getOperationName(), *this, image);
  results[0] = gathered_by_phases(
      builder, getLoc(), getGradient(), {number(element_type(getGradient()), 0)}, image, window,
      [](ImplicitLocOpBuilder&, ValueRange arguments, unsigned, const Phase&) -> Value { return arguments[0]; });
}

}  // namespace fovea::dialect
