// SPDX-License-Identifier: Apache-2.0
// Windows in plain loops over numbers, for comparisons of thousands of shapes: convolution, pooling and their gradients, each
// by its definition. They compute in double and share nothing with the lowerings, nor with reference.h.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace fovea::reference {

using Numbers = std::vector<double>;

// One spatial dimension: output o reads the cells o * stride + tap * dilation - before that are in [0, input).
struct Movement1d {
  int64_t input, kernel, stride, dilation, before, output;
};

class Windows {
 public:
  explicit Windows(std::vector<Movement1d> dims) : dims_(std::move(dims)) {}

  int64_t cells() const;    // of the image
  int64_t outputs() const;  // windows
  int64_t taps() const;     // of a window

  // Visits every tap that is in the image: row-major indices of the output, the tap and the cell, with taps in order.
  void each(const std::function<void(int64_t output, int64_t tap, int64_t cell)>& visit) const;

 private:
  std::vector<Movement1d> dims_;
};

// Channels of each group, and the number of groups.
struct Channels {
  int64_t in, out, groups;
};

// Images are [batch, cells, groups * in], filters [taps, in, groups * out], outputs [batch, outputs, groups * out].
Numbers convolved(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& image, const Numbers& filter);
Numbers transposed(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& output,
                   const Numbers& filter);
Numbers filter_gradient(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& image,
                        const Numbers& output);

// The first largest value of each window; -infinity when no tap is in the image.
Numbers largest(const Windows& windows, int64_t batch, int64_t channels, const Numbers& image);
// Adds the gradient of each output to the first largest value of its window.
Numbers largest_gradient(const Windows& windows, int64_t batch, int64_t channels, const Numbers& image, const Numbers& output);

// Sums over taps, divided by the number of all taps of a window or of those in the image; 0 when none is.
Numbers averaged(const Windows& windows, int64_t batch, int64_t channels, bool count_padding, const Numbers& image);
Numbers averaged_gradient(const Windows& windows, int64_t batch, int64_t channels, bool count_padding, const Numbers& output);

// `stack` products of matrices [rows, depth] x [depth, columns]; either factor may be stored transposed.
Numbers products(int64_t stack, int64_t rows, int64_t depth, int64_t columns, bool transpose_left, bool transpose_right,
                 const Numbers& left, const Numbers& right);

}  // namespace fovea::reference
