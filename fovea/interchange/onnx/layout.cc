// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/layout.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/core/tensor_permute.h"

namespace fovea {
namespace {

// Orders come from attributes and from the ranks that operators are expected to have. An order that does not fit these
// dimensions must not be used as an index.
void check_order(const std::vector<int64_t>& order, size_t rank) {
  std::vector<bool> seen(rank, false);
  bool good = order.size() == rank;
  for (const int64_t d : order) {
    good = good && d >= 0 && d < static_cast<int64_t>(rank) && !seen[static_cast<size_t>(d)];
    if (good) seen[static_cast<size_t>(d)] = true;
  }
  if (!good) fail("{} is no order of {} dimensions", to_string(order), rank);
}

}  // namespace

Layout Layout::row_major(const Shape& shape) {
  std::vector<int64_t> order(shape.size());
  std::iota(order.begin(), order.end(), 0);
  return permuted(shape, order);
}

Layout Layout::permuted(const Shape& memory, const std::vector<int64_t>& order) {
  check_order(order, memory.size());
  Layout layout;
  std::vector<std::vector<size_t>> of_memory(memory.size());
  for (size_t i = 0; i < memory.size(); ++i) {
    if (memory[i] == 1) continue;
    of_memory[i] = {layout.factors_.size()};
    layout.factors_.push_back(memory[i]);
  }
  for (const int64_t i : order) layout.dimensions_.push_back(of_memory.at(static_cast<size_t>(i)));
  return layout;
}

Layout Layout::of(std::vector<int64_t> factors, std::vector<std::vector<size_t>> dimensions) {
  Layout layout;
  layout.factors_ = std::move(factors);
  layout.dimensions_ = std::move(dimensions);
  return layout;
}

Shape Layout::shape() const {
  Shape shape;
  for (const std::vector<size_t>& dimension : dimensions_) {
    int64_t extent = 1;
    for (const size_t factor : dimension) extent *= factors_[factor];
    shape.push_back(extent);
  }
  return shape;
}

std::vector<size_t> Layout::logical_order() const {
  std::vector<size_t> order;
  for (const std::vector<size_t>& dimension : dimensions_) order.insert(order.end(), dimension.begin(), dimension.end());
  return order;
}

std::vector<size_t> Layout::owners() const {
  std::vector<size_t> owners(factors_.size());
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    for (const size_t factor : dimensions_[d]) owners[factor] = d;
  }
  return owners;
}

bool Layout::is_row_major() const {
  const std::vector<size_t> order = logical_order();
  return std::is_sorted(order.begin(), order.end());
}

Layout Layout::transposed(const std::vector<int64_t>& permutation) const {
  check_order(permutation, dimensions_.size());
  Layout result;
  result.factors_ = factors_;
  for (const int64_t d : permutation) result.dimensions_.push_back(dimensions_.at(static_cast<size_t>(d)));
  return result;
}

void Layout::split(size_t factor, int64_t inner) {
  factors_[factor] /= inner;
  factors_.insert(factors_.begin() + static_cast<int64_t>(factor) + 1, inner);
  for (std::vector<size_t>& dimension : dimensions_) {
    std::vector<size_t> renumbered;
    for (const size_t f : dimension) {
      renumbered.push_back(f > factor ? f + 1 : f);
      if (f == factor) renumbered.push_back(factor + 1);
    }
    dimension = std::move(renumbered);
  }
}

Layout Layout::joined() const {
  std::vector<size_t> owner = owners();
  std::vector<bool> joins(factors_.size(), false);  // with the factor before it
  for (const std::vector<size_t>& dimension : dimensions_) {
    for (size_t i = 1; i < dimension.size(); ++i) joins[dimension[i]] = dimension[i] == dimension[i - 1] + 1;
  }
  Layout result;
  std::vector<size_t> number(factors_.size());
  for (size_t f = 0; f < factors_.size(); ++f) {
    if (joins[f])
      result.factors_.back() *= factors_[f];
    else
      result.factors_.push_back(factors_[f]);
    number[f] = result.factors_.size() - 1;
  }
  for (const std::vector<size_t>& dimension : dimensions_) {
    std::vector<size_t>& kept = result.dimensions_.emplace_back();
    for (const size_t f : dimension) {
      if (!joins[f]) kept.push_back(number[f]);
    }
  }
  return result;
}

std::optional<Layout> Layout::reshaped(const Shape& shape) const {
  if (element_count(shape) != element_count(this->shape()))
    fail("a tensor {} cannot take the shape {}", to_string(this->shape()), to_string(shape));
  Layout flat;
  flat.factors_ = factors_;
  flat.dimensions_ = {logical_order()};
  // The new shape as a layout of its own: refining both to common factors divides ours where new dimensions begin.
  Layout wanted = row_major(shape);
  const size_t rank = shape.size();
  Layout flat_wanted;
  flat_wanted.factors_ = wanted.factors_;
  flat_wanted.dimensions_ = {wanted.logical_order()};
  if (!refine(flat, flat_wanted)) return std::nullopt;
  Layout result;
  result.factors_ = flat.factors_;
  result.dimensions_.resize(rank);
  size_t next = 0;
  for (size_t d = 0; d < rank; ++d) {
    for (int64_t extent = 1; extent < shape[d]; ++next) {
      result.dimensions_[d].push_back(flat.dimensions_[0][next]);
      extent *= flat.factors_[flat.dimensions_[0][next]];
    }
  }
  return result.joined();
}

bool Layout::refine(Layout& a, Layout& b) {
  for (size_t d = 0; d < a.dimensions_.size(); ++d) {
    for (size_t i = 0; i < a.dimensions_[d].size() && i < b.dimensions_[d].size(); ++i) {
      const size_t in_a = a.dimensions_[d][i], in_b = b.dimensions_[d][i];
      const int64_t extent_a = a.factors_[in_a], extent_b = b.factors_[in_b];
      if (extent_a == extent_b) continue;
      if (extent_a % extent_b == 0)
        a.split(in_a, extent_a / extent_b);
      else if (extent_b % extent_a == 0)
        b.split(in_b, extent_b / extent_a);
      else
        return false;
    }
  }
  return true;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& permutation) {
  check_order(permutation, permutation.size());
  std::vector<int64_t> result(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) result.at(static_cast<size_t>(permutation[i])) = static_cast<int64_t>(i);
  return result;
}

std::vector<int64_t> identity_order(int64_t rank) {
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

std::vector<int64_t> channels_last_order(int64_t rank) {
  std::vector<int64_t> order = identity_order(rank);
  if (rank > 2) std::rotate(order.begin() + 1, order.begin() + 2, order.end());
  return order;
}

bool Rearrangement::moves() const { return !std::is_sorted(permutation.begin(), permutation.end()); }

std::optional<Rearrangement> rearrangement(const Layout& from, const Layout& to) {
  Layout a = from, b = to;
  if (a.shape() != b.shape()) fail("layouts of different shapes, {} and {}", to_string(a.shape()), to_string(b.shape()));
  if (!Layout::refine(a, b)) return std::nullopt;
  Rearrangement result{.split = a.factors(), .permutation = std::vector<int64_t>(a.factors().size())};
  const std::vector<size_t> order_a = a.logical_order(), order_b = b.logical_order();
  for (size_t i = 0; i < order_a.size(); ++i) result.permutation[order_b[i]] = static_cast<int64_t>(order_a[i]);
  return result;
}

Shape ordered_shape(const Shape& shape, const std::vector<int64_t>& order) {
  check_order(order, shape.size());
  Shape result;
  for (const int64_t d : order) result.push_back(shape.at(static_cast<size_t>(d)));
  return result;
}

Layout ordered_layout(const Shape& shape, const std::vector<int64_t>& order) {
  return Layout::permuted(ordered_shape(shape, order), inverse(order));
}

std::optional<std::vector<int64_t>> natural_order(const Layout& layout, const std::vector<int64_t>& preferred) {
  const Shape shape = layout.shape();
  std::vector<int64_t> by_place = identity_order(layout.rank());
  const auto place = [&](int64_t d) { return layout.dimension(d).empty() ? 0 : layout.dimension(d).front() + 1; };
  std::stable_sort(by_place.begin(), by_place.end(), [&](int64_t a, int64_t b) { return place(a) < place(b); });
  for (const std::vector<int64_t>& order : {preferred, identity_order(layout.rank()), by_place}) {
    const auto way = rearrangement(layout, ordered_layout(shape, order));
    if (way && !way->moves()) return order;
  }
  return std::nullopt;
}

std::vector<LayoutStep> steps_into_order(const Layout& layout, const Shape& shape, const std::vector<int64_t>& order) {
  const Shape own = layout.shape();
  const std::optional<Rearrangement> way = rearrangement(layout, ordered_layout(own, order));
  if (!way) {
    std::vector<LayoutStep> steps = steps_into_order(layout, shape, identity_order(layout.rank()));
    for (LayoutStep& step : steps_into_order(Layout::row_major(own), own, order)) steps.push_back(std::move(step));
    return steps;
  }
  std::vector<LayoutStep> steps;
  Shape now = shape;
  const auto reshape = [&](const Shape& wanted) {
    if (now != wanted) steps.push_back({.transposes = false, .numbers = wanted});
    now = wanted;
  };
  if (way->moves()) {
    reshape(way->split);
    steps.push_back({.transposes = true, .numbers = way->permutation});
    now = ordered_shape(way->split, way->permutation);
  }
  reshape(ordered_shape(own, order));
  return steps;
}

Tensor arranged(const Tensor& tensor, const Layout& layout) {
  const std::optional<Rearrangement> way = rearrangement(Layout::row_major(tensor.shape()), layout);
  if (!way) fail("a tensor {} does not divide into its layout", to_string(tensor.shape()));
  return permuted(tensor.reshaped(way->split), way->permutation).reshaped(layout.factors());
}

bool is_rows(const Layout& layout) {
  if (layout.rank() != 2) return false;
  const std::vector<size_t>& outer = layout.dimension(0);
  for (size_t i = 0; i < outer.size(); ++i) {
    if (outer[i] != i) return false;
  }
  return true;
}

Tensor matched_rows(const Tensor& weight, const Layout& x) {
  std::vector<int64_t> factors = x.factors();
  std::vector<size_t> rows = x.dimension(1), columns;
  const size_t outer = x.dimension(0).size();
  factors.erase(factors.begin(), factors.begin() + static_cast<int64_t>(outer));
  for (size_t& factor : rows) factor -= outer;
  if (weight.shape()[1] > 1) {
    columns.push_back(factors.size());
    factors.push_back(weight.shape()[1]);
  }
  return arranged(weight, Layout::of(factors, {rows, columns})).reshaped(weight.shape());
}

}  // namespace fovea
