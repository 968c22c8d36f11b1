// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/shape_arguments.h"

#include <algorithm>
#include <numeric>

namespace fovea {
namespace {

// Axes from an attribute or an input, counted from the front; each at most once.
std::vector<int64_t> axes_of(Importer& importer, const OnnxNode& node, int64_t rank, std::vector<int64_t> otherwise) {
  std::vector<int64_t> axes =
      importer.has_input(node, 1) ? importer.integers(node, 1) : importer.integers(node, "axes", std::move(otherwise));
  for (int64_t& axis : axes) axis = importer.dimension(node, axis, rank);
  std::ranges::sort(axes);
  if (std::ranges::adjacent_find(axes) != axes.end()) importer.complain(node, "axes {} name one twice", to_string(axes));
  return axes;
}

}  // namespace

Shape reshaped_shape(Importer& importer, const OnnxNode& node, const Shape& input) {
  Shape shape = importer.integers(node, 1);
  const Shape given = shape;
  // Exporters write down the batch when a file was made for one batch.
  if (!shape.empty() && shape[0] == importer.old_batch() && !input.empty() && input[0] == importer.batch())
    shape[0] = importer.batch();
  const bool keep_zero = importer.integer(node, "allowzero", 0) != 0;
  const int64_t count = element_count(input);
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !keep_zero && i < input.size()) shape[i] = input[i];
    const bool fits = shape[i] == -1 ? open < 0 : shape[i] >= 1 && shape[i] <= std::max<int64_t>(count / known, 0);
    if (!fits) importer.complain(node, "the shape {} for an input {}", to_string(given), to_string(input));
    if (shape[i] == -1)
      open = static_cast<int64_t>(i);
    else
      known *= shape[i];
  }
  if (open >= 0) shape[static_cast<size_t>(open)] = count / known;
  if (element_count(shape) != count)
    importer.complain(node, "the shape {} for an input {}", to_string(given), to_string(input));
  return shape;
}

Shape squeezed_shape(Importer& importer, const OnnxNode& node, const Shape& input) {
  std::vector<int64_t> ones;
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == 1) ones.push_back(static_cast<int64_t>(i));
  }
  const std::vector<int64_t> axes = axes_of(importer, node, static_cast<int64_t>(input.size()), ones);
  Shape shape;
  for (size_t i = 0; i < input.size(); ++i) {
    const bool goes = std::ranges::find(axes, static_cast<int64_t>(i)) != axes.end();
    if (goes && input[i] != 1) importer.complain(node, "dimension {} of {} is not 1", i, to_string(input));
    if (!goes) shape.push_back(input[i]);
  }
  return shape;
}

Shape unsqueezed_shape(Importer& importer, const OnnxNode& node, const Shape& input) {
  const size_t count = importer.has_input(node, 1) ? importer.integers(node, 1).size()
                                                   : importer.integers(node, "axes", std::vector<int64_t>{}).size();
  const size_t rank = input.size() + count;
  if (rank > 16) importer.complain(node, "a tensor of {} dimensions", rank);
  const std::vector<int64_t> axes = axes_of(importer, node, static_cast<int64_t>(rank), {});
  Shape shape = input;
  for (const int64_t axis : axes) shape.insert(shape.begin() + axis, 1);
  return shape;
}

Shape expanded_shape(Importer& importer, const OnnxNode& node, const Shape& input) {
  Shape wanted = importer.integers(node, 1);
  const Shape given = wanted;
  if (wanted.size() < input.size()) wanted.insert(wanted.begin(), input.size() - wanted.size(), 1);
  for (size_t i = 0; i < input.size(); ++i) {
    int64_t& extent = wanted[wanted.size() - 1 - i];
    const int64_t own = input[input.size() - 1 - i];
    if (extent == 1) extent = own;
    if (extent != own && own != 1) importer.complain(node, "{} expanded to {}", to_string(input), to_string(given));
  }
  if (std::ranges::any_of(wanted, [](int64_t extent) { return extent < 1; }))
    importer.complain(node, "an expansion to {}", to_string(given));
  element_count(wanted);  // fails on overflow
  return wanted;
}

std::vector<int64_t> permutation_of(Importer& importer, const OnnxNode& node, int64_t rank) {
  std::vector<int64_t> reversed(static_cast<size_t>(rank));
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const std::vector<int64_t> permutation = importer.integers(node, "perm", reversed);
  std::vector<int64_t> sorted = permutation;
  std::ranges::sort(sorted);
  std::ranges::reverse(reversed);
  if (sorted != reversed) importer.complain(node, "{} is no order of {} dimensions", to_string(permutation), rank);
  return permutation;
}

Box box_of(Importer& importer, const OnnxNode& node, const Shape& input) {
  // These are attributes before opset 10.
  const bool old = importer.opset() < 10;
  const std::vector<int64_t> none, starts = old ? importer.integers(node, "starts", none) : importer.integers(node, 1),
                                   ends = old ? importer.integers(node, "ends", none) : importer.integers(node, 2);
  std::vector<int64_t> axes(starts.size()), steps(starts.size(), 1);
  std::iota(axes.begin(), axes.end(), 0);
  if (old) axes = importer.integers(node, "axes", axes);
  if (importer.has_input(node, 3)) axes = importer.integers(node, 3);
  if (importer.has_input(node, 4)) steps = importer.integers(node, 4);
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size())
    importer.complain(node, "starts, ends, axes and steps of different lengths");
  Box box{.offsets = Shape(input.size(), 0), .sizes = input, .strides = Shape(input.size(), 1)};
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = static_cast<size_t>(importer.dimension(node, axes[i], static_cast<int64_t>(input.size())));
    const int64_t extent = input[axis], step = steps[i];
    if (step == 0 || step > 1 << 30 || step < -(1 << 30)) importer.complain(node, "a step of {}", step);
    const auto clipped = [&](int64_t at) {
      if (at < 0) at = at < -extent ? -1 : at + extent;
      return std::clamp<int64_t>(at, step > 0 ? 0 : -1, step > 0 ? extent : extent - 1);
    };
    // A start beyond the front is 0 for positive steps; with negative steps, such a slice ends before it.
    const int64_t start = clipped(starts[i]), end = clipped(ends[i]);
    const int64_t span = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    box.offsets[axis] = start;
    box.sizes[axis] = span > 0 ? (span + stride - 1) / stride : 0;
    box.strides[axis] = step;
  }
  return box;
}

}  // namespace fovea
