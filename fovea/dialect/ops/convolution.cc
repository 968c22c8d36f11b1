// SPDX-License-Identifier: Apache-2.0
// Convolution, its transpose, and the gradient by its filter. They are one family because each is the gradient of another.
#include "fovea/dialect/ops/convolution.h"

#include "fovea/dialect/dialect.h"
#include "fovea/dialect/ops/arithmetic.h"
#include "mlir/IR/AffineExpr.h"

using namespace mlir;

namespace fovea::dialect {
namespace {

SmallVector<int64_t> filter_size(const Convolution& conv) {
  return llvm::to_vector(llvm::map_range(conv.window, [](const WindowDim& dim) { return dim.size; }));
}

// The shape of an image with the group as a dimension of its own: [batch, spatial..., (groups), (channels)].
SmallVector<int64_t> image_shape(const Convolution& conv, ArrayRef<int64_t> spatial, int64_t channels, bool loops) {
  SmallVector<int64_t> shape{conv.batch};
  shape.append(spatial.begin(), spatial.end());
  if (conv.grouped()) shape.push_back(conv.groups);
  if (loops) shape.push_back(channels);
  return shape;
}

// The shape of a filter: [spatial..., (in), (groups), (out)].
SmallVector<int64_t> filter_shape(const Convolution& conv, ArrayRef<int64_t> spatial) {
  SmallVector<int64_t> shape(spatial);
  if (conv.loops_in()) shape.push_back(conv.in);
  if (conv.grouped()) shape.push_back(conv.groups);
  if (conv.loops_out()) shape.push_back(conv.out);
  return shape;
}

ArrayRef<int64_t> spatial_part(ArrayRef<int64_t> image) { return image.drop_front().drop_back(); }

}  // namespace

Value split_image(OpBuilder& builder, Location location, Value image, const Convolution& conv, int64_t channels, bool loops) {
  return reshaped(builder, location, image, image_shape(conv, spatial_part(shape_of(image)), channels, loops));
}

namespace {

// The loops of a linalg operation, numbered in the order in which they are asked for.
class Loops {
 public:
  Loops(MLIRContext* context) : context_(context) {}
  AffineExpr next() { return getAffineDimExpr(count_++, context_); }
  SmallVector<AffineExpr> next(int64_t count) {
    SmallVector<AffineExpr> result;
    for (int64_t index = 0; index < count; ++index) result.push_back(next());
    return result;
  }
  std::optional<AffineExpr> next_if(bool wanted) { return wanted ? std::optional(next()) : std::nullopt; }
  AffineMap map(ArrayRef<AffineExpr> results) const { return AffineMap::get(count_, 0, results, context_); }

 private:
  unsigned count_ = 0;
  MLIRContext* context_;
};

SmallVector<AffineExpr> joined(std::initializer_list<std::optional<AffineExpr>> before, ArrayRef<AffineExpr> spatial,
                               std::initializer_list<std::optional<AffineExpr>> after) {
  SmallVector<AffineExpr> result;
  for (const auto& expression : before)
    if (expression) result.push_back(*expression);
  result.append(spatial.begin(), spatial.end());
  for (const auto& expression : after)
    if (expression) result.push_back(*expression);
  return result;
}

// The position in the padded image that output o reads at tap k.
SmallVector<AffineExpr> read_positions(const Convolution& conv, ArrayRef<AffineExpr> outputs, ArrayRef<AffineExpr> taps) {
  SmallVector<AffineExpr> result;
  for (auto [dim, output, tap] : llvm::zip_equal(conv.window, outputs, taps))
    result.push_back(output * dim.stride + tap * dim.dilation);
  return result;
}

}  // namespace

Value convolution_formula(OpBuilder& builder, Location location, const Convolution& conv, Value image, Value filter,
                          TypedAttr outside, Signs signs) {
  // The image is padded last, because a kernel pads what it reads and does not read through a reshape.
  image = split_image(builder, location, image, conv, conv.in, conv.loops_in());
  image = padded_image(builder, location, image, conv.window, outside);
  filter = reshaped(builder, location, filter, filter_shape(conv, filter_size(conv)));
  Loops loops(builder.getContext());
  const AffineExpr n = loops.next();
  const auto o = loops.next(conv.spatial());
  const auto g = loops.next_if(conv.grouped()), f = loops.next_if(conv.loops_out());
  const SmallVector<int64_t> shape = image_shape(conv, output_size(conv.window), conv.out, conv.loops_out());
  const auto k = loops.next(conv.spatial());
  const auto c = loops.next_if(conv.loops_in());
  return contraction(builder, location, image, filter, shape,
                     {loops.map(joined({n}, read_positions(conv, o, k), {g, c})), loops.map(joined({}, k, {c, g, f})),
                      loops.map(joined({n}, o, {g, f}))},
                     shape.size(), signs);
}

namespace {

// The gradient by the image for one phase: the cells that share a residue of the stride, from the taps that reach them.
Value phase_formula(OpBuilder& builder, Location location, const Convolution& conv, const Phase& phase, Value gradient,
                    Value filter, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> offsets(shape_of(filter).size(), 0), sizes(shape_of(filter)), strides(sizes.size(), 1);
  for (auto [dim, part] : llvm::enumerate(phase)) {
    offsets[dim] = part.first_tap;
    sizes[dim] = part.taps;
    strides[dim] = part.tap_step;
  }
  if (ArrayRef<int64_t>(sizes) != shape_of(filter)) filter = sliced(builder, location, filter, offsets, sizes, strides);
  Loops loops(builder.getContext());
  const AffineExpr n = loops.next();
  const auto h = loops.next(conv.spatial());
  const auto g = loops.next_if(conv.grouped()), c = loops.next_if(conv.loops_in());
  const auto k = loops.next(conv.spatial());
  const auto f = loops.next_if(conv.loops_out());
  SmallVector<AffineExpr> source;
  for (auto [part, cell, tap] : llvm::zip_equal(phase, h, k))
    source.push_back(cell - tap * part.source_step + part.source_offset);
  return contraction(
      builder, location, gradient, filter, shape,
      {loops.map(joined({n}, source, {g, f})), loops.map(joined({}, k, {c, g, f})), loops.map(joined({n}, h, {g, c}))},
      shape.size());
}

Value transpose_formula(OpBuilder& builder, Location location, const Convolution& conv, Value gradient, Value filter) {
  SmallVector<Phase> all = phases(conv.window);
  gradient = split_image(builder, location, gradient, conv, conv.out, conv.loops_out());
  gradient = padded_for_phases(builder, location, gradient, conv.window, all, number(element_type(gradient), 0));
  filter = reshaped(builder, location, filter, filter_shape(conv, filter_size(conv)));
  SmallVector<int64_t> spatial = llvm::to_vector(llvm::map_range(conv.window, [](const WindowDim& dim) { return dim.input; }));
  return joined_phases(builder, location, image_shape(conv, spatial, conv.in, conv.loops_in()), element_type(gradient),
                       conv.window, all, [&](const Phase& phase, ArrayRef<int64_t> shape) {
                         return phase_formula(builder, location, conv, phase, gradient, filter, shape);
                       });
}

Value filter_gradient_formula(OpBuilder& builder, Location location, const Convolution& conv, Value image, Value gradient) {
  image = split_image(builder, location, image, conv, conv.in, conv.loops_in());
  image = padded_image(builder, location, image, conv.window, number(element_type(image), 0));
  gradient = split_image(builder, location, gradient, conv, conv.out, conv.loops_out());
  Loops loops(builder.getContext());
  const auto k = loops.next(conv.spatial());
  const auto c = loops.next_if(conv.loops_in()), g = loops.next_if(conv.grouped()), f = loops.next_if(conv.loops_out());
  const SmallVector<int64_t> shape = filter_shape(conv, filter_size(conv));
  const AffineExpr n = loops.next();
  const auto o = loops.next(conv.spatial());
  return contraction(builder, location, image, gradient, shape,
                     {loops.map(joined({n}, read_positions(conv, o, k), {g, c})), loops.map(joined({n}, o, {g, f})),
                      loops.map(joined({}, k, {c, g, f}))},
                     shape.size());
}

}  // namespace

FailureOr<Convolution> resolve_convolution(std::optional<Location> location, StringRef name, ArrayRef<int64_t> image,
                                           ArrayRef<int64_t> filter, int64_t groups, WindowAttributes attributes) {
  if (image.size() != filter.size() || image.size() < 3) {
    return complain(location, name,
                    "filter " + shape_text(filter) +
                        " must be [spatial..., in / groups, out] with as many dimensions as the image " + shape_text(image) +
                        ", [batch, spatial..., channels]");
  }
  const int64_t in = filter[filter.size() - 2], out = filter.back();
  if (groups < 1 || image.back() % groups != 0 || out % groups != 0) {
    return complain(location, name,
                    "groups " + Twine(groups) + " must divide its " + Twine(image.back()) + " input channels and its " +
                        Twine(out) + " filters");
  }
  if (in != image.back() / groups) {
    return complain(location, name,
                    "filter " + shape_text(filter) + " is for " + Twine(in * groups) + " input channels" +
                        (groups > 1 ? " in " + std::to_string(groups) + " groups" : "") + ", the image " + shape_text(image) +
                        " has " + Twine(image.back()));
  }
  attributes.size = filter.drop_back(2);
  auto window = resolve_window(location, name, image, attributes);
  if (failed(window)) return failure();
  return Convolution{*window, image[0], groups, in, out / groups};
}

namespace {

template <typename OpOrAdaptor>
WindowAttributes window_attributes(OpOrAdaptor op) {
  return {{}, op.getStrides(), op.getDilations(), op.getPaddingAttr()};
}

// The result of the transposed operator, which is the image that the convolution would have taken.
template <typename OpOrAdaptor>
FailureOr<SmallVector<int64_t>> transposed_image(std::optional<Location> location, OpOrAdaptor op, ArrayRef<int64_t> input,
                                                 ArrayRef<int64_t> filter) {
  WindowAttributes attributes = window_attributes(op);
  attributes.size = filter.drop_back(2);
  SmallVector<int64_t> image{input[0]};
  const ArrayRef<int64_t> wanted = op.getOutputSize();
  if (wanted.empty()) {
    auto size = transposed_size(location, ConvTransposeOp::getOperationName(), spatial_part(input), attributes);
    if (failed(size)) return failure();
    image.append(*size);
  } else {
    image.append(wanted.begin(), wanted.end());
  }
  image.push_back(filter[filter.size() - 2] * static_cast<int64_t>(op.getGroups()));
  return image;
}

}  // namespace

LogicalResult check_image_rank(std::optional<Location> location, StringRef name, Value image, Value other) {
  const auto rank = static_cast<int64_t>(shape_of(image).size());
  if (rank >= 3 && rank <= 5 && static_cast<int64_t>(shape_of(other).size()) == rank) return success();
  return complain(location, name,
                  "input " + shape_text(shape_of(image)) + " must be [batch, 1 to 3 spatial dimensions, channels], and " +
                      shape_text(shape_of(other)) + " have as many dimensions");
}

namespace {

// The attributes that an operator of the family shares with its gradients.
SmallVector<NamedAttribute> shared_attributes(Operation* op) {
  SmallVector<NamedAttribute> result;
  for (NamedAttribute attribute : op->getAttrs()) {
    const StringRef name = attribute.getName().getValue();
    if (name != "output_size" && name != "filter_size") result.push_back(attribute);
  }
  return result;
}

Value transposed(OpBuilder& builder, Operation* like, Value gradient, Value filter, ArrayRef<int64_t> image) {
  SmallVector<NamedAttribute> attributes = shared_attributes(like);
  attributes.push_back(builder.getNamedAttr("output_size", builder.getDenseI64ArrayAttr(spatial_part(image))));
  return builder.create<ConvTransposeOp>(like->getLoc(), ValueRange{gradient, filter}, attributes);
}

Value filter_gradient(OpBuilder& builder, Operation* like, Value image, Value gradient, ArrayRef<int64_t> filter) {
  SmallVector<NamedAttribute> attributes = shared_attributes(like);
  attributes.push_back(builder.getNamedAttr("filter_size", builder.getDenseI64ArrayAttr(filter.drop_back(2))));
  return builder.create<ConvFilterGradientOp>(like->getLoc(), ValueRange{image, gradient}, attributes);
}

Value convolved(OpBuilder& builder, Operation* like, Value image, Value filter) {
  return builder.create<ConvOp>(like->getLoc(), ValueRange{image, filter}, shared_attributes(like));
}

}  // namespace

// conv

LogicalResult ConvOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                       SmallVectorImpl<Type>& types) {
  if (failed(check_same_element_type(location, getOperationName(), op.getOperands()))) return failure();
  const auto conv = resolve_convolution(location, getOperationName(), shape_of(op.getInput()), shape_of(op.getFilter()),
                                        op.getGroups(), window_attributes(op));
  if (failed(conv)) return failure();
  SmallVector<int64_t> shape{conv->batch};
  shape.append(output_size(conv->window));
  shape.push_back(shape_of(op.getFilter()).back());
  types.push_back(with_shape(op.getInput(), shape));
  return success();
}

void ConvOp::differentiate(OpBuilder& builder, ValueRange output_gradients, SmallVectorImpl<Value>& operand_gradients) {
  operand_gradients[0] = transposed(builder, *this, output_gradients[0], getFilter(), shape_of(getInput()));
  operand_gradients[1] = filter_gradient(builder, *this, getInput(), output_gradients[0], shape_of(getFilter()));
}

void ConvOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const auto conv = resolve_convolution(std::nullopt, getOperationName(), shape_of(getInput()), shape_of(getFilter()),
                                        getGroups(), window_attributes(*this));
  results[0] =
      reshaped(builder, getLoc(),
               convolution_formula(builder, getLoc(), *conv, getInput(), getFilter(), number(element_type(getInput()), 0)),
               shape_of(getOutput()));
}

// conv_transpose

LogicalResult ConvTransposeOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> input = shape_of(op.getInput()), filter = shape_of(op.getFilter());
  if (failed(check_same_element_type(location, getOperationName(), op.getOperands())) ||
      failed(check_image_rank(location, getOperationName(), op.getInput(), op.getFilter())))
    return failure();
  const auto image = transposed_image(location, op, input, filter);
  if (failed(image)) return failure();
  if (llvm::any_of(*image, [](int64_t size) { return size < 1; }) || image->size() != input.size()) {
    return complain(location, getOperationName(),
                    "output " + shape_text(*image) + " from input " + shape_text(input) +
                        " must have a size of at least 1 in each of its spatial dimensions");
  }
  const auto conv = resolve_convolution(location, getOperationName(), *image, filter, op.getGroups(), window_attributes(op));
  if (failed(conv)) return failure();
  SmallVector<int64_t> taken{conv->batch};
  taken.append(output_size(conv->window));
  taken.push_back(filter.back());
  if (ArrayRef<int64_t>(taken) != input) {
    return complain(location, getOperationName(),
                    "input " + shape_text(input) + " should be " + shape_text(taken) + ", which the convolution with filter " +
                        shape_text(filter) + " makes of the output " + shape_text(*image));
  }
  types.push_back(with_shape(op.getInput(), *image));
  return success();
}

void ConvTransposeOp::differentiate(OpBuilder& builder, ValueRange output_gradients,
                                    SmallVectorImpl<Value>& operand_gradients) {
  operand_gradients[0] = convolved(builder, *this, output_gradients[0], getFilter());
  operand_gradients[1] = filter_gradient(builder, *this, output_gradients[0], getInput(), shape_of(getFilter()));
}

void ConvTransposeOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const auto conv = resolve_convolution(std::nullopt, getOperationName(), shape_of(getOutput()), shape_of(getFilter()),
                                        getGroups(), window_attributes(*this));
  results[0] =
      reshaped(builder, getLoc(), transpose_formula(builder, getLoc(), *conv, getInput(), getFilter()), shape_of(getOutput()));
}

// conv_filter_gradient

LogicalResult ConvFilterGradientOp::inferReturnTypes(MLIRContext*, std::optional<Location> location, Adaptor op,
                                                     SmallVectorImpl<Type>& types) {
  const ArrayRef<int64_t> image = shape_of(op.getInput()), gradient = shape_of(op.getGradient());
  if (failed(check_same_element_type(location, getOperationName(), op.getOperands())) ||
      failed(check_image_rank(location, getOperationName(), op.getInput(), op.getGradient())))
    return failure();
  SmallVector<int64_t> filter(op.getFilterSize());
  const auto groups = static_cast<int64_t>(op.getGroups());
  filter.push_back(groups < 1 ? 0 : image.back() / groups);
  filter.push_back(gradient.back());
  const auto conv = resolve_convolution(location, getOperationName(), image, filter, groups, window_attributes(op));
  if (failed(conv)) return failure();
  SmallVector<int64_t> output{conv->batch};
  output.append(output_size(conv->window));
  output.push_back(gradient.back());
  if (ArrayRef<int64_t>(output) != gradient) {
    return complain(location, getOperationName(),
                    "gradient " + shape_text(gradient) + " should be " + shape_text(output) + " for the image " +
                        shape_text(image) + " and filter " + shape_text(filter));
  }
  types.push_back(with_shape(op.getInput(), filter));
  return success();
}

void ConvFilterGradientOp::differentiate(OpBuilder& builder, ValueRange output_gradients,
                                         SmallVectorImpl<Value>& operand_gradients) {
  operand_gradients[0] = transposed(builder, *this, getGradient(), output_gradients[0], shape_of(getInput()));
  operand_gradients[1] = convolved(builder, *this, getInput(), output_gradients[0]);
}

void ConvFilterGradientOp::lower_to_linalg(OpBuilder& builder, SmallVectorImpl<Value>& results) {
  const auto conv = resolve_convolution(std::nullopt, getOperationName(), shape_of(getInput()), shape_of(getOutput()),
                                        getGroups(), window_attributes(*this));
  results[0] = reshaped(builder, getLoc(), filter_gradient_formula(builder, getLoc(), *conv, getInput(), getGradient()),
                        shape_of(getOutput()));
}

}  // namespace fovea::dialect
