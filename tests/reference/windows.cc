// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/windows.h"

#include <limits>

namespace fovea::reference {
namespace {

Numbers zeros(int64_t count) { return Numbers(static_cast<size_t>(count), 0.0); }

double& at(Numbers& numbers, int64_t index) { return numbers[static_cast<size_t>(index)]; }
double at(const Numbers& numbers, int64_t index) { return numbers[static_cast<size_t>(index)]; }

// Visits every product of a convolution: positions in the image, the filter and the output.
template <typename Visit>
void each_product(const Windows& windows, int64_t batch, const Channels& channels, Visit visit) {
  const auto [in, out, groups] = channels;
  windows.each([&](int64_t output, int64_t tap, int64_t cell) {
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t group = 0; group < groups; ++group)
        for (int64_t c = 0; c < in; ++c)
          for (int64_t f = 0; f < out; ++f)
            visit(((n * windows.cells() + cell) * groups + group) * in + c, ((tap * in + c) * groups + group) * out + f,
                  ((n * windows.outputs() + output) * groups + group) * out + f);
  });
}

// The position in the image of each window's first largest value, or -1.
std::vector<int64_t> places_of_largest(const Windows& windows, int64_t batch, int64_t channels, const Numbers& image) {
  std::vector<int64_t> places(static_cast<size_t>(batch * windows.outputs() * channels), -1);
  windows.each([&](int64_t output, int64_t, int64_t cell) {
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t c = 0; c < channels; ++c) {
        int64_t& best = places[static_cast<size_t>((n * windows.outputs() + output) * channels + c)];
        const int64_t here = (n * windows.cells() + cell) * channels + c;
        if (best < 0 || at(image, here) > at(image, best)) best = here;
      }
  });
  return places;
}

// Visits every term of an average: positions in the output and the image, and what the sum is divided by.
template <typename Visit>
void each_averaged(const Windows& windows, int64_t batch, int64_t channels, bool count_padding, Visit visit) {
  std::vector<int64_t> counts(static_cast<size_t>(windows.outputs()), count_padding ? windows.taps() : 0);
  if (!count_padding) windows.each([&](int64_t output, int64_t, int64_t) { ++counts[static_cast<size_t>(output)]; });
  windows.each([&](int64_t output, int64_t, int64_t cell) {
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t c = 0; c < channels; ++c)
        visit((n * windows.outputs() + output) * channels + c, (n * windows.cells() + cell) * channels + c,
              static_cast<double>(counts[static_cast<size_t>(output)]));
  });
}

}  // namespace

int64_t Windows::cells() const {
  int64_t count = 1;
  for (const Movement1d& dim : dims_) count *= dim.input;
  return count;
}

int64_t Windows::outputs() const {
  int64_t count = 1;
  for (const Movement1d& dim : dims_) count *= dim.output;
  return count;
}

int64_t Windows::taps() const {
  int64_t count = 1;
  for (const Movement1d& dim : dims_) count *= dim.kernel;
  return count;
}

void Windows::each(const std::function<void(int64_t, int64_t, int64_t)>& visit) const {
  for (int64_t output = 0; output < outputs(); ++output) {
    for (int64_t tap = 0; tap < taps(); ++tap) {
      int64_t cell = 0, row = 1, output_left = output, tap_left = tap;
      bool inside = true;
      for (size_t i = dims_.size(); i-- > 0;) {
        const Movement1d& dim = dims_[i];
        const int64_t position = output_left % dim.output * dim.stride + tap_left % dim.kernel * dim.dilation - dim.before;
        output_left /= dim.output;
        tap_left /= dim.kernel;
        inside = inside && position >= 0 && position < dim.input;
        cell += position * row;
        row *= dim.input;
      }
      if (inside) visit(output, tap, cell);
    }
  }
}

Numbers convolved(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& image,
                  const Numbers& filter) {
  Numbers result = zeros(batch * windows.outputs() * channels.groups * channels.out);
  each_product(windows, batch, channels,
               [&](int64_t from, int64_t by, int64_t to) { at(result, to) += at(image, from) * at(filter, by); });
  return result;
}

Numbers transposed(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& output,
                   const Numbers& filter) {
  Numbers result = zeros(batch * windows.cells() * channels.groups * channels.in);
  each_product(windows, batch, channels,
               [&](int64_t to, int64_t by, int64_t from) { at(result, to) += at(output, from) * at(filter, by); });
  return result;
}

Numbers filter_gradient(const Windows& windows, int64_t batch, const Channels& channels, const Numbers& image,
                        const Numbers& output) {
  Numbers result = zeros(windows.taps() * channels.in * channels.groups * channels.out);
  each_product(windows, batch, channels,
               [&](int64_t from, int64_t to, int64_t by) { at(result, to) += at(image, from) * at(output, by); });
  return result;
}

Numbers largest(const Windows& windows, int64_t batch, int64_t channels, const Numbers& image) {
  Numbers result;
  for (const int64_t place : places_of_largest(windows, batch, channels, image))
    result.push_back(place < 0 ? -std::numeric_limits<double>::infinity() : at(image, place));
  return result;
}

Numbers largest_gradient(const Windows& windows, int64_t batch, int64_t channels, const Numbers& image, const Numbers& output) {
  Numbers result = zeros(batch * windows.cells() * channels);
  const std::vector<int64_t> places = places_of_largest(windows, batch, channels, image);
  for (size_t index = 0; index < places.size(); ++index)
    if (places[index] >= 0) at(result, places[index]) += output[index];
  return result;
}

Numbers averaged(const Windows& windows, int64_t batch, int64_t channels, bool count_padding, const Numbers& image) {
  Numbers result = zeros(batch * windows.outputs() * channels);
  each_averaged(windows, batch, channels, count_padding,
                [&](int64_t to, int64_t from, double count) { at(result, to) += at(image, from) / count; });
  return result;
}

Numbers averaged_gradient(const Windows& windows, int64_t batch, int64_t channels, bool count_padding, const Numbers& output) {
  Numbers result = zeros(batch * windows.cells() * channels);
  each_averaged(windows, batch, channels, count_padding,
                [&](int64_t from, int64_t to, double count) { at(result, to) += at(output, from) / count; });
  return result;
}

Numbers products(int64_t stack, int64_t rows, int64_t depth, int64_t columns, bool transpose_left, bool transpose_right,
                 const Numbers& left, const Numbers& right) {
  Numbers result = zeros(stack * rows * columns);
  for (int64_t matrix = 0; matrix < stack; ++matrix)
    for (int64_t m = 0; m < rows; ++m)
      for (int64_t n = 0; n < columns; ++n)
        for (int64_t k = 0; k < depth; ++k)
          at(result, (matrix * rows + m) * columns + n) +=
              at(left, matrix * rows * depth + (transpose_left ? k * rows + m : m * depth + k)) *
              at(right, matrix * depth * columns + (transpose_right ? n * depth + k : k * columns + n));
  return result;
}

}  // namespace fovea::reference
