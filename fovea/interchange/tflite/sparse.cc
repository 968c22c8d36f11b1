// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/sparse.h"

#include <algorithm>
#include <cstring>

#include "fovea/core/error.h"

namespace fovea::tflite {
namespace {

// The largest number of elements for each stored element: a small file must not ask for all memory.
constexpr size_t most_zeros = 1024;

// One dimension in the order of traversal.
struct Level {
  bool sparse = false;
  int64_t size = 0;                          // number of positions
  size_t dim = 0;                            // dimension of the tensor
  bool block = false;                        // positions inside a block of `dim`
  std::vector<int64_t> segments, positions;  // of a sparse dimension
};

std::vector<int64_t> numbers_of(schema::SparseIndexVector type, const void* table) {
  const auto all = [](const auto* numbers) {
    return numbers ? std::vector<int64_t>(numbers->begin(), numbers->end()) : std::vector<int64_t>();
  };
  if (!table) return {};
  switch (type) {
    case schema::SparseIndexVector::Int32Vector:
      return all(static_cast<const schema::Int32Vector*>(table)->values());
    case schema::SparseIndexVector::Uint16Vector:
      return all(static_cast<const schema::Uint16Vector*>(table)->values());
    case schema::SparseIndexVector::Uint8Vector:
      return all(static_cast<const schema::Uint8Vector*>(table)->values());
    default:
      return {};
  }
}

class Walk {
 public:
  Walk(const schema::SparsityParameters& sparsity, const Shape& shape, size_t element_bytes, std::span<const std::byte> stored,
       const std::string& user)
      : shape_(shape), bytes_(element_bytes), stored_(stored), user_(user) {
    if (!sparsity.traversal_order() || !sparsity.dim_metadata()) complain("says nothing of its order");
    const auto& order = *sparsity.traversal_order();
    const size_t rank = shape.size(), blocks = sparsity.block_map() ? sparsity.block_map()->size() : 0;
    if (order.size() != rank + blocks || sparsity.dim_metadata()->size() != order.size() || order.size() > 16)
      complain("has an order of {} dimensions for {}", order.size(), to_string(shape));
    blocks_.assign(rank, 1);
    std::vector<bool> seen(order.size());
    for (flatbuffers::uoffset_t i = 0; i < order.size(); ++i) {
      const auto place = static_cast<size_t>(order.Get(i));
      if (place >= order.size() || seen[place] || (place >= rank) != (i >= rank)) complain("walks dimension {} twice", place);
      seen[place] = true;
      Level level = read_level(*sparsity.dim_metadata()->Get(i));
      level.block = place >= rank;
      level.dim = place;
      if (level.block) {
        const int64_t mapped = sparsity.block_map()->Get(static_cast<flatbuffers::uoffset_t>(place - rank));
        if (mapped < 0 || mapped >= std::ssize(shape) || level.sparse || blocks_[static_cast<size_t>(mapped)] != 1)
          complain("has blocks of dimension {}", mapped);
        level.dim = static_cast<size_t>(mapped);
        if (level.size < 1 || shape[level.dim] % level.size != 0)
          complain("has blocks of {} in {}", level.size, to_string(shape));
        blocks_[level.dim] = level.size;
      }
      levels_.push_back(std::move(level));
    }
    for (Level& level : levels_) {
      if (level.block) continue;
      const int64_t positions = shape[level.dim] / blocks_[level.dim];
      if (!level.sparse && level.size != positions) complain("walks {} of {} positions", level.size, positions);
      level.size = positions;
    }
  }

  std::vector<std::byte> dense() {
    const auto count = static_cast<size_t>(element_count(shape_));
    if (count > most_zeros * (stored_.size() / bytes_ + most_zeros))
      complain("holds {} bytes for {} elements", stored_.size(), count);
    result_.assign(count * bytes_, std::byte{0});
    std::vector<int64_t> index(shape_.size(), 0);
    if (count > 0) fill(0, 0, index);
    if (at_ != stored_.size() / bytes_ || stored_.size() % bytes_ != 0)
      complain("holds {} bytes, of which {} have a place", stored_.size(), at_ * bytes_);
    return std::move(result_);
  }

 private:
  template <typename... Arguments>
  [[noreturn]] void complain(fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    fail(ErrorCode::data_loss, "{} is stored sparsely and {}", user_,
         fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  Level read_level(const schema::DimensionMetadata& table) const {
    Level level{.sparse = table.format() == schema::DimensionType::SPARSE_CSR, .size = table.dense_size()};
    if (!level.sparse) return level;
    level.segments = numbers_of(table.array_segments_type(), table.array_segments());
    level.positions = numbers_of(table.array_indices_type(), table.array_indices());
    const bool rises = std::ranges::is_sorted(level.segments) && !level.segments.empty() && level.segments.front() >= 0 &&
                       level.segments.back() <= std::ssize(level.positions);
    if (!rises) complain("has segments that do not fit its positions");
    return level;
  }

  // `entry` is the index of the entry of the previous level.
  void fill(size_t depth, int64_t entry, std::vector<int64_t>& index) {
    if (depth == levels_.size()) return store(index);
    const Level& level = levels_[depth];
    int64_t first = 0, last = level.size;
    if (level.sparse) {
      if (entry + 1 >= std::ssize(level.segments)) complain("has too few segments");
      first = level.segments[static_cast<size_t>(entry)];
      last = level.segments[static_cast<size_t>(entry) + 1];
    }
    const int64_t before = index[level.dim];
    for (int64_t i = first; i < last; ++i) {
      const int64_t position = level.sparse ? level.positions[static_cast<size_t>(i)] : i;
      if (position < 0 || position >= level.size) complain("has position {} of {}", position, level.size);
      index[level.dim] = level.block ? before * level.size + position : position;
      // Entries of a dense level are counted through all previous levels; those of a sparse level are numbered on their own.
      fill(depth + 1, level.sparse ? i : entry * level.size + i, index);
    }
    index[level.dim] = before;
  }

  void store(const std::vector<int64_t>& index) {
    if ((at_ + 1) * bytes_ > stored_.size()) complain("holds too few bytes, {}", stored_.size());
    size_t place = 0;
    for (size_t dim = 0; dim < shape_.size(); ++dim)
      place = place * static_cast<size_t>(shape_[dim]) + static_cast<size_t>(index[dim]);
    std::memcpy(result_.data() + place * bytes_, stored_.data() + at_ * bytes_, bytes_);
    ++at_;
  }

  const Shape& shape_;
  size_t bytes_;
  std::span<const std::byte> stored_;
  const std::string& user_;
  std::vector<Level> levels_;
  std::vector<int64_t> blocks_;  // the block size of each dimension
  std::vector<std::byte> result_;
  size_t at_ = 0;  // number of stored elements that have a position
};

}  // namespace

std::vector<std::byte> dense_bytes(const schema::SparsityParameters& sparsity, const Shape& shape, size_t element_bytes,
                                   std::span<const std::byte> stored, const std::string& user) {
  return Walk(sparsity, shape, element_bytes, stored, user).dense();
}

}  // namespace fovea::tflite
