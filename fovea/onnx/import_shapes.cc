// The same numbers in other shapes: mostly a matter of layouts, not of operators.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fovea/onnx/importer.h"
#include "fovea/onnx/shape_arguments.h"

namespace fovea {
namespace {

void set_reshaped(Importer& importer, const OnnxNode& node, ImportedValue& x, const Shape& shape) {
  if (x.constant) return importer.set_constant(node, 0, x.constant->reshaped(shape));
  std::optional<Layout> layout = x.layout.reshaped(shape);
  if (layout) return importer.set(node, 0, x.ref, *layout);
  const Ref ref = importer.row_major(x);
  const Ref y = importer.add(node, "reshape", {ref}, {{"shape", shape}}).front();
  importer.set(node, 0, y, Layout::row_major(shape));
}

void import_reshape(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  set_reshaped(importer, node, x, reshaped_shape(importer, node, x.shape()));
}

void import_flatten(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Shape shape = x.shape();
  const int64_t axis = importer.integer(node, "axis", 1), rank = x.rank();
  if (axis < -rank || axis > rank) importer.complain(node, "axis {} of an input {}", axis, to_string(shape));
  const auto cut = shape.begin() + (axis < 0 ? axis + rank : axis);
  set_reshaped(importer, node, x, {element_count(Shape(shape.begin(), cut)), element_count(Shape(cut, shape.end()))});
}

void import_squeeze(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  set_reshaped(importer, node, x, squeezed_shape(importer, node, x.shape()));
}

void import_unsqueeze(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  set_reshaped(importer, node, x, unsqueezed_shape(importer, node, x.shape()));
}

void import_transpose(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> permutation = permutation_of(importer, node, x.rank());
  if (x.constant) return importer.set_constant(node, 0, transposed(*x.constant, permutation));
  importer.set(node, 0, x.ref, x.layout.transposed(permutation));
}

// Where the file's dimension is in a tensor of that order.
int64_t position(const std::vector<int64_t>& order, int64_t dimension) {
  return std::ranges::find(order, dimension) - order.begin();
}

void import_concat(Importer& importer, const OnnxNode& node) {
  if (node.inputs.empty()) importer.complain(node, "has no inputs");
  const ImportedValue* leader = &importer.input(node, 0);
  for (size_t i = 0; i < node.inputs.size() && leader->constant; ++i) leader = &importer.input(node, i);
  const std::vector<int64_t> order = importer.some_order(*leader);
  const int64_t axis = importer.dimension(node, importer.integer(node, "axis", 0), leader->rank());
  std::vector<Ref> parts;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    ImportedValue& part = importer.input(node, i);
    if (part.rank() != leader->rank())
      importer.complain(node, "{} beside {}", to_string(part.shape()), to_string(leader->shape()));
    parts.push_back(importer.in_order(part, order));
  }
  importer.set_in_order(node, 0, importer.add(node, "concat", parts, {{"dim", position(order, axis)}}).front(), order);
}

// A box of x, given in the file's dimensions; strides may be left out.
Ref slice(Importer& importer, const OnnxNode& node, ImportedValue& x, const std::vector<int64_t>& order, const Box& box) {
  Shape offsets, sizes, strides;
  for (const int64_t d : order) {
    const auto i = static_cast<size_t>(d);
    offsets.push_back(box.offsets[i]);
    sizes.push_back(box.sizes[i]);
    strides.push_back(box.strides[i]);
  }
  Attributes attributes{{"offsets", offsets}, {"sizes", sizes}};
  if (std::ranges::any_of(strides, [](int64_t stride) { return stride != 1; })) attributes.emplace_back("strides", strides);
  const Ref input = importer.in_order(x, order);
  return importer.add(node, "slice", {input}, attributes).front();
}

void import_slice(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Box box = box_of(importer, node, x.shape());
  if (box.sizes == x.shape() && std::ranges::all_of(box.strides, [](int64_t stride) { return stride == 1; }))
    return importer.set_same(node, 0, x);
  for (size_t i = 0; i < box.sizes.size(); ++i) {
    if (box.sizes[i] < 1) importer.complain(node, "nothing is left of dimension {} of {}", i, to_string(x.shape()));
    if (box.strides[i] < 0) importer.complain(node, "a step of {}; fovea has steps of 1 and more", box.strides[i]);
  }
  const std::vector<int64_t> order = importer.some_order(x);
  importer.set_in_order(node, 0, slice(importer, node, x, order, box), order);
}

void import_split(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> order = importer.some_order(x);
  const auto axis = static_cast<size_t>(importer.dimension(node, importer.integer(node, "axis", 0), x.rank()));
  const Shape shape = x.shape();
  std::vector<int64_t> parts;
  if (importer.has_input(node, 1)) {
    parts = importer.integers(node, 1);
  } else {
    const auto count = static_cast<int64_t>(node.outputs.size()), each = count < 1 ? 0 : (shape[axis] + count - 1) / count;
    for (int64_t rest = shape[axis]; rest > 0; rest -= each) parts.push_back(std::min(each, rest));
  }
  int64_t sum = 0;
  for (const int64_t part : parts) {
    if (part < 1 || part > shape[axis] - sum)
      importer.complain(node, "parts {} of dimension {} of {}", to_string(parts), axis, to_string(shape));
    sum += part;
  }
  if (sum != shape[axis] || parts.size() != node.outputs.size())
    importer.complain(node, "parts {} of dimension {} of {}, for {} results", to_string(parts), axis, to_string(shape),
                      node.outputs.size());
  Box box{.offsets = Shape(shape.size(), 0), .sizes = shape, .strides = Shape(shape.size(), 1)};
  for (size_t i = 0; i < parts.size(); ++i) {
    box.sizes[axis] = parts[i];
    if (!node.outputs[i].empty()) importer.set_in_order(node, i, slice(importer, node, x, order, box), order);
    box.offsets[axis] += parts[i];
  }
}

// One position of a dimension, or a run of neighbours.
void import_gather(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const auto axis = static_cast<size_t>(importer.dimension(node, importer.integer(node, "axis", 0), x.rank()));
  std::vector<int64_t> indices = importer.integers(node, 1);
  const Shape index_shape = importer.constant(node, 1).shape();
  const int64_t extent = x.shape()[axis];
  for (int64_t& index : indices) index += index < 0 ? extent : 0;
  const bool run = !indices.empty() && indices.front() >= 0 && indices.back() < extent &&
                   std::ranges::adjacent_find(indices, [](int64_t a, int64_t b) { return b != a + 1; }) == indices.end();
  if (!run || index_shape.size() > 1) importer.complain(node, "indices of data that are no run of neighbours");
  Box box{.offsets = Shape(x.shape().size(), 0), .sizes = x.shape(), .strides = Shape(x.shape().size(), 1)};
  box.offsets[axis] = indices.front();
  box.sizes[axis] = static_cast<int64_t>(indices.size());
  const std::vector<int64_t> order = importer.some_order(x);
  const Ref y = slice(importer, node, x, order, box);
  if (!index_shape.empty()) return importer.set_in_order(node, 0, y, order);
  Shape shape = box.sizes;
  shape.erase(shape.begin() + static_cast<int64_t>(axis));
  importer.set(node, 0, y, *Layout::permuted(importer.shape_of(y), inverse(order)).reshaped(shape));
}

void import_pad(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  if (const std::string mode = importer.text(node, "mode", "constant"); mode != "constant")
    importer.complain(node, "mode \"{}\"; fovea pads with a constant", mode);
  const std::vector<int64_t> pads = importer.integers(node, 1);
  std::vector<int64_t> axes(static_cast<size_t>(x.rank()));
  std::iota(axes.begin(), axes.end(), 0);
  if (importer.has_input(node, 3)) axes = importer.integers(node, 3);
  if (pads.size() != 2 * axes.size()) importer.complain(node, "pads {} for {} dimensions", to_string(pads), axes.size());
  const std::vector<int64_t> order = importer.some_order(x);
  std::vector<int64_t> padding(2 * order.size(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto place = static_cast<size_t>(position(order, importer.dimension(node, axes[i], x.rank())));
    const int64_t before = pads[i], after = pads[axes.size() + i];
    if (before < 0 || after < 0 || before > 1 << 24 || after > 1 << 24)
      importer.complain(node, "pads {}; fovea pads by 0 and more", to_string(pads));
    padding[2 * place] = before;
    padding[2 * place + 1] = after;
  }
  if (std::ranges::all_of(padding, [](int64_t cells) { return cells == 0; })) return importer.set_same(node, 0, x);
  const double value = importer.has_input(node, 2) ? importer.number(node, 2) : 0.0;
  const Ref input = importer.in_order(x, order);
  importer.set_in_order(node, 0, importer.add(node, "pad", {input}, {{"padding", padding}, {"value", value}}).front(), order);
}

void import_expand(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  Shape shape = expanded_shape(importer, node, x.shape());
  Shape own(shape.size() - x.shape().size(), 1);
  const Shape given = x.shape();
  own.insert(own.end(), given.begin(), given.end());
  ImportedValue padded = x;
  padded.layout = *x.layout.reshaped(own);
  const std::vector<int64_t> order = importer.some_order(padded);
  Shape target;
  for (const int64_t d : order) target.push_back(shape[static_cast<size_t>(d)]);
  const Ref input = importer.in_order(padded, order);
  importer.set_in_order(node, 0, importer.add(node, "broadcast", {input}, {{"shape", target}}).front(), order);
}

// [n, c, h * b, w * b] from [n, c * b * b, h, w], and back: ONNX writes both as reshape, transposition, reshape.
void import_blocks(Importer& importer, const OnnxNode& node, bool to_space) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t block = importer.integer(node, "blocksize", 0);
  const Shape s = x.shape();
  if (s.size() != 4 || block < 1 || block > 1 << 12 || (to_space ? s[1] % (block * block) : s[2] % block + s[3] % block) != 0)
    importer.complain(node, "blocks of {} in an input {}", block, to_string(s));
  const bool depth_first = importer.text(node, "mode", "DCR") == "DCR";
  Shape split, whole;
  std::vector<int64_t> permutation;
  if (to_space) {
    const int64_t depth = s[1] / block / block;
    split = depth_first ? Shape{s[0], block, block, depth, s[2], s[3]} : Shape{s[0], depth, block, block, s[2], s[3]};
    permutation = depth_first ? std::vector<int64_t>{0, 3, 4, 1, 5, 2} : std::vector<int64_t>{0, 1, 4, 2, 5, 3};
    whole = {s[0], depth, s[2] * block, s[3] * block};
  } else {
    split = {s[0], s[1], s[2] / block, block, s[3] / block, block};
    permutation = {0, 3, 5, 1, 2, 4};
    whole = {s[0], s[1] * block * block, s[2] / block, s[3] / block};
  }
  if (x.constant) return importer.complain(node, "blocks of a constant");
  std::optional<Layout> layout = x.layout.reshaped(split);
  if (layout) layout = layout->transposed(permutation).reshaped(whole);
  if (!layout) {
    importer.row_major(x);
    layout = x.layout.reshaped(split)->transposed(permutation).reshaped(whole);
  }
  if (!layout) importer.complain(node, "an input {} that does not divide", to_string(s));
  importer.set(node, 0, x.ref, *layout);
}

// The new height and width of an image, from sizes or from scales that give whole numbers.
Shape resized(Importer& importer, const OnnxNode& node, const Shape& shape) {
  Shape sizes;
  if (importer.has_input(node, 3)) {
    sizes = importer.integers(node, 3);
  } else {
    const Tensor& scales = importer.constant(node, 2);
    if (scales.dtype() != DType::f32 || scales.size() != static_cast<int64_t>(shape.size()))
      importer.complain(node, "scales {} for an input {}", to_string(scales.shape()), to_string(shape));
    for (size_t i = 0; i < shape.size(); ++i) {
      const double size = static_cast<double>(shape[i]) * static_cast<double>(scales.data<float>()[i]);
      if (!(size >= 1 && size <= 1 << 24) || size != std::floor(size))
        importer.complain(node, "a size of {}; fovea has whole ones", size);
      sizes.push_back(static_cast<int64_t>(size));
    }
  }
  if (sizes.size() == 4 && !sizes.empty() && sizes[0] == importer.old_batch()) sizes[0] = shape[0];
  const bool good = shape.size() == 4 && sizes.size() == 4 && sizes[0] == shape[0] && sizes[1] == shape[1] &&
                    std::ranges::all_of(sizes, [](int64_t size) { return size >= 1 && size <= 1 << 24; });
  if (!good) importer.complain(node, "{} resized to {}; fovea resizes height and width", to_string(shape), to_string(sizes));
  return {sizes[2], sizes[3]};
}

// Where both say the same: for nearest neighbours that depends on how ties are rounded.
void import_resize(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Shape shape = x.shape(), size = resized(importer, node, shape);
  const std::string mode = importer.text(node, "mode", "nearest"),
                    rounding = importer.text(node, "nearest_mode", "round_prefer_floor");
  const std::string place = importer.text(node, "coordinate_transformation_mode", "half_pixel");
  const bool corners = place == "align_corners", centres = place == "half_pixel" || place == "pytorch_half_pixel";
  const bool nearest = mode == "nearest", whole = size[0] % shape[2] == 0 && size[1] % shape[3] == 0;
  if (!corners && !centres && place != "asymmetric")
    importer.complain(node, "coordinates \"{}\"; fovea has half_pixel, asymmetric and align_corners", place);
  if (!nearest && mode != "linear") importer.complain(node, "mode \"{}\"; fovea has nearest and linear", mode);
  const bool ties = centres ? rounding == "round_prefer_ceil" || (rounding == "round_prefer_floor" && whole)
                            : rounding == (corners ? "round_prefer_ceil" : "floor");
  if (nearest && !ties) importer.complain(node, "{} with {} coordinates; fovea rounds otherwise", rounding, place);
  const Attributes attributes{{"size", size},
                              {"method", std::string(nearest ? "nearest" : "bilinear")},
                              {"align_corners", corners},
                              {"half_pixel_centers", centres}};
  importer.set_channels_last(node, 0, importer.add(node, "resize", {importer.channels_last(x)}, attributes).front());
}

}  // namespace

void add_shape_imports(ImportTable& table) {
  table["Reshape"] = import_reshape;
  table["Flatten"] = import_flatten;
  table["Squeeze"] = import_squeeze;
  table["Unsqueeze"] = import_unsqueeze;
  table["Transpose"] = import_transpose;
  table["Concat"] = import_concat;
  table["Slice"] = import_slice;
  table["Split"] = import_split;
  table["Gather"] = import_gather;
  table["Pad"] = import_pad;
  table["Expand"] = import_expand;
  table["Resize"] = import_resize;
  table["DepthToSpace"] = [](Importer& importer, const OnnxNode& node) { import_blocks(importer, node, true); };
  table["SpaceToDepth"] = [](Importer& importer, const OnnxNode& node) { import_blocks(importer, node, false); };
}

}  // namespace fovea
