// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/shard_sum.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "fovea/collective/shards.h"

namespace fovea {
namespace {

template <typename T>
void add_to(std::span<T> sum, std::span<const T> values) {
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += values[i];
}

}  // namespace

template <typename T>
ShardSum<T>::ShardSum(Communicator& processes, int64_t shards, int64_t length)
    : processes_(processes), shards_(shards), length_(length) {
  if (!std::has_single_bit(static_cast<uint64_t>(shards))) refuse("{} shards are no power of two", shards);
  if (processes.size() > shards) refuse("{} processes are more than {} shards", processes.size(), shards);
}

template <typename T>
std::vector<T> ShardSum<T>::free_buffer() {
  if (free_.empty()) return std::vector<T>(static_cast<size_t>(length_));
  std::vector<T> buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

template <typename T>
void ShardSum<T>::add(int64_t shard, std::span<const T> values) {
  const ShardRun own = shards_of(shards_, processes_.rank(), processes_.size());
  if (shard == own.begin) {  // the sum before this one is no longer needed
    for (Node& node : nodes_) free_.push_back(std::move(node.values));
    nodes_.clear();
  }
  const auto is_left_sibling = [](const Node& node, int level, int64_t index) {
    return node.level == level && node.index + 1 == index && index % 2 == 1;
  };
  if (nodes_.empty() || !is_left_sibling(nodes_.back(), 0, shard)) {
    nodes_.push_back({0, shard, free_buffer()});
    std::ranges::copy(values, nodes_.back().values.begin());
    return;
  }
  add_to<T>(nodes_.back().values, values);
  nodes_.back().level = 1;
  nodes_.back().index = shard / 2;
  while (nodes_.size() > 1 && is_left_sibling(nodes_[nodes_.size() - 2], nodes_.back().level, nodes_.back().index)) {
    Node right = std::move(nodes_.back());
    nodes_.pop_back();
    Node& left = nodes_.back();
    add_to<T>(left.values, right.values);
    ++left.level;
    left.index /= 2;
    free_.push_back(std::move(right.values));
  }
}

template <typename T>
std::span<const T> ShardSum<T>::finish() {
  const int count = processes_.size();
  if (count == 1) return nodes_.front().values;
  if (std::has_single_bit(static_cast<unsigned>(count))) {  // then this process has one node
    halve_and_double(nodes_.front().values);
    return nodes_.front().values;
  }
  exchange_pieces();
  return result_;
}

// Neighbors exchange halves first: their sums are the nodes of the tree above those of the processes.
template <typename T>
void ShardSum<T>::halve_and_double(std::vector<T>& values) {
  struct Range {
    int64_t begin, end;
  };
  const auto part = [](std::vector<T>& of, const Range& range) {
    return std::span(of).subspan(static_cast<size_t>(range.begin), static_cast<size_t>(range.end - range.begin));
  };
  arriving_.resize(static_cast<size_t>(length_));
  const int rank = processes_.rank(), count = processes_.size();
  std::vector<std::pair<Range, Range>> steps;  // what was kept, and what the partner kept
  Range mine{0, length_};
  for (int distance = 1; distance < count; distance *= 2) {
    const int64_t middle = mine.begin + (mine.end - mine.begin) / 2;
    Range kept{mine.begin, middle}, given{middle, mine.end};
    if ((rank & distance) != 0) std::swap(kept, given);
    const int partner = rank ^ distance;
    processes_.exchange(std::as_bytes(part(values, given)), partner, std::as_writable_bytes(part(arriving_, kept)), partner);
    add_to<T>(part(values, kept), part(arriving_, kept));
    steps.emplace_back(kept, given);
    mine = kept;
  }
  for (int distance = count / 2; distance > 0; distance /= 2) {
    const auto [kept, given] = steps.back();
    steps.pop_back();
    const int partner = rank ^ distance;
    processes_.exchange(std::as_bytes(part(values, kept)), partner, std::as_writable_bytes(part(values, given)), partner);
  }
}

// Each process adds up one piece of the vector: it gets that piece of every node of the others, sums them as the tree says, and
// sends the result to all.
template <typename T>
void ShardSum<T>::exchange_pieces() {
  const int rank = processes_.rank(), count = processes_.size();
  const auto piece = [&](std::vector<T>& of, int owner) {
    const ShardRun range = shards_of(length_, owner, count);
    return std::span(of).subspan(static_cast<size_t>(range.begin), static_cast<size_t>(range.count()));
  };
  const auto size = static_cast<size_t>(shards_of(length_, rank, count).count());
  result_.resize(static_cast<size_t>(length_));
  arriving_.resize((static_cast<size_t>(node_count(shards_, count)) - nodes_.size()) * size);
  std::vector<Piece> pieces;
  for (Node& node : nodes_) pieces.push_back({node.level, node.index, piece(node.values, rank)});
  std::span<T> free = arriving_;
  for (int distance = 1; distance < count; ++distance) {
    const int to = (rank + distance) % count, from = (rank - distance + count) % count;
    const std::vector<TreeNode> arriving = nodes_of(shards_of(shards_, from, count));
    for (size_t i = 0; i < std::max(nodes_.size(), arriving.size()); ++i) {
      std::span<T> sent, received;
      if (i < nodes_.size()) sent = piece(nodes_[i].values, to);
      if (i < arriving.size()) {
        received = free.first(size);
        free = free.subspan(size);
        pieces.push_back({arriving[i].level, arriving[i].index, received});
      }
      processes_.exchange(std::as_bytes(sent), to, std::as_writable_bytes(received), from);
    }
  }
  std::ranges::copy(sum_of(pieces, std::countr_zero(static_cast<uint64_t>(shards_)), 0), piece(result_, rank).begin());
  for (int distance = 1; distance < count; ++distance) {
    const int to = (rank + distance) % count, from = (rank - distance + count) % count;
    processes_.exchange(std::as_bytes(piece(result_, rank)), to, std::as_writable_bytes(piece(result_, from)), from);
  }
}

// The sum of a node of the tree, written over the first of the pieces that it consists of.
template <typename T>
std::span<T> ShardSum<T>::sum_of(std::span<const Piece> pieces, int level, int64_t index) {
  const auto found =
      std::ranges::find_if(pieces, [&](const Piece& each) { return each.level == level && each.index == index; });
  if (found != pieces.end()) return found->values;
  const std::span<T> left = sum_of(pieces, level - 1, 2 * index);
  add_to<T>(left, sum_of(pieces, level - 1, 2 * index + 1));
  return left;
}

template <typename T>
int64_t ShardSum<T>::bytes_of(int processes, int64_t shards, int64_t length) {
  const int64_t most = (shards + processes - 1) / processes;
  int64_t elements = length * std::bit_width(static_cast<uint64_t>(most));  // a node for each level of the tree
  if (!std::has_single_bit(static_cast<unsigned>(processes))) {
    elements += length + node_count(shards, processes) * ((length + processes - 1) / processes);
  } else if (processes > 1) {
    elements += length;
  }
  return elements * static_cast<int64_t>(sizeof(T));
}

template class ShardSum<float>;
template class ShardSum<double>;

}  // namespace fovea
