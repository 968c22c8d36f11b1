// SPDX-License-Identifier: Apache-2.0
// Random operators on real numbers.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/random_graphs/network_generator.h"

namespace fovea {
namespace {

constexpr double most_work = 3e5;  // multiply-adds of one operator

class RealOperators {
 public:
  RealOperators(NetworkGenerator& generator, bool differentiable) : g_(generator), differentiable_(differentiable) {}

  void run(int steps) {
    const int64_t rank = g_.one_of<int64_t>({2, 3, 4, 4, 4, 4, 4, 5});
    const Ref image = g_.input({g_.random_shape(rank)}, -1, 1);
    g_.keep(image);
    if (g_.chance(25)) {  // with the same batch, which a reader of files may change
      Shape shape = g_.random_shape(g_.between(1, 5));
      shape[0] = g_.shape(image)[0];
      g_.keep(g_.input({shape}, -1, 1));
    }
    for (int made = 0, tries = 0; made < steps && tries < 8 * steps; ++tries) {
      const size_t before = g_.values().size();
      step();
      made += g_.values().size() > before;
    }
    if (g_.values().size() < 2) keep(g_.add("tanh", {g_.values().front()}), 1);
  }

 private:
  void keep(std::optional<Ref> value, double size) {
    if (!value) return;
    if (size > 50) {  // numbers stay near 1
      const auto number = g_.constant({}, 1 / size, 1 / size);
      value = g_.add("mul", {*value, number});
      size = 1;
    }
    if (value) g_.keep(*value, size);
  }
  Ref weight(const Shape& shape, double terms) {
    const double reach = 1.7 / std::sqrt(std::max(terms, 1.0));
    return g_.parameter({shape}, -reach, reach);
  }

  void step() {
    switch (g_.pick(26)) {
      case 0:
      case 1:
      case 2:
        return convolution();
      case 3:
        return transposed_convolution();
      case 4:
      case 5:
        return dense();
      case 6:
      case 7:
        return matmul();
      case 8:
      case 9:
        return pooling();
      case 10:
      case 11:
        return unary();
      case 12:
      case 13:
      case 14:
        return binary();
      case 15:
        return select();
      case 16:
      case 17:
        return reduction();
      case 18:
        return softmax();
      case 19:
        return norm();
      case 20:
        return reshape();
      case 21:
        return transpose();
      case 22:
        return slice();
      case 23:
        return concat();
      case 24:
        return pad();
      default:
        return differentiable_ ? broadcast() : g_.chance(50) ? resize() : g_.chance(50) ? argmax() : broadcast();
    }
  }

  int64_t groups_of(int64_t channels) {
    if (g_.chance(65)) return 1;
    std::vector<int64_t> divisors;
    for (int64_t d = 1; d <= channels; ++d)
      if (channels % d == 0) divisors.push_back(d);
    return g_.chance(50) ? channels : divisors[static_cast<size_t>(g_.pick(std::ssize(divisors)))];
  }

  // A bias by channel, and an activation.
  std::optional<Ref> finished(std::optional<Ref> y) {
    if (y && g_.chance(50)) y = g_.add("add", {*y, g_.parameter({{g_.shape(*y).back()}}, -1, 1)});
    if (y && g_.chance(40)) y = g_.add(g_.one_of({"relu", "relu6", "tanh", "swish", "sigmoid"}), {*y});
    return y;
  }

  void convolution() {
    const auto x = g_.some(3, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    const auto spatial = std::ssize(shape) - 2;
    const int64_t in = shape.back(), groups = groups_of(in);
    const int64_t out = groups * g_.one_of<int64_t>({1, 1, 2, 3, 8});
    Shape filter = g_.chance(10) ? Shape(shape.begin() + 1, shape.end() - 1) : g_.window(spatial, spatial > 2 ? 3 : 5);
    Attributes attributes = g_.movement(filter, true);
    attributes.emplace_back("groups", groups);
    const double terms = static_cast<double>(element_count(filter) * in / groups);
    filter.push_back(in / groups);
    filter.push_back(out);
    const auto y = g_.add("conv", {*x, weight(filter, terms)}, attributes);
    if (!y || static_cast<double>(element_count(g_.shape(*y))) * terms > most_work) return;
    keep(finished(y), 2);
  }

  void transposed_convolution() {
    const auto x = g_.some(3, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    const auto spatial = std::ssize(shape) - 2;
    const int64_t in = shape.back(), groups = groups_of(in);
    const int64_t out = groups * g_.one_of<int64_t>({1, 2, 3});
    Shape filter = g_.window(spatial, spatial > 2 ? 3 : 5);
    Attributes attributes = g_.movement(filter, true);
    attributes.emplace_back("groups", groups);
    const double terms = static_cast<double>(element_count(filter) * in / groups);
    filter.push_back(out / groups);
    filter.push_back(in);
    const Ref weights = weight(filter, terms);
    auto y = g_.add("conv_transpose", {*x, weights}, attributes);
    if (!y || static_cast<double>(element_count(shape)) * terms > most_work) return;
    if (g_.chance(40)) {  // another size that the stride permits; otherwise it is refused
      Shape size = g_.shape(*y);
      size.erase(size.begin());
      size.pop_back();
      for (int64_t& extent : size) extent += g_.pick(3);
      attributes.emplace_back("output_size", size);
      const auto larger = g_.add("conv_transpose", {*x, weights}, attributes);
      if (larger) y = larger;
    }
    keep(finished(y), 2);
  }

  void dense() {
    auto x = g_.some(1, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    if (shape.size() != 2) {  // flattened, or each row of channels
      const int64_t rows = g_.chance(50) ? shape[0] : element_count(shape) / shape.back();
      x = g_.add("reshape", {*x}, {{"shape", Shape{rows, element_count(shape) / rows}}});
    }
    const int64_t in = g_.shape(*x)[1], out = g_.one_of<int64_t>({1, 2, 3, 8, 17});
    if (static_cast<double>(g_.shape(*x)[0] * in * out) > most_work) return;
    keep(finished(g_.add("dense", {*x, weight({in, out}, static_cast<double>(in))})), 2);
  }

  void matmul() {
    const auto x = g_.some(2, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    const size_t rank = shape.size();
    const bool left = g_.chance(40), right = g_.chance(40);
    const int64_t k = shape[rank - (left ? 2 : 1)], m = shape[rank - (left ? 1 : 2)];
    std::optional<Ref> other = x;
    bool turned = true;   // x times itself, one of them transposed
    if (g_.chance(50)) {  // another activation of that shape, or a parameter
      const int64_t n = g_.one_of<int64_t>({1, 2, 5, 8});
      Shape wanted(shape.begin(), shape.end() - 2);
      wanted.push_back(right ? n : k);
      wanted.push_back(right ? k : n);
      other = std::nullopt;
      for (const Ref value : g_.values())
        if (element_count(g_.shape(value)) == element_count(wanted) && g_.chance(70))
          other = g_.add("reshape", {value}, {{"shape", wanted}});
      if (!other) other = g_.parameter({wanted}, -1, 1);
      turned = false;
    }
    const bool transposes = turned ? !left : right;
    if (static_cast<double>(element_count(shape) * m) > most_work) return;
    const auto y = g_.add("matmul", {*x, *other}, {{"transpose_lhs", left}, {"transpose_rhs", transposes}});
    if (y) keep(finished(y), g_.size(*x) * static_cast<double>(k));
  }

  void pooling() {
    const auto x = g_.some(3, 5);
    if (!x) return;
    const auto spatial = std::ssize(g_.shape(*x)) - 2;
    const Shape window = g_.window(spatial, spatial > 2 ? 3 : 4);
    const bool maximum = g_.chance(50);
    Attributes attributes = g_.movement(window, maximum);
    attributes.emplace_back("window", window);
    if (!maximum) attributes.emplace_back("count_padding", g_.chance(50));
    keep(g_.add(maximum ? "max_pool" : "avg_pool", {*x}, attributes), g_.size(*x));
  }

  // The operand moved to where the function is well conditioned.
  std::optional<Ref> positive(Ref x) {
    const auto size = g_.add("abs", {x});
    return g_.add("add", {*size, g_.constant({}, 0.5, 1)});
  }

  void unary() {
    const auto x = g_.some();
    if (!x) return;
    const double size = g_.size(*x);
    const char* function = g_.one_of({"relu", "relu6", "sigmoid", "hard_sigmoid", "tanh", "swish", "hard_swish", "gelu", "neg",
                                      "abs", "erf", "exp", "log", "sqrt", "rsqrt", "clamp", "leaky_relu"});
    const std::string name = function;
    if (name == "exp") return keep(g_.add("exp", {*g_.add("tanh", {*x})}), 3);
    if (name == "log" || name == "sqrt" || name == "rsqrt") return keep(g_.add(function, {*positive(*x)}), size + 2);
    if (name == "clamp") {
      const double low = g_.one_of({-1.0, 0.0, -0.5});
      return keep(g_.add("clamp", {*x}, {{"low", low}, {"high", g_.one_of({1.0, 6.0, 0.25})}}), 6);
    }
    if (name == "leaky_relu") return keep(g_.add("leaky_relu", {*x}, {{"slope", g_.one_of({0.01, 0.2, -0.1})}}), size);
    const bool bounded = name == "sigmoid" || name == "tanh" || name == "hard_sigmoid" || name == "erf";
    keep(g_.add(function, {*x}), bounded ? 1 : size);
  }

  // A value that broadcasts with one of that shape, or the other way around.
  Ref partner(Ref x) {
    const Shape shape = g_.shape(x);
    const int64_t kind = g_.pick(5);
    if (kind == 0) {
      for (const Ref value : g_.values())
        if (g_.shape(value) == shape && value != x && g_.chance(60)) return value;
    }
    if (kind == 1 && !shape.empty()) {
      Shape dims{g_.pick(std::ssize(shape))};
      const auto mean = g_.add("reduce_mean", {x}, {{"dims", dims}, {"keep_dims", true}});
      if (mean) return *mean;
    }
    if (kind == 2) return g_.constant({}, -1.5, 1.5);
    Shape narrow;
    for (size_t d = g_.chance(40) ? static_cast<size_t>(g_.pick(std::ssize(shape) + 1)) : 0; d < shape.size(); ++d)
      narrow.push_back(g_.chance(35) ? 1 : shape[d]);
    if (kind == 3 && !shape.empty()) return g_.constant(narrow, -1, 1);
    return g_.parameter({narrow}, -1, 1);
  }

  void binary() {
    const auto x = g_.some();
    if (!x) return;
    const Ref other = partner(*x);
    const bool turned = g_.chance(30);
    const Ref a = turned ? other : *x, b = turned ? *x : other;
    const double size = g_.size(*x);
    const int64_t kind = g_.pick(8);
    if (kind == 6) return keep(g_.add("div", {a, *positive(b)}), 2 * (size + 2));
    if (kind == 7) {
      const auto exponent = g_.add("clamp", {b}, {{"low", -1.5}, {"high", 2.0}});
      return keep(g_.add("pow", {*positive(a), *exponent}), (size + 2) * (size + 2));
    }
    const char* names[] = {"add", "sub", "mul", "maximum", "minimum", "mul"};
    keep(g_.add(names[kind], {a, b}), kind == 2 || kind == 5 ? 2 * size * size + 1 : size + 2);
  }

  // Where both sides are close they are equal, or the comparison is between known numbers, so that the last bit does not
  // decide.
  void select() {
    const auto x = g_.some();
    if (!x) return;
    const Ref other = partner(*x);
    const std::string comparison = g_.one_of({"gt", "lt", "ge", "le"});
    if (g_.chance(50)) return keep(g_.add("select", {*x, other, *x, other}, {{"comparison", comparison}}), g_.size(*x) + 2);
    const Shape shape = g_.shape(*x);
    const Ref known = g_.parameter({g_.chance(50) ? shape : Shape{}}, -1, 1);
    keep(g_.add("select", {known, g_.constant({}, -0.5, 0.5), *x, other},
                {{"comparison", g_.chance(20) ? std::string(g_.one_of({"eq", "ne"})) : comparison}}),
         g_.size(*x) + 2);
  }

  Shape some_dims(const Shape& shape) {
    Shape dims;
    if (shape.size() > 2 && g_.chance(30)) {
      for (size_t d = 1; d + 1 < shape.size(); ++d) dims.push_back(static_cast<int64_t>(d));
      return dims;
    }
    for (size_t d = 0; d < shape.size(); ++d)
      if (g_.chance(40)) dims.push_back(static_cast<int64_t>(d));
    if (dims.empty()) dims.push_back(g_.pick(std::ssize(shape)));
    return dims;
  }

  void reduction() {
    const auto x = g_.some(1, 5);
    if (!x) return;
    const Shape dims = some_dims(g_.shape(*x));
    const char* name = g_.one_of({"reduce_sum", "reduce_mean", "reduce_max", "reduce_min"});
    double count = 1;
    for (const int64_t d : dims) count *= static_cast<double>(g_.shape(*x)[static_cast<size_t>(d)]);
    keep(g_.add(name, {*x}, {{"dims", dims}, {"keep_dims", g_.chance(50)}}),
         g_.size(*x) * (std::string(name) == "reduce_sum" ? std::sqrt(count) : 1));
  }

  void softmax() {
    const auto x = g_.some(1, 5);
    if (x) keep(g_.add(g_.one_of({"softmax", "log_softmax"}), {*x}), g_.size(*x) + 3);
  }

  void norm() {
    const auto x = g_.some(2, 5);
    if (!x) return;
    const int64_t channels = g_.shape(*x).back();
    const Ref scale = g_.parameter({{channels}}, 0.5, 1.5), shift = g_.parameter({{channels}}, -1, 1);
    const Attributes epsilon{{"epsilon", 1e-2}};
    const int64_t kind = g_.pick(3);
    if (kind == 0 && differentiable_) return keep(g_.add("batch_norm_training", {*x, scale, shift}, epsilon), 4);
    if (kind == 0) {
      const Ref mean = g_.parameter({{channels}}, -1, 1), variance = g_.parameter({{channels}}, 0.3, 2);
      return keep(g_.add("batch_norm", {*x, scale, shift, mean, variance}, epsilon), 2 * g_.size(*x) + 2);
    }
    if (kind == 1) return keep(g_.add("layer_norm", {*x, scale, shift}, epsilon), 4);
    Attributes grouped = epsilon;
    grouped.emplace_back("groups", groups_of(channels));
    keep(g_.add("group_norm", {*x, scale, shift}, grouped), 4);
  }

  // The factors of the count in another arrangement, or merged neighbors.
  void reshape() {
    const auto x = g_.some();
    if (!x) return;
    Shape shape = g_.shape(*x);
    if (g_.chance(50) && shape.size() > 1) {
      const auto at = g_.pick(std::ssize(shape) - 1);
      shape[static_cast<size_t>(at)] *= shape[static_cast<size_t>(at) + 1];
      shape.erase(shape.begin() + at + 1);
      if (g_.chance(30)) shape.insert(shape.begin() + g_.pick(std::ssize(shape) + 1), 1);
    } else {
      int64_t left = element_count(shape);
      const int64_t rank = g_.between(1, 5);
      shape.assign(static_cast<size_t>(rank), 1);
      for (int64_t factor = 2; left > 1;) {
        if (left % factor != 0) {
          ++factor;
          continue;
        }
        shape[static_cast<size_t>(g_.pick(rank))] *= factor;
        left /= factor;
      }
    }
    keep(g_.add("reshape", {*x}, {{"shape", shape}}), g_.size(*x));
  }

  void transpose() {
    const auto x = g_.some(2, 5);
    if (!x) return;
    Shape order(g_.shape(*x).size());
    std::iota(order.begin(), order.end(), 0);
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(g_.pick(static_cast<int64_t>(i)))]);
    keep(g_.add("transpose", {*x}, {{"permutation", order}}), g_.size(*x));
  }

  std::optional<Ref> slice_of(Ref x) {
    Shape offsets, sizes, strides;
    for (const int64_t extent : g_.shape(x)) {
      const int64_t stride = g_.chance(25) ? g_.between(1, 3) : 1, offset = g_.chance(50) ? 0 : g_.pick(extent);
      const int64_t most = (extent - offset - 1) / stride + 1;
      offsets.push_back(offset);
      strides.push_back(stride);
      sizes.push_back(g_.chance(50) ? most : g_.between(1, most));
    }
    return g_.add("slice", {x}, {{"offsets", offsets}, {"sizes", sizes}, {"strides", strides}});
  }

  void slice() {
    const auto x = g_.some(1, 5);
    if (x) keep(slice_of(*x), g_.size(*x));
  }

  void concat() {
    const auto x = g_.some(1, 5);
    if (!x) return;
    const Shape shape = g_.shape(*x);
    const auto dim = g_.pick(std::ssize(shape));
    std::vector<Ref> parts{*x};
    for (const Ref value : g_.values()) {
      Shape other = g_.shape(value);
      if (other.size() != shape.size() || parts.size() > 3) continue;
      other[static_cast<size_t>(dim)] = shape[static_cast<size_t>(dim)];
      if (other == shape && g_.chance(60)) parts.push_back(value);
    }
    double size = 1;
    for (const Ref part : parts) size = std::max(size, g_.size(part));
    keep(g_.add("concat", parts, {{"dim", dim}}), size);
  }

  void pad() {
    const auto x = g_.some(1, 5);
    if (!x) return;
    Shape padding;
    for (size_t i = 0; i < 2 * g_.shape(*x).size(); ++i) padding.push_back(g_.chance(40) ? g_.between(1, 2) : 0);
    keep(g_.add("pad", {*x}, {{"padding", padding}, {"value", g_.one_of({0.0, 0.0, 0.5, -1.0})}}), g_.size(*x));
  }

  void broadcast() {
    const auto x = g_.some(0, 4);
    if (!x) return;
    Shape shape = g_.shape(*x);
    for (int64_t& extent : shape) extent = extent == 1 ? g_.between(1, 4) : extent;
    for (int64_t more = g_.pick(3); more > 0 && shape.size() < 5; --more) shape.insert(shape.begin(), g_.between(1, 3));
    keep(g_.add("broadcast", {*x}, {{"shape", shape}}), g_.size(*x));
  }

  void resize() {
    const auto x = g_.some(4, 4);
    if (!x) return;
    const bool corners = g_.chance(30), centers = !corners && g_.chance(50);
    keep(g_.add("resize", {*x},
                {{"size", Shape{g_.between(1, 9), g_.between(1, 9)}},
                 {"method", std::string(g_.one_of({"bilinear", "nearest"}))},
                 {"align_corners", corners},
                 {"half_pixel_centers", centers}}),
         g_.size(*x));
  }

  void argmax() {
    const auto x = g_.some(1, 5);
    if (!x) return;
    const auto index = g_.add("argmax", {*x});
    if (index) keep(g_.add("cast", {*index}, {{"dtype", std::string("f32")}}), 17);
  }

  NetworkGenerator& g_;
  bool differentiable_;
};

}  // namespace

void add_real_operators(NetworkGenerator& generator, int steps, bool differentiable) {
  RealOperators(generator, differentiable).run(steps);
}

}  // namespace fovea
