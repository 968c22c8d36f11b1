// SPDX-License-Identifier: Apache-2.0
// Convolutions and pooling: operators on [batch, channels, spatial...].
#include <algorithm>

#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

struct Window {
  std::vector<int64_t> size, strides, dilations;
  ops::Padding padding = "valid";
};

int64_t spatial_rank(Importer& importer, const OnnxNode& node, const ImportedValue& x) {
  const int64_t spatial = x.rank() - 2;
  if (spatial < 1 || spatial > 3)
    importer.complain(node, "its input is {}; [batch, channels, spatial...] with 1 to 3 spatial dimensions is needed",
                      to_string(x.shape()));
  return spatial;
}

// Checks for one number for each spatial dimension, in a range in which nothing computed from them overflows.
void check_numbers(Importer& importer, const OnnxNode& node, const char* what, const std::vector<int64_t>& numbers,
                   size_t count, int64_t least) {
  const bool good =
      numbers.size() == count && std::ranges::all_of(numbers, [&](int64_t n) { return n >= least && n <= 1 << 24; });
  if (!good) importer.complain(node, "{} {}; {} numbers from {} are needed", what, to_string(numbers), count, least);
}

// ONNX's [before..., after...] as [before, after] for each dimension.
std::vector<int64_t> interleaved(const std::vector<int64_t>& pads) {
  const size_t spatial = pads.size() / 2;
  std::vector<int64_t> result;
  for (size_t i = 0; i < spatial; ++i) result.insert(result.end(), {pads[i], pads[spatial + i]});
  return result;
}

// SAME_LOWER: the padding of TensorFlow's rule, but with the odd cell before.
std::vector<int64_t> same_lower(const Shape& extents, const Window& window) {
  std::vector<int64_t> padding;
  for (size_t i = 0; i < extents.size(); ++i) {
    const int64_t reach = (window.size[i] - 1) * window.dilations[i] + 1, stride = window.strides[i];
    const int64_t total = std::max<int64_t>(((extents[i] + stride - 1) / stride - 1) * stride + reach - extents[i], 0);
    padding.insert(padding.end(), {total - total / 2, total / 2});
  }
  return padding;
}

Window window_of(Importer& importer, const OnnxNode& node, const ImportedValue& x, std::vector<int64_t> size) {
  const auto spatial = static_cast<size_t>(spatial_rank(importer, node, x));
  const std::vector<int64_t> ones(spatial, 1);
  Window window{.size = std::move(size),
                .strides = importer.integers(node, "strides", ones),
                .dilations = importer.integers(node, "dilations", ones),
                .padding = "valid"};
  check_numbers(importer, node, "window", window.size, spatial, 1);
  check_numbers(importer, node, "strides", window.strides, spatial, 1);
  check_numbers(importer, node, "dilations", window.dilations, spatial, 1);
  const std::string rule = importer.text(node, "auto_pad", "NOTSET");
  const Shape shape = x.shape();
  if (rule == "SAME_UPPER") {
    window.padding = "same";
  } else if (rule == "SAME_LOWER") {
    window.padding = same_lower(Shape(shape.begin() + 2, shape.end()), window);
  } else if (rule == "NOTSET" || rule.empty()) {
    const std::vector<int64_t> pads = importer.integers(node, "pads", std::vector<int64_t>(2 * spatial, 0));
    check_numbers(importer, node, "pads", pads, 2 * spatial, 0);
    if (std::ranges::any_of(pads, [](int64_t n) { return n != 0; })) window.padding = interleaved(pads);
  } else if (rule != "VALID") {
    importer.complain(node, "auto_pad is \"{}\"; it must be NOTSET, SAME_UPPER, SAME_LOWER or VALID", rule);
  }
  return window;
}

Ref with_bias(Importer& importer, const OnnxNode& node, Ref y) {
  if (!importer.has_input(node, 2)) return y;
  return importer.add(node, ops::Add{y, importer.row_major(importer.input(node, 2))});
}

// ONNX's filter is [out, in / groups, taps...].
void import_conv(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& filter = importer.input(node, 1);
  ops::Conv conv = convolution_of(importer, node, x, filter.shape());
  conv.input = importer.channels_last(x);
  conv.filter = importer.in_order(filter, filter_order(x.rank()));
  const Ref y = importer.add(node, conv);
  importer.set_channels_last(node, 0, with_bias(importer, node, y));
}

// ONNX's filter is [in, out / groups, taps...].
void import_conv_transpose(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& filter = importer.input(node, 1);
  const Shape shape = filter.shape();
  if (static_cast<int64_t>(shape.size()) != x.rank() || shape.size() < 3)
    importer.complain(node, "filter {} for an input {}", to_string(shape), to_string(x.shape()));
  const auto spatial = static_cast<size_t>(x.rank() - 2);
  const Window window =
      window_of(importer, node, x, importer.integers(node, "kernel_shape", Shape(shape.begin() + 2, shape.end())));
  const std::vector<int64_t> extra = importer.integers(node, "output_padding", std::vector<int64_t>(spatial, 0));
  check_numbers(importer, node, "output_padding", extra, spatial, 0);
  std::vector<int64_t> padding(2 * spatial, 0), size;
  if (const auto* pairs = window.padding.cells()) padding = *pairs;
  const std::string rule = importer.text(node, "auto_pad", "NOTSET");
  const bool same = rule == "SAME_UPPER" || rule == "SAME_LOWER";
  std::vector<int64_t> wanted = importer.integers(node, "output_shape", std::vector<int64_t>{});
  if (wanted.size() == spatial + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);  // some files give the whole shape
  if (!wanted.empty()) check_numbers(importer, node, "output_shape", wanted, spatial, 1);
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t reach = (window.size[i] - 1) * window.dilations[i] + 1, in = x.shape()[i + 2];
    const int64_t whole = window.strides[i] * (in - 1) + extra[i] + reach;
    if (same || !wanted.empty()) {
      // The size comes first, and the padding is what exceeds it.
      size.push_back(wanted.empty() ? in * window.strides[i] : wanted[i]);
      const int64_t total = std::max<int64_t>(whole - size[i], 0);
      padding[2 * i] = rule == "SAME_UPPER" ? total / 2 : total - total / 2;
      padding[2 * i + 1] = total - padding[2 * i];
    } else {
      size.push_back(whole - padding[2 * i] - padding[2 * i + 1]);
    }
  }
  const Ref input = importer.channels_last(x);
  const Ref y = importer.add(node, ops::ConvTranspose{.input = input,
                                                      .filter = importer.in_order(filter, filter_order(x.rank())),
                                                      .strides = window.strides,
                                                      .dilations = window.dilations,
                                                      .groups = importer.integer(node, "group", 1),
                                                      .padding = padding,
                                                      .output_size = size});
  importer.set_channels_last(node, 0, with_bias(importer, node, y));
}

// ceil_mode: increases the padding up to the end of the last window that begins in the image or in the padding before it.
void widen(const Shape& extents, Window& window) {
  std::vector<int64_t> padding(2 * extents.size(), 0);
  if (const auto* pairs = window.padding.cells()) padding = *pairs;
  for (size_t i = 0; i < extents.size(); ++i) {
    const int64_t reach = (window.size[i] - 1) * window.dilations[i] + 1, stride = window.strides[i], before = padding[2 * i];
    const int64_t room = std::max<int64_t>(extents[i] + before + padding[2 * i + 1] - reach, 0);
    int64_t last = (room + stride - 1) / stride * stride;
    if (last >= extents[i] + before) last -= stride;
    const int64_t after = last + reach - extents[i] - before;
    padding[2 * i + 1] = std::max(padding[2 * i + 1], after);
  }
  window.padding = padding;
}

// The window of a pooling, and whether averages count padding.
struct Pooling {
  Window window;
  std::vector<int64_t> padding;  // as in the file, before ceil_mode: [before, after] of each spatial dimension
  bool count_padding = false;
  bool nothing = false;  // how PyTorch writes an adaptive pooling that has nothing to do
};

bool ones(const std::vector<int64_t>& numbers) {
  return std::ranges::all_of(numbers, [](int64_t n) { return n == 1; });
}

Pooling pooling_of(Importer& importer, const OnnxNode& node, const ImportedValue& x) {
  Pooling pooling{.window = window_of(importer, node, x, importer.integers(node, "kernel_shape", std::vector<int64_t>{}))};
  Window& window = pooling.window;
  pooling.count_padding = importer.integer(node, "count_include_pad", 0) != 0;
  const Shape shape = x.shape();
  pooling.nothing = ones(window.size) && ones(window.strides) && std::holds_alternative<std::string>(window.padding);
  pooling.padding.resize(2 * window.size.size());
  if (const auto* pairs = window.padding.cells()) pooling.padding = *pairs;
  const bool ceiling = importer.integer(node, "ceil_mode", 0) != 0 && window.padding.rule() != "same";
  for (size_t i = 0; ceiling && i < window.size.size(); ++i) {
    const int64_t reach = (window.size[i] - 1) * window.dilations[i] + 1;
    if (shape[i + 2] + pooling.padding[2 * i] + pooling.padding[2 * i + 1] + window.strides[i] <= reach)
      importer.complain(node, "a window that reaches over {} cells of a padded image {}", reach, to_string(shape));
  }
  if (ceiling) widen(Shape(shape.begin() + 2, shape.end()), window);
  return pooling;
}

// False when windows reach beyond what the file counts as padding, or skip cells: fovea has no operator for those averages.
bool is_plain_average(const Pooling& pooling) {
  const auto* pairs = pooling.window.padding.cells();
  const bool wider = pairs != nullptr && *pairs != pooling.padding;
  return ones(pooling.window.dilations) && !(pooling.count_padding && wider);
}

// The sum of every window, where padding counts as zeros.
Ref window_sums(Composite& c, Importer& importer, Ref x, const Window& window) {
  const double cells = static_cast<double>(element_count(window.size));
  if (ones(window.dilations)) {
    const Ref means = c(ops::AveragePool{
        .input = x, .window = window.size, .strides = window.strides, .padding = window.padding, .count_padding = true});
    return c.mul(means, cells);
  }
  Shape taps = window.size;
  const int64_t channels = importer.shape_of(x).back();
  taps.insert(taps.end(), {1, channels});
  c.spend(element_count(taps) * 4);
  Tensor filter(taps, DType::f32);
  std::ranges::fill(filter.values<float>(), 1.0F);
  return c(ops::Conv{.input = x,
                     .filter = importer.known(filter),
                     .strides = window.strides,
                     .dilations = window.dilations,
                     .groups = channels,
                     .padding = window.padding});
}

// How many cells of each window count along one dimension of size `extent`: those inside the image, or also those inside its
// padding.
std::vector<int64_t> counted_cells(const Pooling& pooling, size_t d, int64_t extent, int64_t windows) {
  const Window& window = pooling.window;
  const auto* pairs = window.padding.cells();
  const int64_t reach = (window.size[d] - 1) * window.dilations[d] + 1;
  // The padding before the image by TensorFlow's "same".
  const int64_t same = std::max<int64_t>((windows - 1) * window.strides[d] + reach - extent, 0) / 2;
  const bool valid = pairs == nullptr && window.padding.rule() == "valid";
  const int64_t before = pairs != nullptr ? (*pairs)[2 * d] : valid ? 0 : same;
  const int64_t first = pooling.count_padding ? -before : 0;
  const int64_t last =
      pooling.count_padding ? extent + (valid || pairs != nullptr ? pooling.padding[2 * d + 1] : reach) : extent;
  const auto steps = [&](int64_t distance) {
    const int64_t dilation = window.dilations[d];
    return std::clamp<int64_t>(distance <= 0 ? 0 : (distance + dilation - 1) / dilation, 0, window.size[d]);
  };
  std::vector<int64_t> counts;
  for (int64_t w = 0; w < windows; ++w) {
    const int64_t base = w * window.strides[d] - before;
    counts.push_back(steps(last - base) - steps(first - base));
  }
  return counts;
}

// The sum of each window divided by the number of cells that count, which is known for any window and padding.
Ref counted_average(Composite& c, Importer& importer, Ref x, const Pooling& pooling) {
  const Ref sums = window_sums(c, importer, x, pooling.window);
  const Shape image = importer.shape_of(x), result = importer.shape_of(sums);
  c.spend(element_count(result) * 4);
  Tensor shares(Shape(result.begin() + 1, result.end() - 1), DType::f32);
  std::ranges::fill(shares.values<float>(), 1.0F);
  int64_t inner = shares.size();
  for (size_t d = 0; d < pooling.window.size.size(); ++d) {
    const int64_t windows = result[d + 1];
    inner /= windows;
    const std::vector<int64_t> counts = counted_cells(pooling, d, image[d + 1], windows);
    for (int64_t i = 0; i < shares.size(); ++i)
      shares.data<float>()[i] /= static_cast<float>(counts[static_cast<size_t>(i / inner % windows)]);
  }
  Shape shape = shares.shape();
  shape.push_back(1);
  return c.mul(sums, importer.known(shares.reshaped(shape)));
}

void import_average_pool(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const Pooling pooling = pooling_of(importer, node, x);
  if (pooling.nothing) return importer.set_same(node, 0, x);
  const Window& window = pooling.window;
  Composite c(importer, node);
  const Ref input = importer.channels_last(x);
  if (!is_plain_average(pooling)) return importer.set_channels_last(node, 0, counted_average(c, importer, input, pooling));
  importer.set_channels_last(node, 0,
                             c(ops::AveragePool{.input = input,
                                                .window = window.size,
                                                .strides = window.strides,
                                                .padding = window.padding,
                                                .count_padding = pooling.count_padding}));
}

void import_max_pool(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  if (node.outputs.size() > 1 && importer.is_wanted(node.outputs[1]))
    importer.complain(node, "fovea gives no positions of the maxima");
  importer.integer(node, "storage_order", 0);  // of those positions
  const Pooling pooling = pooling_of(importer, node, x);
  if (pooling.nothing) return importer.set_same(node, 0, x);
  const Window& window = pooling.window;
  importer.set_channels_last(node, 0,
                             importer
                                 .add(node, ops::MaxPool{.input = importer.channels_last(x),
                                                         .window = window.size,
                                                         .strides = window.strides,
                                                         .dilations = window.dilations,
                                                         .padding = window.padding})
                                 .output);
}

// (sum of |x|^p) ^ (1/p)
Ref power(Composite& c, Ref x, int64_t p) {
  return p == 1 ? c.abs(x) : p == 2 ? c.square(x) : c.pow(c.abs(x), static_cast<double>(p));
}
Ref root(Composite& c, Ref x, int64_t p) { return p == 1 ? x : p == 2 ? c.sqrt(x) : c.pow(x, 1 / static_cast<double>(p)); }

int64_t exponent_of(Importer& importer, const OnnxNode& node) {
  const int64_t p = importer.integer(node, "p", 2);
  if (p < 1 || p > 64) importer.complain(node, "p is {}; 1 to 64 is needed", p);
  return p;
}

void import_lp_pool(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t p = exponent_of(importer, node);
  const Pooling pooling = pooling_of(importer, node, x);
  Composite c(importer, node);
  const Ref sums = window_sums(c, importer, power(c, importer.channels_last(x), p), pooling.window);
  importer.set_channels_last(node, 0, root(c, sums, p));
}

void import_global_lp_pool(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  const int64_t p = exponent_of(importer, node);
  spatial_rank(importer, node, x);
  std::vector<int64_t> dims;
  for (int64_t d = 1; d + 1 < x.rank(); ++d) dims.push_back(d);
  Composite c(importer, node);
  const Ref sums = c.reduce<ops::ReduceSum>(power(c, importer.channels_last(x), p), dims);
  importer.set_channels_last(node, 0, root(c, sums, p));
}

}  // namespace

ops::Conv convolution_of(Importer& importer, const OnnxNode& node, const ImportedValue& x, const Shape& filter) {
  if (static_cast<int64_t>(filter.size()) != x.rank() || filter.size() < 3)
    importer.complain(node, "filter {} for an input {}", to_string(filter), to_string(x.shape()));
  const Window window =
      window_of(importer, node, x, importer.integers(node, "kernel_shape", Shape(filter.begin() + 2, filter.end())));
  return {.strides = window.strides,
          .dilations = window.dilations,
          .groups = importer.integer(node, "group", 1),
          .padding = window.padding};
}

std::optional<ops::AveragePool> plain_average(Importer& importer, const OnnxNode& node, const ImportedValue& x) {
  const Pooling pooling = pooling_of(importer, node, x);
  if (!is_plain_average(pooling)) return std::nullopt;
  return ops::AveragePool{.window = pooling.window.size,
                          .strides = pooling.window.strides,
                          .padding = pooling.window.padding,
                          .count_padding = pooling.count_padding};
}

std::vector<int64_t> filter_order(int64_t rank) {
  std::vector<int64_t> order;
  for (int64_t d = 2; d < rank; ++d) order.push_back(d);
  order.insert(order.end(), {1, 0});
  return order;
}

void add_window_imports(ImportTable& table) {
  table["Conv"] = import_conv;
  table["ConvTranspose"] = import_conv_transpose;
  table["MaxPool"] = import_max_pool;
  table["AveragePool"] = import_average_pool;
  table["LpPool"] = import_lp_pool;
  table["GlobalLpPool"] = import_global_lp_pool;
}

}  // namespace fovea
