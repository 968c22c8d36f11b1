// SPDX-License-Identifier: Apache-2.0
// Plain loops in double precision, one function for each operator, that read like its definition. They are not fast and share
// no code with the lowerings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea::reference {

// Visits every index of a shape, the last dimension fastest.
void each_index(const Shape& shape, const std::function<void(const Shape&)>& visit);
double& at(Tensor& tensor, const Shape& index);
double at(const Tensor& tensor, const Shape& index);

// How a window moves. `padding` is "same" or "valid"; `cells` ([before, after] of each dimension) takes precedence when it is
// not empty.
struct Movement {
  std::vector<int64_t> strides, dilations;
  std::string padding = "valid";
  std::vector<int64_t> cells;
  int64_t groups = 1;
};

// The image is [batch, spatial..., in], the filter [spatial..., in / groups, out].
Tensor conv(const Tensor& image, const Tensor& filter, const Movement& movement);
// Every input cell adds its filter to the output, which has spatial size `output_size`.
Tensor conv_transpose(const Tensor& image, const Tensor& filter, const std::vector<int64_t>& output_size,
                      const Movement& movement);
Tensor max_pool(const Tensor& image, const std::vector<int64_t>& window, const Movement& movement);
Tensor avg_pool(const Tensor& image, const std::vector<int64_t>& window, const Movement& movement, bool count_padding);

Tensor matmul(const Tensor& lhs, const Tensor& rhs);

// Applies a function element by element with numpy's broadcasting.
Tensor elementwise(const std::vector<Tensor>& operands, const std::function<double(const std::vector<double>&)>& function);

// Reduces over `dims`, which stay with size 1. `combine` gets all values of one result in row-major order.
Tensor reduce(const Tensor& x, const std::vector<int64_t>& dims,
              const std::function<double(const std::vector<double>&)>& combine);

double mean(const std::vector<double>& values);
double variance(const std::vector<double>& values);  // biased

Tensor softmax(const Tensor& x);
double softmax_cross_entropy(const Tensor& logits, const std::vector<int32_t>& labels, double smoothing);

}  // namespace fovea::reference
