// SPDX-License-Identifier: Apache-2.0
// Random quantized operators, as integer files have them.
#include <algorithm>
#include <cmath>

#include "tests/random_graphs/network_generator.h"

namespace fovea {
namespace {

class IntegerOperators {
 public:
  explicit IntegerOperators(NetworkGenerator& generator) : g_(generator), storage_(g_.chance(60) ? DType::i8 : DType::u8) {}

  void run(int steps) {
    const Shape shape = g_.random_shape(g_.one_of<int64_t>({2, 4, 4, 4, 4, 3}));
    const QuantizedType start = activation(1);
    g_.keep(g_.input({shape, storage_, start.quantization}, 0, 0));
    for (int made = 0, tries = 0; made < steps && tries < 8 * steps; ++tries) {
      const size_t before = g_.values().size();
      step();
      made += g_.values().size() > before;
    }
    const Ref last = g_.values().back();
    if (g_.chance(50)) g_.keep(g_.add_all("dequantize", {last})[0]);
  }

 private:
  int64_t zero_in(double share) { return std::llround(255 * share) - (storage_ == DType::i8 ? 128 : 0); }

  // A type whose integers cover about [-reach, reach], or non-negative numbers.
  QuantizedType activation(double reach) {
    const double scale = 2 * reach / 255 * g_.uniform(0.7, 1.3);
    const int64_t zero = g_.chance(25) ? zero_in(0) : zero_in(g_.uniform(0.3, 0.7));
    return {.storage = storage_, .quantization = {.scales = {static_cast<float>(scale)}, .zeros = {zero}}};
  }
  Attribute output(double reach) { return activation(reach); }
  QuantizedType type_of(Ref value) { return {.storage = g_.type(value).dtype, .quantization = *g_.type(value).quantization}; }
  double reach(Ref value) { return 128 * static_cast<double>(g_.type(value).quantization->scales[0]); }

  // A value of 8-bit integers.
  std::optional<Ref> some(int64_t least_rank, int64_t most_rank) {
    const auto value = g_.some(least_rank, most_rank);
    return value && g_.type(*value).quantization ? value : std::nullopt;
  }
  void keep(std::optional<Ref> value) {
    if (value) g_.keep(*value);
  }

  void step() {
    switch (g_.pick(18)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return convolution();
      case 4:
      case 5:
        return dense();
      case 6:
      case 7:
      case 8:
        return binary();
      case 9:
      case 10:
        return pooling();
      case 11:
        return mean();
      case 12:
      case 13:
        return function();
      case 14:
        return softmax_or_prelu();
      case 15:
        return keep(again());
      default:
        return moved();
    }
  }

  // 8-bit weights: with a scale for each filter, with one scale, or unsigned with a zero point.
  Ref weights(const Shape& shape, Quantization& quantization) {
    const bool old = storage_ == DType::u8 && g_.chance(40);
    const int64_t count = old || g_.chance(30) ? 1 : shape.back();
    quantization = {};
    for (int64_t i = 0; i < count; ++i) {
      quantization.scales.push_back(static_cast<float>(g_.uniform(0.002, 0.02)));
      quantization.zeros.push_back(old ? g_.between(100, 150) : 0);
    }
    if (count > 1) quantization.axis = std::ssize(shape) - 1;
    return g_.parameter({shape, old ? DType::u8 : DType::i8, quantization}, 0, 0);
  }
  Ref bias(int64_t count) { return g_.parameter({{count}, DType::i32}, -3000, 3000); }
  double reach_of_sum(Ref x, const Quantization& weights, double terms) {
    return reach(x) * 70 * static_cast<double>(weights.scales[0]) * std::sqrt(terms);
  }
  Attribute limit() { return std::string(g_.one_of({"none", "relu", "relu6", "relu_n1_to_1"})); }

  void convolution() {
    const auto x = some(3, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    const int64_t in = shape.back(), groups = g_.chance(60) ? 1 : in, out = groups * g_.one_of<int64_t>({1, 2, 3, 8});
    Shape filter = g_.window(std::ssize(shape) - 2, shape.size() > 4 ? 3 : 5);
    Attributes attributes = g_.movement(filter, true);
    const double terms = static_cast<double>(element_count(filter) * in / groups);
    filter.push_back(in / groups);
    filter.push_back(out);
    Quantization quantization;
    const Ref w = weights(filter, quantization);
    attributes.emplace_back("groups", groups);
    attributes.emplace_back("activation", limit());
    if (g_.chance(20)) attributes.emplace_back("rounding", std::string("double"));
    attributes.emplace_back("output", output(reach_of_sum(*x, quantization, terms)));
    keep(g_.add("quantized_conv", {*x, w, bias(out)}, attributes));
  }

  void dense() {
    auto x = some(1, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    if (shape.size() != 2) x = g_.add("reshape", {*x}, {{"shape", Shape{shape[0], element_count(shape) / shape[0]}}});
    const int64_t in = g_.shape(*x)[1], out = g_.one_of<int64_t>({1, 2, 3, 8, 17});
    Quantization quantization;
    const Ref w = weights({in, out}, quantization);
    const Attribute type = output(reach_of_sum(*x, quantization, static_cast<double>(in)));
    keep(g_.add("quantized_dense", {*x, w, bias(out)}, {{"activation", limit()}, {"output", type}}));
  }

  // The same tensor, another one of its shape, or a parameter that broadcasts, with another scale.
  Ref partner(Ref x) {
    const Shape shape = g_.shape(x);
    for (const Ref value : g_.values())
      if (g_.type(value).quantization && g_.shape(value) == shape && g_.chance(50)) return value;
    Shape narrow;
    for (const int64_t extent : shape) narrow.push_back(g_.chance(40) ? 1 : extent);
    return g_.parameter({narrow, storage_, activation(g_.uniform(0.5, 2)).quantization}, 0, 0);
  }

  void binary() {
    const auto x = some(1, 5);
    if (!x) return;
    const int64_t kind = g_.pick(4);
    if (kind == 3) {
      const Ref other = g_.parameter({g_.shape(*x), storage_, g_.type(*x).quantization}, 0, 0);
      return keep(g_.add(g_.one_of({"quantized_maximum", "quantized_minimum"}), {*x, other}));
    }
    const Ref other = partner(*x);
    const double size = kind == 2 ? reach(*x) * reach(other) : reach(*x) + reach(other);
    const char* names[] = {"quantized_add", "quantized_sub", "quantized_mul"};
    keep(g_.add(names[kind], {*x, other}, {{"activation", limit()}, {"output", output(size * g_.uniform(0.4, 1))}}));
  }

  void pooling() {
    const auto x = some(3, 5);
    if (!x) return;
    const Shape window = g_.window(std::ssize(g_.shape(*x)) - 2, 3);
    const bool maximum = g_.chance(50);
    Attributes attributes = g_.movement(window, maximum);
    attributes.emplace_back("window", window);
    keep(g_.add(maximum ? "max_pool" : "quantized_average_pool", {*x}, attributes));
  }

  void mean() {
    const auto x = some(2, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    Shape dims;
    for (size_t d = 1; d + 1 < shape.size(); ++d) dims.push_back(static_cast<int64_t>(d));
    if (dims.empty() || g_.chance(30)) dims = {g_.pick(std::ssize(shape))};
    const bool sum = g_.chance(30);
    keep(g_.add(sum ? "quantized_sum" : "quantized_mean", {*x},
                {{"dims", dims}, {"keep_dims", g_.chance(50)}, {"output", output(reach(*x) * (sum ? 4 : 0.7))}}));
  }

  QuantizedType rule(double scale, double share) {
    return {.storage = storage_, .quantization = {.scales = {static_cast<float>(scale)}, .zeros = {zero_in(share)}}};
  }

  void function() {
    const auto x = some(0, 5);
    if (!x) return;
    const std::string name = g_.one_of({"relu", "relu6", "relu_n1_to_1", "leaky_relu", "sigmoid", "tanh", "hard_swish", "swish",
                                        "gelu", "elu", "hard_sigmoid"});
    Attribute type = output(reach(*x) * g_.uniform(0.5, 1));
    if (name == "sigmoid") type = rule(1.0 / 256, 0);
    if (name == "tanh") type = rule(1.0 / 128, 128.0 / 255);
    Attributes attributes{{"function", name}, {"output", type}};
    if (name == "leaky_relu") attributes.emplace_back("alpha", g_.one_of({0.1, 0.01, 0.3}));
    keep(g_.add("quantized_activation", {*x}, attributes));
  }

  void softmax_or_prelu() {
    const auto x = some(1, 5);
    if (!x) return;
    if (g_.chance(50)) return keep(g_.add("quantized_softmax", {*x}, {{"output", rule(1.0 / 256, 0)}}));
    Quantization slopes{.scales = {0.004F}, .zeros = {zero_in(0.5)}};
    const Ref slope = g_.parameter({{g_.shape(*x).back()}, storage_, slopes}, 0, 0);
    keep(g_.add("quantized_prelu", {*x, slope}, {{"output", output(reach(*x) * 0.8)}}));
  }

  // The integers with another scale.
  std::optional<Ref> again() {
    const auto x = some(0, 5);
    return x ? g_.add("quantize", {*x}, {{"output", output(reach(*x) * g_.uniform(0.6, 1.4))}}) : std::nullopt;
  }

  void moved() {
    const auto x = some(1, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    const size_t rank = shape.size();
    Shape numbers;
    switch (g_.pick(6)) {
      case 0:
        return keep(g_.add("reshape", {*x}, {{"shape", Shape{shape[0], -1}}}));
      case 1:
        for (size_t d = 0; d < rank; ++d) numbers.push_back(static_cast<int64_t>((d + 1) % rank));
        return keep(g_.add("transpose", {*x}, {{"permutation", numbers}}));
      case 2:
        for (size_t d = 0; d < 2 * rank; ++d) numbers.push_back(g_.chance(40) ? 1 : 0);
        return keep(g_.add("pad", {*x}, {{"padding", numbers}, {"value", g_.one_of({0.0, 0.0, 0.3})}}));
      case 3: {
        Shape sizes;
        for (const int64_t extent : shape) {
          numbers.push_back(g_.chance(50) ? 0 : g_.pick(extent));
          sizes.push_back(g_.between(1, extent - numbers.back()));
        }
        return keep(g_.add("slice", {*x}, {{"offsets", numbers}, {"sizes", sizes}}));
      }
      case 4:
        return keep(g_.add("concat", {*x, *x}, {{"dim", g_.pick(static_cast<int64_t>(rank))}}));
      default:
        return keep(g_.add("resize", {*x},
                           {{"size", Shape{g_.between(1, 9), g_.between(1, 9)}},
                            {"method", std::string(g_.one_of({"bilinear", "nearest"}))},
                            {"half_pixel_centers", g_.chance(50)}}));
    }
  }

  NetworkGenerator& g_;
  DType storage_;
};

}  // namespace

void add_integer_operators(NetworkGenerator& generator, int steps) { IntegerOperators(generator).run(steps); }

}  // namespace fovea
