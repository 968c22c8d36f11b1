// SPDX-License-Identifier: Apache-2.0
// How the elements of a tensor are arranged in memory, seen from its dimensions.
//
// ONNX has [batch, channels, spatial...], fovea [batch, spatial..., channels], and networks flatten, split and permute in
// between. A Layout follows a tensor through such steps without moving an element, so that only what really differs is
// transposed: for a flattened feature map, the rows of the weights that read it are permuted; a channel shuffle becomes one
// transposition.
//
// Memory is a row-major box of factors, all above 1, and each dimension of the tensor is a product of some of them. ONNX's [1,
// 64, 7, 7] in fovea's order has the factors 7, 7, 64 and the dimensions {}, {2}, {0}, {1}; flattened it has {}, {2, 0, 1}.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

// The layout of one tensor.
class Layout {
 public:
  static Layout row_major(const Shape& shape);
  // The layout of a tensor that is in memory as `memory`, where dimension i is its dimension order[i].
  static Layout permuted(const Shape& memory, const std::vector<int64_t>& order);

  // Dimensions given by the indices of their factors.
  static Layout of(std::vector<int64_t> factors, std::vector<std::vector<size_t>> dimensions);

  Shape shape() const;
  int64_t rank() const { return static_cast<int64_t>(dimensions_.size()); }
  const std::vector<int64_t>& factors() const { return factors_; }  // the box, outermost first
  const std::vector<size_t>& dimension(int64_t index) const { return dimensions_.at(static_cast<size_t>(index)); }
  bool is_row_major() const;
  bool operator==(const Layout&) const = default;

  // The same memory with its dimensions in another order, or in another shape of equal count; nothing when a new dimension
  // would divide factors.
  Layout transposed(const std::vector<int64_t>& permutation) const;
  std::optional<Layout> reshaped(const Shape& shape) const;

  // Divides factors of both layouts, which have equal shapes, until each dimension has the same factors in both; false when
  // they have no common refinement.
  static bool refine(Layout& a, Layout& b);
  // Merges factors that are neighbors wherever they occur.
  Layout joined() const;

  // The indices of the factors in memory, by the tensor's dimensions from the outermost on.
  std::vector<size_t> logical_order() const;
  // The dimension that each factor belongs to.
  std::vector<size_t> owners() const;

 private:
  void split(size_t factor, int64_t inner);

  std::vector<int64_t> factors_;
  std::vector<std::vector<size_t>> dimensions_;
};

// The inverse permutation: inverse(p)[p[i]] = i.
std::vector<int64_t> inverse(const std::vector<int64_t>& permutation);

std::vector<int64_t> identity_order(int64_t rank);

// [0, 2, 3, ..., 1]: fovea's dimensions in ONNX's numbering.
std::vector<int64_t> channels_last_order(int64_t rank);

// How memory of one layout is brought into another of the same shape: reshaped to the box `split`, and transposed by
// `permutation`.
struct Rearrangement {
  Shape split;
  std::vector<int64_t> permutation;
  bool moves() const;  // false when the memory is the same
};

// Nothing when the two have no common refinement; going through Layout::row_major always works.
std::optional<Rearrangement> rearrangement(const Layout& from, const Layout& to);

// The layout of a tensor that is stored with its dimensions in another order: dimension i of the memory is dimension order[i].
Layout ordered_layout(const Shape& shape, const std::vector<int64_t>& order);
Shape ordered_shape(const Shape& shape, const std::vector<int64_t>& order);

// An order of dimensions that the memory already has, `preferred` if it is one (dimensions of 1 fit anywhere); nothing when a
// dimension is scattered.
std::optional<std::vector<int64_t>> natural_order(const Layout& layout, const std::vector<int64_t>& preferred);

// One operator on a tensor with such memory: a reshape to `numbers`, or a transposition by them.
struct LayoutStep {
  bool transposes = false;
  std::vector<int64_t> numbers;
};

// The steps from memory of this layout, in a tensor of `shape`, to a tensor with its dimensions in the given order.
std::vector<LayoutStep> steps_into_order(const Layout& layout, const Shape& shape, const std::vector<int64_t>& order);

// The row-major memory of `tensor` put into `layout` (of the tensor's shape); the result has the shape of the factors.
Tensor arranged(const Tensor& tensor, const Layout& layout);

// Whether the memory consists of rows of the first of two dimensions, which contain the second in any order.
bool is_rows(const Layout& layout);

// The weights [in, out] with `in` in the order in which the rows of such a layout are in memory.
Tensor matched_rows(const Tensor& weight, const Layout& x);

}  // namespace fovea
