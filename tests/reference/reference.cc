// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace fovea::reference {

void each_index(const Shape& shape, const std::function<void(const Shape&)>& visit) {
  Shape index(shape.size(), 0);
  const int64_t count = element_count(shape);
  for (int64_t number = 0; number < count; ++number) {
    visit(index);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim]) break;
      index[dim] = 0;
    }
  }
}

namespace {

int64_t offset(const Shape& shape, const Shape& index) {
  int64_t result = 0;
  for (size_t dim = 0; dim < shape.size(); ++dim) result = result * shape[dim] + index[dim];
  return result;
}

int64_t step(const std::vector<int64_t>& given, size_t dim) { return given.empty() ? 1 : given[dim]; }

struct Padded {
  std::vector<int64_t> before, output;
};

// SAME padding adds (output - 1) * stride + reach - input cells in total, the odd one after.
Padded padded(const std::vector<int64_t>& input, const std::vector<int64_t>& window, const Movement& movement) {
  Padded result;
  for (size_t dim = 0; dim < input.size(); ++dim) {
    const int64_t stride = step(movement.strides, dim), reach = (window[dim] - 1) * step(movement.dilations, dim) + 1;
    if (!movement.cells.empty()) {
      result.before.push_back(movement.cells[2 * dim]);
      const int64_t whole = input[dim] + movement.cells[2 * dim] + movement.cells[2 * dim + 1];
      result.output.push_back((whole - reach) / stride + 1);
    } else if (movement.padding == "same") {
      const auto output = static_cast<int64_t>(std::ceil(static_cast<double>(input[dim]) / static_cast<double>(stride)));
      result.output.push_back(output);
      result.before.push_back(std::max<int64_t>((output - 1) * stride + reach - input[dim], 0) / 2);
    } else {
      result.before.push_back(0);
      result.output.push_back((input[dim] - reach) / stride + 1);
    }
  }
  return result;
}

std::vector<int64_t> spatial_of(const Shape& image) { return {image.begin() + 1, image.end() - 1}; }

Shape image_shape(int64_t batch, const std::vector<int64_t>& spatial, int64_t channels) {
  Shape shape{batch};
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  shape.push_back(channels);
  return shape;
}

// Visits (output position, tap, input position) for every tap of every output that is inside the input.
void each_tap(const std::vector<int64_t>& input, const std::vector<int64_t>& window, const Movement& movement,
              const std::function<void(const Shape&, const Shape&, const Shape&)>& visit) {
  const Padded geometry = padded(input, window, movement);
  each_index(geometry.output, [&](const Shape& output) {
    each_index(window, [&](const Shape& tap) {
      Shape position;
      for (size_t dim = 0; dim < input.size(); ++dim) {
        position.push_back(output[dim] * step(movement.strides, dim) + tap[dim] * step(movement.dilations, dim) -
                           geometry.before[dim]);
        if (position.back() < 0 || position.back() >= input[dim]) return;
      }
      visit(output, tap, position);
    });
  });
}

Shape joined(int64_t first, const Shape& middle, int64_t last) { return image_shape(first, middle, last); }

Shape with_channels(const Shape& tap, int64_t in, int64_t out) {
  Shape index = tap;
  index.push_back(in);
  index.push_back(out);
  return index;
}

// Visits (image index, filter index, output index) for every product of a convolution.
void each_product(const Shape& image, const Shape& filter, const Movement& movement,
                  const std::function<void(const Shape&, const Shape&, const Shape&)>& visit) {
  const std::vector<int64_t> window(filter.begin(), filter.end() - 2);
  const int64_t in = filter[filter.size() - 2], out = filter.back() / movement.groups;
  for (int64_t n = 0; n < image.front(); ++n) {
    each_tap(spatial_of(image), window, movement, [&](const Shape& output, const Shape& tap, const Shape& position) {
      for (int64_t group = 0; group < movement.groups; ++group)
        for (int64_t c = 0; c < in; ++c)
          for (int64_t f = 0; f < out; ++f)
            visit(joined(n, position, group * in + c), with_channels(tap, c, group * out + f),
                  joined(n, output, group * out + f));
    });
  }
}

}  // namespace

double& at(Tensor& tensor, const Shape& index) { return tensor.data<double>()[offset(tensor.shape(), index)]; }
double at(const Tensor& tensor, const Shape& index) { return tensor.data<double>()[offset(tensor.shape(), index)]; }

Tensor conv(const Tensor& image, const Tensor& filter, const Movement& movement) {
  const std::vector<int64_t> window(filter.shape().begin(), filter.shape().end() - 2);
  const Padded geometry = padded(spatial_of(image.shape()), window, movement);
  Tensor output(image_shape(image.shape().front(), geometry.output, filter.shape().back()), DType::f64);
  each_product(image.shape(), filter.shape(), movement, [&](const Shape& from, const Shape& by, const Shape& to) {
    at(output, to) += at(image, from) * at(filter, by);
  });
  return output;
}

Tensor conv_transpose(const Tensor& image, const Tensor& filter, const std::vector<int64_t>& output_size,
                      const Movement& movement) {
  const int64_t channels = filter.shape()[filter.shape().size() - 2] * movement.groups;
  Tensor output(image_shape(image.shape().front(), output_size, channels), DType::f64);
  each_product(output.shape(), filter.shape(), movement, [&](const Shape& to, const Shape& by, const Shape& from) {
    at(output, to) += at(image, from) * at(filter, by);
  });
  return output;
}

Tensor max_pool(const Tensor& image, const std::vector<int64_t>& window, const Movement& movement) {
  const Shape& shape = image.shape();
  Tensor output(image_shape(shape.front(), padded(spatial_of(shape), window, movement).output, shape.back()), DType::f64);
  for (double& value : output.values<double>()) value = -std::numeric_limits<double>::infinity();
  each_tap(spatial_of(shape), window, movement, [&](const Shape& to, const Shape&, const Shape& from) {
    for (int64_t n = 0; n < shape.front(); ++n)
      for (int64_t c = 0; c < shape.back(); ++c)
        at(output, joined(n, to, c)) = std::max(at(output, joined(n, to, c)), at(image, joined(n, from, c)));
  });
  return output;
}

Tensor avg_pool(const Tensor& image, const std::vector<int64_t>& window, const Movement& movement, bool count_padding) {
  const Shape& shape = image.shape();
  const std::vector<int64_t> size = padded(spatial_of(shape), window, movement).output;
  Tensor output(image_shape(shape.front(), size, shape.back()), DType::f64), counts(size, DType::f64);
  each_tap(spatial_of(shape), window, movement, [&](const Shape& to, const Shape&, const Shape& from) {
    at(counts, to) += 1;
    for (int64_t n = 0; n < shape.front(); ++n)
      for (int64_t c = 0; c < shape.back(); ++c) at(output, joined(n, to, c)) += at(image, joined(n, from, c));
  });
  each_index(output.shape(), [&](const Shape& index) {
    at(output, index) /= count_padding ? static_cast<double>(element_count(window)) : at(counts, spatial_of(index));
  });
  return output;
}

Tensor matmul(const Tensor& lhs, const Tensor& rhs) {
  Tensor output({lhs.shape()[0], rhs.shape()[1]}, DType::f64);
  each_index({lhs.shape()[0], rhs.shape()[1], lhs.shape()[1]}, [&](const Shape& index) {
    at(output, {index[0], index[1]}) += at(lhs, {index[0], index[2]}) * at(rhs, {index[2], index[1]});
  });
  return output;
}

Tensor elementwise(const std::vector<Tensor>& operands, const std::function<double(const std::vector<double>&)>& function) {
  size_t rank = 0;
  for (const Tensor& operand : operands) rank = std::max(rank, operand.shape().size());
  Shape shape(rank, 1);
  for (const Tensor& operand : operands)
    for (size_t dim = 0; dim < operand.shape().size(); ++dim) {
      int64_t& size = shape[rank - operand.shape().size() + dim];
      size = std::max(size, operand.shape()[dim]);
    }
  Tensor output(shape, DType::f64);
  each_index(shape, [&](const Shape& index) {
    std::vector<double> values;
    for (const Tensor& operand : operands) {
      Shape own(index.end() - static_cast<int64_t>(operand.shape().size()), index.end());
      for (size_t dim = 0; dim < own.size(); ++dim)
        if (operand.shape()[dim] == 1) own[dim] = 0;
      values.push_back(at(operand, own));
    }
    at(output, index) = function(values);
  });
  return output;
}

Tensor reduce(const Tensor& x, const std::vector<int64_t>& dims,
              const std::function<double(const std::vector<double>&)>& combine) {
  Shape shape = x.shape();
  for (int64_t dim : dims) shape[static_cast<size_t>(dim)] = 1;
  std::vector<std::vector<double>> together(static_cast<size_t>(element_count(shape)));
  each_index(x.shape(), [&](const Shape& index) {
    Shape to = index;
    for (int64_t dim : dims) to[static_cast<size_t>(dim)] = 0;
    together[static_cast<size_t>(offset(shape, to))].push_back(at(x, index));
  });
  Tensor output(shape, DType::f64);
  std::transform(together.begin(), together.end(), output.data<double>(), combine);
  return output;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance(const std::vector<double>& values) {
  const double center = mean(values);
  double sum = 0;
  for (double value : values) sum += (value - center) * (value - center);
  return sum / static_cast<double>(values.size());
}

Tensor softmax(const Tensor& x) {
  const auto exponentials = elementwise({x}, [](const std::vector<double>& v) { return std::exp(v[0]); });
  const auto sums = reduce(exponentials, {static_cast<int64_t>(x.shape().size()) - 1},
                           [](const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); });
  return elementwise({exponentials, sums}, [](const std::vector<double>& v) { return v[0] / v[1]; });
}

double softmax_cross_entropy(const Tensor& logits, const std::vector<int32_t>& labels, double smoothing) {
  const Tensor probabilities = softmax(logits);
  const int64_t batch = logits.shape()[0], classes = logits.shape()[1];
  double sum = 0;
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t k = 0; k < classes; ++k) {
      const double target =
          (k == labels[static_cast<size_t>(n)] ? 1 - smoothing : 0) + smoothing / static_cast<double>(classes);
      sum -= target * std::log(at(probabilities, {n, k}));
    }
  return sum / static_cast<double>(batch);
}

}  // namespace fovea::reference
