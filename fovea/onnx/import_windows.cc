// Convolutions, pooling and batch norm: operators on [batch, channels, spatial...].
#include <algorithm>

#include "fovea/onnx/importer.h"

namespace fovea {
namespace {

struct Window {
  std::vector<int64_t> size, strides, dilations;
  Attribute padding;  // "valid", "same" or [before, after] of each spatial dimension
};

int64_t spatial_rank(Importer& importer, const OnnxNode& node, const ImportedValue& x) {
  const int64_t spatial = x.rank() - 2;
  if (spatial < 1 || spatial > 3)
    importer.complain(node, "its input is {}; [batch, channels, spatial...] with 1 to 3 spatial dimensions is needed",
                      to_string(x.shape()));
  return spatial;
}

// One number for each spatial dimension, in a range that cannot overflow what is computed from them.
void check_numbers(Importer& importer, const OnnxNode& node, const char* what, const std::vector<int64_t>& numbers,
                   size_t count, int64_t least) {
  const bool good =
      numbers.size() == count && std::ranges::all_of(numbers, [&](int64_t n) { return n >= least && n <= 1 << 24; });
  if (!good) importer.complain(node, "{} {}; {} numbers from {} are needed", what, to_string(numbers), count, least);
}

// ONNX's [before..., after...] as [before, after] of each dimension.
std::vector<int64_t> interleaved(const std::vector<int64_t>& pads) {
  const size_t spatial = pads.size() / 2;
  std::vector<int64_t> result;
  for (size_t i = 0; i < spatial; ++i) result.insert(result.end(), {pads[i], pads[spatial + i]});
  return result;
}

// SAME_LOWER: what TensorFlow's rule pads, with the odd cell before.
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
                .padding = std::string("valid")};
  check_numbers(importer, node, "window", window.size, spatial, 1);
  check_numbers(importer, node, "strides", window.strides, spatial, 1);
  check_numbers(importer, node, "dilations", window.dilations, spatial, 1);
  const std::string rule = importer.text(node, "auto_pad", "NOTSET");
  const Shape shape = x.shape();
  if (rule == "SAME_UPPER") {
    window.padding = std::string("same");
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
  return importer.add(node, "add", {y, importer.row_major(importer.input(node, 2))}).front();
}

// ONNX's filter is [out, in / groups, taps...].
void import_conv(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  ImportedValue& filter = importer.input(node, 1);
  const Attributes attributes = convolution_attributes(importer, node, x, filter.shape());
  const Ref input = importer.channels_last(x);
  const Ref y = importer.add(node, "conv", {input, importer.in_order(filter, filter_order(x.rank()))}, attributes).front();
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
  if (importer.text(node, "auto_pad", "NOTSET") != "NOTSET" || node.attributes.contains("output_shape"))
    importer.complain(node, "the size of the result must come from pads and output_padding, not from auto_pad or output_shape");
  const Window window =
      window_of(importer, node, x, importer.integers(node, "kernel_shape", Shape(shape.begin() + 2, shape.end())));
  const std::vector<int64_t> extra = importer.integers(node, "output_padding", std::vector<int64_t>(spatial, 0));
  check_numbers(importer, node, "output_padding", extra, spatial, 0);
  std::vector<int64_t> padding(2 * spatial, 0), size;
  if (const auto* pairs = std::get_if<std::vector<int64_t>>(&window.padding)) padding = *pairs;
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t reach = (window.size[i] - 1) * window.dilations[i] + 1;
    size.push_back(window.strides[i] * (x.shape()[i + 2] - 1) + extra[i] + reach - padding[2 * i] - padding[2 * i + 1]);
  }
  const Ref input = importer.channels_last(x);
  const Ref y = importer
                    .add(node, "conv_transpose", {input, importer.in_order(filter, filter_order(x.rank()))},
                         {{"strides", window.strides},
                          {"dilations", window.dilations},
                          {"groups", importer.integer(node, "group", 1)},
                          {"padding", padding},
                          {"output_size", size}})
                    .front();
  importer.set_channels_last(node, 0, with_bias(importer, node, y));
}

// ceil_mode: as far as the last window reaches that begins in the image or the padding before it.
bool widen(const Shape& extents, Window& window) {
  std::vector<int64_t> padding(2 * extents.size(), 0);
  if (const auto* pairs = std::get_if<std::vector<int64_t>>(&window.padding)) padding = *pairs;
  bool wider = false;
  for (size_t i = 0; i < extents.size(); ++i) {
    const int64_t reach = (window.size[i] - 1) * window.dilations[i] + 1, stride = window.strides[i], before = padding[2 * i];
    const int64_t room = std::max<int64_t>(extents[i] + before + padding[2 * i + 1] - reach, 0);
    int64_t last = (room + stride - 1) / stride * stride;
    if (last >= extents[i] + before) last -= stride;
    const int64_t after = last + reach - extents[i] - before;
    wider = wider || after > padding[2 * i + 1];
    padding[2 * i + 1] = std::max(padding[2 * i + 1], after);
  }
  window.padding = padding;
  return wider;
}

// The window of a pooling; whether averages count padding.
struct Pooling {
  Window window;
  bool count_padding = false;
  bool nothing = false;  // how PyTorch writes an adaptive pooling that has nothing to do
};

Pooling pooling_of(Importer& importer, const OnnxNode& node, const ImportedValue& x, bool maximum) {
  Pooling pooling{.window = window_of(importer, node, x, importer.integers(node, "kernel_shape", std::vector<int64_t>{}))};
  Window& window = pooling.window;
  pooling.count_padding = importer.integer(node, "count_include_pad", 0) != 0;
  const Shape shape = x.shape();
  const auto* rule = std::get_if<std::string>(&window.padding);
  const bool widens = importer.integer(node, "ceil_mode", 0) != 0 && (rule == nullptr || *rule == "valid") &&
                      widen(Shape(shape.begin() + 2, shape.end()), window);
  if (widens && !maximum && pooling.count_padding)
    importer.complain(node, "ceil_mode together with count_include_pad, where the last window reaches beyond the padding");
  const auto ones = [](const std::vector<int64_t>& numbers) {
    return std::ranges::all_of(numbers, [](int64_t n) { return n == 1; });
  };
  if (!maximum && !ones(window.dilations)) importer.complain(node, "a dilated average; fovea has none");
  pooling.nothing = ones(window.size) && ones(window.strides) && std::holds_alternative<std::string>(window.padding);
  return pooling;
}

void import_pool(Importer& importer, const OnnxNode& node, bool maximum) {
  ImportedValue& x = importer.input(node, 0);
  if (node.outputs.size() > 1 && !node.outputs[1].empty()) importer.complain(node, "fovea gives no positions of the maxima");
  const Pooling pooling = pooling_of(importer, node, x, maximum);
  if (pooling.nothing) return importer.set_same(node, 0, x);
  Attributes attributes{
      {"window", pooling.window.size}, {"strides", pooling.window.strides}, {"padding", pooling.window.padding}};
  if (maximum)
    attributes.emplace_back("dilations", pooling.window.dilations);
  else
    attributes.emplace_back("count_padding", pooling.count_padding);
  importer.set_channels_last(
      node, 0, importer.add(node, maximum ? "max_pool" : "avg_pool", {importer.channels_last(x)}, attributes).front());
}

void import_batch_norm(Importer& importer, const OnnxNode& node) {
  ImportedValue& x = importer.input(node, 0);
  if (importer.integer(node, "training_mode", 0) != 0)
    importer.complain(node, "is in training mode; export the network for inference");
  std::vector<Ref> operands{importer.channels_last(x)};
  for (size_t i = 1; i < 5; ++i) operands.push_back(importer.row_major(importer.input(node, i)));
  const double epsilon = importer.number(node, "epsilon", 1e-5F);
  importer.set_channels_last(node, 0, importer.add(node, "batch_norm", operands, {{"epsilon", epsilon}}).front());
}

}  // namespace

Attributes convolution_attributes(Importer& importer, const OnnxNode& node, const ImportedValue& x, const Shape& filter) {
  if (static_cast<int64_t>(filter.size()) != x.rank() || filter.size() < 3)
    importer.complain(node, "filter {} for an input {}", to_string(filter), to_string(x.shape()));
  const Window window =
      window_of(importer, node, x, importer.integers(node, "kernel_shape", Shape(filter.begin() + 2, filter.end())));
  return {{"strides", window.strides},
          {"dilations", window.dilations},
          {"groups", importer.integer(node, "group", 1)},
          {"padding", window.padding}};
}

std::optional<Attributes> average_attributes(Importer& importer, const OnnxNode& node, const ImportedValue& x) {
  const Pooling pooling = pooling_of(importer, node, x, false);
  const auto* rule = std::get_if<std::string>(&pooling.window.padding);
  if (pooling.count_padding && (rule == nullptr || *rule != "valid")) return std::nullopt;
  return Attributes{{"window", pooling.window.size}, {"strides", pooling.window.strides}, {"padding", pooling.window.padding}};
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
  table["MaxPool"] = [](Importer& importer, const OnnxNode& node) { import_pool(importer, node, true); };
  table["AveragePool"] = [](Importer& importer, const OnnxNode& node) { import_pool(importer, node, false); };
  table["BatchNormalization"] = import_batch_norm;
}

}  // namespace fovea
