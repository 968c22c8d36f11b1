// SPDX-License-Identifier: Apache-2.0
// How the elements of a tensor lie in memory, seen from its dimensions.
//
// ONNX says [batch, channels, spatial...], fovea [batch, spatial..., channels]; in between networks flatten, split and permute.
// A Layout follows a tensor through such steps without moving an element, so that only what really differs is transposed: a
// flattened feature map is met by permuting the rows of the weights that read it, a channel shuffle becomes one transposition.
//
// Memory is a row-major box of factors, all above 1; each dimension of the tensor is a product of some of them:
// [1, 64, 7, 7] of ONNX in fovea's order has the factors 7, 7, 64 and the dimensions {}, {2}, {0}, {1}; flattened it is {}, {2,
// 0, 1}.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

class Layout {
 public:
  static Layout row_major(const Shape& shape);
  // Of a tensor kept in memory as `memory`, whose dimension i is dimension order[i] there.
  static Layout permuted(const Shape& memory, const std::vector<int64_t>& order);

  // Dimensions given by the numbers of their factors.
  static Layout of(std::vector<int64_t> factors, std::vector<std::vector<size_t>> dimensions);

  Shape shape() const;
  int64_t rank() const { return static_cast<int64_t>(dimensions_.size()); }
  const std::vector<int64_t>& factors() const { return factors_; }  // the box, outermost first
  const std::vector<size_t>& dimension(int64_t index) const { return dimensions_.at(static_cast<size_t>(index)); }
  bool is_row_major() const;
  bool operator==(const Layout&) const = default;

  // The same memory with its dimensions in another order, or in another shape of equal count; none where a new dimension would
  // cut across factors.
  Layout transposed(const std::vector<int64_t>& permutation) const;
  std::optional<Layout> reshaped(const Shape& shape) const;

  // Cuts factors of both, layouts of equal shape, until each dimension has the same factors in both; false where they have no
  // common measure.
  static bool refine(Layout& a, Layout& b);
  // Joins factors that are neighbors wherever they occur.
  Layout joined() const;

  // The tensor's factors, outermost dimension first: factor numbers in memory.
  std::vector<size_t> logical_order() const;
  // Which dimension each factor belongs to.
  std::vector<size_t> owners() const;

 private:
  void split(size_t factor, int64_t inner);

  std::vector<int64_t> factors_;
  std::vector<std::vector<size_t>> dimensions_;
};

// Where each entry of a permutation went: inverse(p)[p[i]] = i.
std::vector<int64_t> inverse(const std::vector<int64_t>& permutation);

std::vector<int64_t> identity_order(int64_t rank);

// [0, 2, 3, ..., 1]: what fovea's dimensions are in ONNX's numbering.
std::vector<int64_t> channels_last_order(int64_t rank);

// What brings memory of one layout into another of the same shape: seen as the box `split`, transposed by `permutation`.
struct Rearrangement {
  Shape split;
  std::vector<int64_t> permutation;
  bool moves() const;  // false: the memory is the same
};

// None where the two have no common measure; going through Layout::row_major then always works.
std::optional<Rearrangement> rearrangement(const Layout& from, const Layout& to);

// The layout of a tensor kept with its dimensions in another order: dimension i of the memory is dimension order[i].
Layout ordered_layout(const Shape& shape, const std::vector<int64_t>& order);
Shape ordered_shape(const Shape& shape, const std::vector<int64_t>& order);

// An order of dimensions that memory already has, `preferred` where that is one (sizes of 1 lie anywhere); none where a
// dimension is scattered.
std::optional<std::vector<int64_t>> natural_order(const Layout& layout, const std::vector<int64_t>& preferred);

// One operator on a tensor that holds such memory: a reshape to `numbers`, or a transposition by them.
struct LayoutStep {
  bool transposes = false;
  std::vector<int64_t> numbers;
};

// What turns memory of this layout, at hand as a tensor of `shape`, into a tensor with its dimensions in the order given.
std::vector<LayoutStep> steps_into_order(const Layout& layout, const Shape& shape, const std::vector<int64_t>& order);

// The shape both broadcast to, right-aligned; none where extents differ and neither is 1.
std::optional<Shape> broadcast_shape(const Shape& a, const Shape& b);

// Host tensors, of any element type.
Tensor transposed(const Tensor& tensor, const std::vector<int64_t>& permutation);

// Memory of `tensor`, row-major, put into `layout` (of the tensor's shape); the result's shape is that of the factors.
Tensor arranged(const Tensor& tensor, const Layout& layout);

// Whether memory is rows of the first of two dimensions, each holding the second in whatever order.
bool is_rows(const Layout& layout);

// Weights [in, out] with `in` in the order in which the rows of such a layout lie in memory.
Tensor matched_rows(const Tensor& weight, const Layout& x);

}  // namespace fovea
