// SPDX-License-Identifier: Apache-2.0
// Resize and Upsample: each dimension on its own, as a weighted sum of neighbors.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

// What a node specifies, in any opset.
struct Resizing {
  std::string mode, place, rounding;
  float cubic = -0.75F, outside = 0;
  bool exclude_outside = false, antialias = false, given_scales = false;
  Shape in, out;                // for each dimension of the file
  std::vector<float> scales;    // as in the file, or the ratio of sizes
  std::vector<float> from, to;  // the region of tf_crop_and_resize
};

// The neighbors along one dimension: result o is the sum over taps of weight[t][o] * x[cell[t][o]].
struct Taps {
  std::vector<std::vector<int64_t>> cells;
  std::vector<std::vector<float>> weights;  // empty: one neighbor with weight 1
  std::vector<bool> outside;                // cells that get the node's own value; empty: no cell
};

float coordinate(const Resizing& resizing, size_t d, int64_t cell) {
  const auto at = static_cast<float>(cell), in = static_cast<float>(resizing.in[d]), out = static_cast<float>(resizing.out[d]);
  const float scale = resizing.scales[d];
  const std::string& place = resizing.place;
  if (place == "asymmetric") return at / scale;
  if (place == "tf_half_pixel_for_nn") return (at + 0.5F) / scale;
  if (place == "align_corners") return resizing.out[d] == 1 ? 0.0F : at * (in - 1) / (out - 1);
  if (place == "tf_crop_and_resize") {
    const float from = resizing.from[d], to = resizing.to[d];
    return resizing.out[d] > 1 ? from * (in - 1) + at * (to - from) * (in - 1) / (out - 1) : 0.5F * (from + to) * (in - 1);
  }
  const float center = (at + 0.5F) / scale - 0.5F;
  if (place == "pytorch_half_pixel") return resizing.out[d] > 1 ? center : 0.0F;
  if (place == "half_pixel_symmetric") return in / 2 * (1 - out / (in * scale)) + center;
  return center;
}

int64_t nearest(const Resizing& resizing, float at, bool smaller) {
  if (resizing.rounding == "floor") return static_cast<int64_t>(std::floor(at));
  if (resizing.rounding == "ceil") return static_cast<int64_t>(std::ceil(at));
  if (resizing.rounding == "round_prefer_ceil") return static_cast<int64_t>(std::floor(at + 0.5F));
  // Before opset 11: rounded up when the image gets smaller.
  if (resizing.rounding == "simple") return static_cast<int64_t>(smaller ? std::ceil(at) : at);
  return static_cast<int64_t>(std::ceil(at - 0.5F));
}

// The weight of a neighbor at a distance, in cells of the coarser of the two images.
float weight_at(const Resizing& resizing, float distance) {
  const float x = std::abs(distance), a = resizing.cubic;
  if (resizing.mode == "linear") return std::max(1 - x, 0.0F);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

// With antialiasing, a smaller image takes all neighbors that become one cell into account.
Taps weighted_taps(const Resizing& resizing, size_t d) {
  const int64_t in = resizing.in[d], out = resizing.out[d];
  const float narrow = resizing.antialias ? std::min(resizing.scales[d], 1.0F) : 1.0F;
  const float reach = (resizing.mode == "linear" ? 1.0F : 2.0F) / narrow;
  const auto count = static_cast<size_t>(2 * std::ceil(reach));
  Taps taps{.cells = std::vector(count, std::vector<int64_t>(static_cast<size_t>(out))),
            .weights = std::vector(count, std::vector<float>(static_cast<size_t>(out))),
            .outside = {}};
  for (int64_t o = 0; o < out; ++o) {
    float at = coordinate(resizing, d, o);
    if (resizing.place == "tf_crop_and_resize") taps.outside.push_back(at < 0 || at > static_cast<float>(in - 1));
    if (resizing.mode == "linear" && !resizing.antialias) at = std::clamp(at, 0.0F, static_cast<float>(in - 1));
    const float whole = std::floor(at);
    const int64_t first = static_cast<int64_t>(whole) - static_cast<int64_t>(count) / 2 + 1;
    float sum = 0;
    for (size_t t = 0; t < count; ++t) {
      const int64_t cell = first + static_cast<int64_t>(t);
      const bool counts = !resizing.exclude_outside || (cell >= 0 && cell < in);
      const float weight = counts ? weight_at(resizing, (static_cast<float>(cell) - at) * narrow) : 0.0F;
      taps.cells[t][static_cast<size_t>(o)] = std::clamp<int64_t>(cell, 0, in - 1);
      taps.weights[t][static_cast<size_t>(o)] = weight;
      sum += weight;
    }
    if (resizing.antialias || resizing.exclude_outside)
      for (std::vector<float>& weights : taps.weights) weights[static_cast<size_t>(o)] /= sum;
  }
  return taps;
}

Taps taps_of(const Resizing& resizing, size_t d) {
  if (resizing.mode != "nearest") return weighted_taps(resizing, d);
  Taps taps{.cells = {{}}, .weights = {}, .outside = {}};
  for (int64_t o = 0; o < resizing.out[d]; ++o) {
    const float at = coordinate(resizing, d, o);
    if (resizing.place == "tf_crop_and_resize") taps.outside.push_back(at < 0 || at > static_cast<float>(resizing.in[d] - 1));
    const int64_t cell = nearest(resizing, at, resizing.scales[d] < 1);
    taps.cells[0].push_back(std::clamp<int64_t>(cell, 0, resizing.in[d] - 1));
  }
  return taps;
}

// Numbers along a dimension, for broadcasting.
Ref along(Importer& importer, const std::vector<float>& numbers, size_t dim, size_t rank) {
  Shape shape(rank, 1);
  shape[dim] = std::ssize(numbers);
  Tensor tensor(shape, DType::f32);
  std::ranges::copy(numbers, tensor.data<float>());
  return importer.known(tensor);
}

// With many taps, the sum is one product with a matrix of weights.
Ref multiplied(Importer& importer, Composite& c, Ref x, size_t dim, const Taps& taps) {
  const Shape shape = c.shape_of(x);
  const int64_t in = shape[dim], out = std::ssize(taps.cells[0]);
  c.spend(element_count(Shape{in, out}) * 4);
  Tensor matrix({in, out}, DType::f32);
  for (size_t t = 0; t < taps.cells.size(); ++t)
    for (size_t o = 0; o < taps.cells[t].size(); ++o)
      matrix.data<float>()[taps.cells[t][o] * out + static_cast<int64_t>(o)] += taps.weights[t][o];
  std::vector<int64_t> order = identity_order(std::ssize(shape));
  std::swap(order[dim], order.back());
  const auto swapped = [&](Ref value) {
    return dim + 1 == shape.size() ? value : c(ops::Transpose{.input = value, .permutation = order});
  };
  const Ref turned = swapped(x);
  Shape result = c.shape_of(turned);
  const Ref rows = c.reshape(turned, {element_count(shape) / in, in});
  result.back() = out;
  return swapped(c.reshape(c(ops::Dense{rows, importer.known(matrix)}), result));
}

Ref resized_along(Importer& importer, Composite& c, const Resizing& resizing, Ref x, size_t dim, size_t d) {
  constexpr size_t few = 4;
  // The file determines how many numbers this takes, so they are counted.
  const double neighborhood = resizing.antialias ? 4 * std::max(1.0 / static_cast<double>(resizing.scales[d]), 1.0) : 4.0;
  c.spend(static_cast<int64_t>(std::min(neighborhood, 0x1p30)) * resizing.out[d] * 16);
  const Taps taps = taps_of(resizing, d);
  const size_t rank = c.shape_of(x).size();
  const auto neighbors = [&](const std::vector<int64_t>& cells) {
    Tensor places({std::ssize(cells)}, DType::i64);
    std::ranges::copy(cells, places.data<int64_t>());
    return c(ops::Gather{.input = x, .indices = importer.known(places), .dim = static_cast<int64_t>(dim)});
  };
  Ref y;
  if (taps.weights.empty()) {
    y = neighbors(taps.cells[0]);
  } else if (taps.cells.size() > few) {
    y = multiplied(importer, c, x, dim, taps);
  } else {
    for (size_t t = 0; t < taps.cells.size(); ++t) {
      const Ref term = c.mul(neighbors(taps.cells[t]), along(importer, taps.weights[t], dim, rank));
      y = t == 0 ? term : c.add(y, term);
    }
  }
  if (std::ranges::find(taps.outside, true) == taps.outside.end()) return y;
  const Ref outside = along(importer, std::vector<float>(taps.outside.begin(), taps.outside.end()), dim, rank);
  return c.select(outside, "ne", 0, resizing.outside, y);
}

// The sizes and scales of all dimensions, from one of the two; `axes` are those that the node specifies.
void read_sizes(Importer& importer, const OnnxNode& node, Resizing& resizing, const std::vector<int64_t>& axes,
                const std::vector<float>& scales, const std::vector<int64_t>& sizes) {
  const std::string policy = importer.text(node, "keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch" && policy != "not_larger" && policy != "not_smaller")
    importer.complain(node, "keep_aspect_ratio_policy is \"{}\"; it must be stretch, not_larger or not_smaller", policy);
  const bool by_scale = !scales.empty();
  if ((by_scale ? scales.size() : sizes.size()) != axes.size())
    importer.complain(node, "{} {} for {} dimensions", by_scale ? scales.size() : sizes.size(), by_scale ? "scales" : "sizes",
                      axes.size());
  float common = policy == "not_smaller" ? 0.0F : std::numeric_limits<float>::max();
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto d = static_cast<size_t>(axes[i]);
    const float scale = by_scale ? scales[i] : static_cast<float>(sizes[i]) / static_cast<float>(resizing.in[d]);
    common = policy == "not_smaller" ? std::max(common, scale) : std::min(common, scale);
    resizing.scales[d] = scale;
    // Exporters write down the batch when a file was made for one batch.
    if (!by_scale && d == 0 && sizes[i] == importer.old_batch()) resizing.scales[d] = 1;
  }
  for (const int64_t axis : axes) {
    const auto d = static_cast<size_t>(axis), i = static_cast<size_t>(std::ranges::find(axes, axis) - axes.begin());
    double size =
        by_scale ? std::floor(static_cast<float>(resizing.in[d]) * resizing.scales[d]) : static_cast<double>(sizes[i]);
    if (!by_scale && d == 0 && resizing.scales[d] == 1) size = static_cast<double>(resizing.in[d]);
    if (!by_scale && policy != "stretch") {
      resizing.scales[d] = common;
      size = std::floor(static_cast<float>(resizing.in[d]) * common + 0.5F);
    }
    // The specification of ONNX divides by the whole size, but its own test cases by the fraction.
    if (by_scale && resizing.place == "align_corners" &&
        static_cast<float>(resizing.in[d]) * scales[i] != static_cast<float>(size))
      importer.complain(node, "align_corners by the scale {} of {} cells, which ONNX leaves open; give sizes", scales[i],
                        resizing.in[d]);
    if (!(resizing.scales[d] > 0) || !(size >= 1 && size <= 1 << 24))
      importer.complain(node, "a size of {} by the scale {}", size, resizing.scales[d]);
    resizing.out[d] = static_cast<int64_t>(size);
  }
  resizing.given_scales = by_scale;
}

void read_region(Importer& importer, const OnnxNode& node, Resizing& resizing, const std::vector<int64_t>& axes) {
  const bool given = importer.has_input(node, 1);
  if (resizing.place != "tf_crop_and_resize") return;  // other modes have no region
  const Tensor* region = given ? &importer.constant(node, 1) : nullptr;
  if (region == nullptr || region->dtype() != DType::f32 || region->size() != 2 * std::ssize(axes))
    importer.complain(node, "no region for {} dimensions", axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    resizing.from[static_cast<size_t>(axes[i])] = region->data<float>()[i];
    resizing.to[static_cast<size_t>(axes[i])] = region->data<float>()[i + axes.size()];
  }
}

std::vector<float> floats_of(Importer& importer, const OnnxNode& node, size_t input) {
  if (!importer.has_input(node, input)) return {};
  const Tensor& tensor = importer.constant(node, input);
  if (tensor.dtype() != DType::f32) importer.complain(node, "scales are {}; f32 is needed", name(tensor.dtype()));
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

// Resize since opset 11.
Resizing read_resize(Importer& importer, const OnnxNode& node, const Shape& shape) {
  const size_t rank = shape.size();
  Resizing resizing{.mode = importer.text(node, "mode", "nearest"),
                    .place = importer.text(node, "coordinate_transformation_mode", "half_pixel"),
                    .rounding = importer.text(node, "nearest_mode", "round_prefer_floor"),
                    .cubic = importer.number(node, "cubic_coeff_a", -0.75F),
                    .outside = importer.number(node, "extrapolation_value", 0.0F),
                    .exclude_outside = importer.integer(node, "exclude_outside", 0) != 0,
                    .antialias = importer.integer(node, "antialias", 0) != 0,
                    .in = shape,
                    .out = shape,
                    .scales = std::vector<float>(rank, 1),
                    .from = std::vector<float>(rank, 0),
                    .to = std::vector<float>(rank, 1)};
  std::vector<int64_t> axes = importer.integers(node, "axes", identity_order(static_cast<int64_t>(rank)));
  for (int64_t& axis : axes) axis = importer.dimension(node, axis, static_cast<int64_t>(rank));
  const std::vector<float> scales = floats_of(importer, node, 2);
  const std::vector<int64_t> sizes = importer.has_input(node, 3) ? importer.integers(node, 3) : std::vector<int64_t>{};
  if (scales.empty() == sizes.empty()) importer.complain(node, "scales or sizes, one of both, is needed");
  read_sizes(importer, node, resizing, axes, scales, sizes);
  read_region(importer, node, resizing, axes);
  return resizing;
}

// Upsample, and Resize of opset 10: scales alone, with cells placed by their corners.
Resizing read_upsample(Importer& importer, const OnnxNode& node, const Shape& shape) {
  const size_t rank = shape.size();
  Resizing resizing{.mode = importer.text(node, "mode", "nearest"),
                    .place = "asymmetric",
                    .rounding = "simple",
                    .in = shape,
                    .out = shape,
                    .scales = std::vector<float>(rank, 1),
                    .from = {},
                    .to = {}};
  const std::vector<float> scales = importer.opset() < 9 ? importer.numbers(node, "scales", {}) : floats_of(importer, node, 1);
  if (scales.empty()) importer.complain(node, "no scales");
  read_sizes(importer, node, resizing, identity_order(static_cast<int64_t>(rank)), scales, {});
  return resizing;
}

void check(Importer& importer, const OnnxNode& node, const Resizing& resizing) {
  const std::vector<std::string> places{"half_pixel",         "pytorch_half_pixel",   "align_corners",       "asymmetric",
                                        "tf_crop_and_resize", "half_pixel_symmetric", "tf_half_pixel_for_nn"},
      roundings{"floor", "ceil", "round_prefer_floor", "round_prefer_ceil", "simple"};
  if (std::ranges::find(places, resizing.place) == places.end()) importer.complain(node, "coordinates \"{}\"", resizing.place);
  if (std::ranges::find(roundings, resizing.rounding) == roundings.end())
    importer.complain(node, "nearest_mode \"{}\"", resizing.rounding);
  if (resizing.mode != "nearest" && resizing.mode != "linear" && resizing.mode != "cubic")
    importer.complain(node, "mode \"{}\"; it must be nearest, linear or cubic", resizing.mode);
  if (resizing.exclude_outside && resizing.mode != "cubic")
    importer.complain(node, "exclude_outside is for the mode cubic alone");
  if (resizing.antialias && (resizing.mode == "nearest" || resizing.place == "tf_crop_and_resize"))
    importer.complain(node, "antialias is for the modes linear and cubic, and whole images");
}

// fovea.resize, without its operand, when it does the same: equal sizes, positions and rounding.
std::optional<ops::Resize> as_operator(const Resizing& resizing) {
  const Shape &in = resizing.in, &out = resizing.out;
  if (in.size() != 4 || in[0] != out[0] || in[1] != out[1] || resizing.antialias || resizing.mode == "cubic")
    return std::nullopt;
  for (size_t d = 0; d < 4; ++d)
    if (static_cast<float>(in[d]) * resizing.scales[d] != static_cast<float>(out[d])) return std::nullopt;
  const bool corners = resizing.place == "align_corners", plain = resizing.place == "asymmetric";
  const bool centers = resizing.place == "half_pixel" || (resizing.place == "pytorch_half_pixel" && out[2] > 1 && out[3] > 1);
  if (!corners && !plain && !centers) return std::nullopt;
  const bool near = resizing.mode == "nearest", whole = out[2] % in[2] == 0 && out[3] % in[3] == 0;
  const std::string& rounding = resizing.rounding;
  const bool ties = centers   ? rounding == "round_prefer_ceil" || (rounding == "round_prefer_floor" && whole)
                    : corners ? rounding == "round_prefer_ceil"
                              : rounding == "floor" || (rounding == "simple" && whole);
  if (near && !ties) return std::nullopt;
  return ops::Resize{.size = {out[2], out[3]},
                     .method = near ? "nearest" : "bilinear",
                     .align_corners = corners,
                     .half_pixel_centers = centers};
}

void import_resize(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const bool old = node.type == "Upsample" || importer.opset() < 11;
  const Resizing resizing = old ? read_upsample(importer, node, x.shape()) : read_resize(importer, node, x.shape());
  check(importer, node, resizing);
  if (std::optional<ops::Resize> resize = as_operator(resizing)) {
    resize->input = importer.channels_last(x);
    return importer.set_channels_last(node, 0, importer.add(node, *resize));
  }
  const std::vector<int64_t> order = importer.some_order(x);
  Ref y = importer.in_order(x, order);
  Composite c(importer, node);
  for (size_t dim = 0; dim < order.size(); ++dim) {
    const auto d = static_cast<size_t>(order[dim]);
    const bool region = resizing.place == "tf_crop_and_resize" && (resizing.from[d] != 0 || resizing.to[d] != 1);
    if (resizing.in[d] == resizing.out[d] && resizing.scales[d] == 1 && !region) continue;
    y = resized_along(importer, c, resizing, y, dim, d);
  }
  importer.set_in_order(node, 0, y, order);
}

}  // namespace

void add_resize_imports(ImportTable& table) {
  table["Resize"] = import_resize;
  table["Upsample"] = import_resize;
}

}  // namespace fovea
