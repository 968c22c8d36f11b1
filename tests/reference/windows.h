// SPDX-License-Identifier: Apache-2.0
// Windows in plain loops over numbers, for those who compare thousands of shapes: convolution, pooling, and their gradients,
// each as its definition says. In double; nothing is shared with the formulas, nor with reference.h.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace fovea::reference {

using Numbers = std::vector<double>;

// One spatial dimension: output o reads cells o * stride + tap * dilation - before that lie in [0, input).
struct Movement1d {
  int64_t input, kernel, stride, dilation, before, output;
};

class Windows {
 public:
  explicit Windows(std::vector<Movement1d> dims) : dims_(std::move(dims)) {}

  int64_t cells() const;    // of the image
  int64_t outputs() const;  // windows
  int64_t taps() const;     // of a window

  // Every tap that lies in the image: numbers of the output, the tap and the cell, each row by row, taps in order.
  void each(const std::function<void(int64_t output, int64_t tap, int64_t cell)>& visit) const;

 private:
  std::vector<Movement1d> dims_;
};

// Channels of each group, and how many groups.
struct Channels {
  int64_t in, out, groups;
};

// Images [batch, cells, groups * in], filters [taps, in, groups * out], outputs [batch, outputs, groups * out].
Numbers convolved(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& image, const Numbers& filter);
Numbers transposed(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& output,
                   const Numbers& filter);
Numbers filter_gradient(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& image,
                        const Numbers& output);

// The first largest value of each window; -infinity where no tap lies in the image.
Numbers largest(const Windows& windows, int64_t batch, int64_t channels, const Numbers& image);
// To the first largest of each window, what its output gives.
Numbers largest_gradient(const Windows& windows, int64_t batch, int64_t channels, const Numbers& image, const Numbers& output);

// Sums over taps, divided by all taps of a window or by those that lie in the image; 0 where none does.
Numbers averaged(const Windows& windows, int64_t batch, int64_t channels, bool count_padding, const Numbers& image);
Numbers averaged_gradient(const Windows& windows, int64_t batch, int64_t channels, bool count_padding, const Numbers& output);

// `stack` products [rows, depth] x [depth, columns], either factor stored transposed.
Numbers products(int64_t stack, int64_t rows, int64_t depth, int64_t columns, bool transpose_left, bool transpose_right,
                 const Numbers& left, const Numbers& right);

}  // namespace fovea::reference
