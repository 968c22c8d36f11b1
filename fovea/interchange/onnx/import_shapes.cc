// SPDX-License-Identifier: Apache-2.0
// The same numbers in other shapes, which mostly changes layouts and needs no operators.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fovea/core/tensor_permute.h"
#include "fovea/interchange/onnx/importer.h"
#include "fovea/interchange/onnx/shape_arguments.h"

namespace fovea {
namespace {

void set_reshaped(Importer& importer, const OnnxNode& node, ImportedValue& x, const Shape& shape) {
  if (x.constant) return importer.set_constant(node, 0, x.constant->reshaped(shape));
  std::optional<Layout> layout = x.layout.reshaped(shape);
  if (layout) return importer.set(node, 0, x.ref, *layout);
  const Ref ref = importer.row_major(x);
  const Ref y = importer.add(node, ops::Reshape{.input = ref, .shape = shape});
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
  if (x.constant) return importer.set_constant(node, 0, permuted(*x.constant, permutation));
  importer.set(node, 0, x.ref, x.layout.transposed(permutation));
}

// The position of the file's dimension in a tensor of that order.
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
  importer.set_in_order(node, 0, importer.add(node, ops::Concat{.inputs = parts, .dim = position(order, axis)}), order);
}

// A box of x, given in the file's dimensions; without strides, they are ones.
Ref slice(Importer& importer, const OnnxNode& node, ImportedValue& x, const std::vector<int64_t>& order, const Box& box) {
  Shape offsets, sizes, strides;
  for (const int64_t d : order) {
    const auto i = static_cast<size_t>(d);
    offsets.push_back(box.offsets[i]);
    sizes.push_back(box.sizes[i]);
    strides.push_back(box.strides[i]);
  }
  const bool steps = std::ranges::any_of(strides, [](int64_t stride) { return stride != 1; });
  return importer.add(
      node,
      ops::Slice{
          .input = importer.in_order(x, order), .offsets = offsets, .sizes = sizes, .strides = steps ? strides : Shape()});
}

void import_split(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const std::vector<int64_t> order = importer.some_order(x);
  const auto axis = static_cast<size_t>(importer.dimension(node, importer.integer(node, "axis", 0), x.rank()));
  const Shape shape = x.shape();
  std::vector<int64_t> parts = importer.integers(node, "split", std::vector<int64_t>{});  // before opset 13
  const auto count = static_cast<int64_t>(node.outputs.size());
  if (importer.integer(node, "num_outputs", count) != count)
    importer.complain(node, "num_outputs is not the number of its results, {}", count);
  if (importer.has_input(node, 1)) {
    parts = importer.integers(node, 1);
  } else if (parts.empty()) {
    const int64_t each = count < 1 ? 0 : (shape[axis] + count - 1) / count;
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
  importer.set_in_order(node, 0, importer.add(node, ops::Broadcast{.input = input, .shape = target}), order);
}

// [n, c, h * b, w * b] from [n, c * b * b, h, w], and back. ONNX defines both as reshape, transposition and reshape.
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

}  // namespace

void add_shape_imports(ImportTable& table) {
  table["Reshape"] = import_reshape;
  table["Flatten"] = import_flatten;
  table["Squeeze"] = import_squeeze;
  table["Unsqueeze"] = import_unsqueeze;
  table["Transpose"] = import_transpose;
  table["Concat"] = import_concat;
  table["Split"] = import_split;
  table["Expand"] = import_expand;
  table["DepthToSpace"] = [](Importer& importer, const OnnxNode& node) { import_blocks(importer, node, true); };
  table["SpaceToDepth"] = [](Importer& importer, const OnnxNode& node) { import_blocks(importer, node, false); };
}

}  // namespace fovea
