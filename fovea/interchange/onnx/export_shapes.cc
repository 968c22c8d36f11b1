// SPDX-License-Identifier: Apache-2.0
// Operators that only change a shape, reductions and softmax.
#include <algorithm>
#include <limits>
#include <numeric>

#include "fovea/core/tensor_permute.h"
#include "fovea/graph/operators.h"
#include "fovea/interchange/onnx/exporter.h"

namespace fovea {
namespace {

int64_t position(const std::vector<int64_t>& order, int64_t dimension) {
  return std::ranges::find(order, dimension) - order.begin();
}

void export_reshape(Exporter& exporter, const FusedLayer& layer) {
  ExportedValue& x = exporter.value(layer.node.operands[0]);
  const Shape shape = exporter.shape(layer.output);
  if (x.constant) return exporter.set_constant(layer.output, x.name, x.constant->reshaped(shape));
  if (const std::optional<Layout> layout = x.layout.reshaped(shape))
    return exporter.set(layer.output, x.name, x.shape, *layout);
  const std::vector<int64_t> order = identity_order(static_cast<int64_t>(shape.size()));
  exporter.stored(x, identity_order(x.layout.rank()));
  const std::string y = exporter.add(layer.node.layer, "Reshape", {x.name, exporter.integers(shape)});
  exporter.set(layer.output, y, shape, ordered_layout(shape, order));
}

void export_transpose(Exporter& exporter, const FusedLayer& layer) {
  const ExportedValue& x = exporter.value(layer.node.operands[0]);
  const std::vector<int64_t> permutation = layer.node.get("permutation", std::vector<int64_t>{});
  if (x.constant) return exporter.set_constant(layer.output, x.name, permuted(*x.constant, permutation));
  exporter.set(layer.output, x.name, x.shape, x.layout.transposed(permutation));
}

void export_broadcast(Exporter& exporter, const FusedLayer& layer) {
  ExportedValue x = exporter.value(layer.node.operands[0]);
  const Shape shape = exporter.shape(layer.output);
  const Shape given = x.layout.shape();
  Shape own(shape.size() - given.size(), 1);
  own.insert(own.end(), given.begin(), given.end());
  x.layout = *x.layout.reshaped(own);
  if (x.constant) x.constant = x.constant->reshaped(own);
  const std::vector<int64_t> order = exporter.some_order(x);
  const std::string input = exporter.in_order(x, order);
  exporter.set_in_order(
      layer.output, exporter.add(layer.node.layer, "Expand", {input, exporter.integers(ordered_shape(shape, order))}), order);
}

void export_concat(Exporter& exporter, const FusedLayer& layer) {
  const std::vector<int64_t> order = exporter.some_order(exporter.value(layer.node.operands[0]));
  std::vector<std::string> inputs;
  for (const Ref part : layer.node.operands) inputs.push_back(exporter.in_order(part, order));
  const int64_t axis = position(order, layer.node.get("dim", int64_t{0}));
  exporter.set_in_order(layer.output, exporter.add(layer.node.layer, "Concat", inputs, {{"axis", axis}}), order);
}

void export_slice(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0];
  const Shape shape = exporter.shape(x), offsets = layer.node.get("offsets", Shape{}), sizes = layer.node.get("sizes", Shape{});
  Shape strides = layer.node.get("strides", Shape{});
  if (strides.size() < shape.size()) strides.assign(shape.size(), strides.empty() ? 1 : strides[0]);
  const std::vector<int64_t> order = exporter.some_order(exporter.value(x));
  std::vector<int64_t> starts, ends, axes, steps;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (offsets[d] == 0 && sizes[d] == shape[d]) continue;
    starts.push_back(offsets[d]);
    ends.push_back(offsets[d] + (sizes[d] - 1) * strides[d] + 1);
    axes.push_back(position(order, static_cast<int64_t>(d)));
    steps.push_back(strides[d]);
  }
  const std::vector<std::string> inputs{exporter.in_order(x, order), exporter.integers(starts), exporter.integers(ends),
                                        exporter.integers(axes), exporter.integers(steps)};
  exporter.set_in_order(layer.output, axes.empty() ? inputs[0] : exporter.add(layer.node.layer, "Slice", inputs), order);
}

void export_pad(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0];
  const std::vector<int64_t> padding = layer.node.get("padding", std::vector<int64_t>{}),
                             order = exporter.some_order(exporter.value(x));
  std::vector<int64_t> pads(padding.size());
  for (size_t i = 0; i < order.size(); ++i) {
    pads[i] = padding[2 * static_cast<size_t>(order[i])];
    pads[order.size() + i] = padding[2 * static_cast<size_t>(order[i]) + 1];
  }
  const std::vector<std::string> inputs{exporter.in_order(x, order), exporter.integers(pads),
                                        exporter.number(static_cast<float>(layer.node.get("value", 0.0)))};
  exporter.set_in_order(layer.output, exporter.add(layer.node.layer, "Pad", inputs), order);
}

// A reduction over all spatial dimensions is written as a global pooling, which runtimes support best. Its result is [n, c, 1,
// 1] where the graph has [n, c].
bool export_global_pool(Exporter& exporter, const FusedLayer& layer, const char* type, std::vector<int64_t> dims) {
  const Ref x = layer.node.operands[0];
  const int64_t rank = exporter.rank(x);
  std::vector<int64_t> spatial(static_cast<size_t>(std::max<int64_t>(rank - 2, 0)));
  std::iota(spatial.begin(), spatial.end(), 1);
  std::ranges::sort(dims);
  if (rank < 3 || dims != spatial) return false;
  const std::string y = exporter.add(layer.node.layer, type, {exporter.channels_first(x)});
  Shape pooled(static_cast<size_t>(rank), 1);
  const Shape shape = exporter.shape(x);
  pooled[0] = shape[0];
  pooled[1] = shape.back();
  const std::optional<Layout> layout = Layout::row_major({shape[0], shape.back()}).reshaped(exporter.shape(layer.output));
  exporter.set_reals(layer.output, y, pooled, *layout);
  return true;
}

void export_reduction(Exporter& exporter, const FusedLayer& layer, const char* type, const char* global) {
  const Ref x = layer.node.operands[0];
  const std::vector<int64_t> dims = layer.node.get("dims", std::vector<int64_t>{});
  if (global != nullptr && export_global_pool(exporter, layer, global, dims)) return;
  const std::vector<int64_t> order = exporter.some_order(exporter.value(x));
  std::vector<int64_t> axes, rest;
  for (size_t i = 0; i < order.size(); ++i) {
    if (std::ranges::find(dims, order[i]) != dims.end())
      axes.push_back(static_cast<int64_t>(i));
    else
      rest.push_back(order[i]);
  }
  const bool keep = layer.node.get("keep_dims", false);
  std::vector<std::string> inputs{exporter.in_order(x, order)};
  std::map<std::string, OnnxAttribute> attributes{{"keepdims", int64_t{keep}}};
  // In opset 13 only ReduceSum takes its axes as an input.
  if (std::string(type) == "ReduceSum")
    inputs.push_back(exporter.integers(axes));
  else
    attributes["axes"] = axes;
  const std::string y = exporter.add(layer.node.layer, type, inputs, attributes);
  if (keep) return exporter.set_in_order(layer.output, y, order);
  std::vector<int64_t> sorted = rest;
  std::ranges::sort(sorted);
  for (int64_t& d : rest) d = position(sorted, d);
  exporter.set_in_order(layer.output, y, rest);
}

// The softmax runs along the graph's last dimension, wherever the file has it.
void export_softmax(Exporter& exporter, const FusedLayer& layer, const char* type) {
  const Ref x = layer.node.operands[0];
  const std::vector<int64_t> order = exporter.some_order(exporter.value(x));
  const std::string input = exporter.in_order(x, order);
  exporter.set_in_order(
      layer.output, exporter.add(layer.node.layer, type, {input}, {{"axis", position(order, exporter.rank(x) - 1)}}), order);
}

// Resizes images. The sizes are given in the file's dimension order.
void export_resize(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0];
  const bool nearest = layer.node.get("method", std::string("bilinear")) == "nearest";
  const bool corners = layer.node.get("align_corners", false), centers = layer.node.get("half_pixel_centers", false);
  std::map<std::string, OnnxAttribute> attributes{{"mode", std::string(nearest ? "nearest" : "linear")},
                                                  {"coordinate_transformation_mode", std::string(corners   ? "align_corners"
                                                                                                 : centers ? "half_pixel"
                                                                                                           : "asymmetric")}};
  if (nearest) attributes["nearest_mode"] = std::string(corners || centers ? "round_prefer_ceil" : "floor");
  const Shape sizes = ordered_shape(exporter.shape(layer.output), channels_first_order(exporter.rank(x)));
  const std::string y =
      exporter.add(layer.node.layer, "Resize", {exporter.channels_first(x), "", "", exporter.integers(sizes)}, attributes);
  exporter.set_channels_first(layer.output, y);
}

// Negative indices count from the end in ONNX. In fovea they select nothing, but no graph that is read from a file has such
// indices.
void export_gather(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0], indices = layer.node.operands[1];
  const int64_t dim = layer.node.get("dim", int64_t{0}), places = exporter.rank(indices);
  // A list of positions leaves the order of the dimensions as it is.
  const std::vector<int64_t> order = places == 1 ? exporter.some_order(exporter.value(x)) : identity_order(exporter.rank(x));
  const std::string y = exporter.add(layer.node.layer, "Gather", {exporter.in_order(x, order), exporter.row_major(indices)},
                                     {{"axis", std::ranges::find(order, dim) - order.begin()}});
  exporter.set_in_order(layer.output, y, places == 1 ? order : identity_order(exporter.rank(x) - 1 + places));
}

void export_gather_elements(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0];
  const std::string y =
      exporter.add(layer.node.layer, "GatherElements", {exporter.row_major(x), exporter.row_major(layer.node.operands[1])},
                   {{"axis", layer.node.get("dim", int64_t{0})}});
  exporter.set_in_order(layer.output, y, identity_order(exporter.rank(x)));
}

// ONNX returns int64 indices, fovea int32.
void export_argmax(Exporter& exporter, const FusedLayer& layer) {
  const Ref x = layer.node.operands[0];
  const std::string index = exporter.add(layer.node.layer, "ArgMax", {exporter.row_major(x)},
                                         {{"axis", exporter.rank(x) - 1}, {"keepdims", int64_t{0}}});
  exporter.set_in_order(layer.output, exporter.add(layer.node.layer, "Cast", {index}, {{"to", int64_t{6}}}),
                        identity_order(exporter.rank(x) - 1));
}

}  // namespace

void add_shape_exports(ExportTable& table) {
  table[ops::Reshape::name] = export_reshape;
  table[ops::Transpose::name] = export_transpose;
  table[ops::Broadcast::name] = export_broadcast;
  table[ops::Concat::name] = export_concat;
  table[ops::Slice::name] = export_slice;
  table[ops::Pad::name] = export_pad;
  table[ops::Gather::name] = export_gather;
  table[ops::GatherElements::name] = export_gather_elements;
  table[ops::Argmax::name] = export_argmax;
  table[ops::Resize::name] = export_resize;
  const auto reduction = [&table](std::string_view operation, const char* type, const char* global) {
    table[operation] = [type, global](Exporter& exporter, const FusedLayer& layer) {
      export_reduction(exporter, layer, type, global);
    };
  };
  reduction(ops::ReduceMean::name, "ReduceMean", "GlobalAveragePool");
  reduction(ops::ReduceMax::name, "ReduceMax", "GlobalMaxPool");
  reduction(ops::ReduceMin::name, "ReduceMin", nullptr);
  reduction(ops::ReduceSum::name, "ReduceSum", nullptr);
  table[ops::Softmax::name] = [](Exporter& exporter, const FusedLayer& layer) { export_softmax(exporter, layer, "Softmax"); };
  table[ops::LogSoftmax::name] = [](Exporter& exporter, const FusedLayer& layer) {
    export_softmax(exporter, layer, "LogSoftmax");
  };
  table[ops::Constant::name] = [](Exporter& exporter, const FusedLayer& layer) {
    exporter.set_constant(layer.output, "constant", layer.node.get("value", Tensor()));
  };
}

}  // namespace fovea
