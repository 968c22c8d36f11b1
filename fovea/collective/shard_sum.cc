// SPDX-License-Identifier: Apache-2.0
#include "fovea/collective/shard_sum.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "fovea/collective/exchange.h"
#include "fovea/collective/shards.h"

namespace fovea {
namespace {

// Elements that are sent at a time up the tree, so that one process adds while the other one sends.
constexpr int64_t piece = int64_t{1} << 18;

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
typename ShardSum<T>::Node* ShardSum<T>::find(int level, int64_t index) {
  const auto found = std::ranges::find_if(nodes_, [&](const Node& node) { return node.level == level && node.index == index; });
  return found == nodes_.end() ? nullptr : &*found;
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
  const int top = std::countr_zero(static_cast<uint64_t>(shards_));
  const Node* root = sum_of(top, 0);
  if (root != nullptr) {
    result_ = root->values;
  } else {
    result_.resize(static_cast<size_t>(length_));
  }
  broadcast(processes_, std::as_writable_bytes(std::span(result_)));
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

// The sum of a node of the tree at the process that has its first shard; null at the others.
template <typename T>
typename ShardSum<T>::Node* ShardSum<T>::sum_of(int level, int64_t index) {
  const int rank = processes_.rank(), count = processes_.size();
  const int64_t begin = index << level, end = (index + 1) << level;
  const int first = owner_of(begin, shards_, count), last = owner_of(end - 1, shards_, count);
  if (rank < first || rank > last) return nullptr;
  if (first == last) return find(level, index);
  Node* left = sum_of(level - 1, 2 * index);
  Node* right = sum_of(level - 1, 2 * index + 1);
  const int other = owner_of(begin + (end - begin) / 2, shards_, count);
  if (rank == first) {
    if (first == other) {
      add_to<T>(left->values, right->values);
    } else {
      add_from(other, left->values);
    }
    return left;
  }
  if (rank == other) {
    const std::span<const T> values = right->values;
    for (int64_t at = 0; at < length_; at += piece) {
      const auto size = static_cast<size_t>(std::min(piece, length_ - at));
      processes_.send(std::as_bytes(values.subspan(static_cast<size_t>(at), size)), first);
    }
  }
  return nullptr;
}

// Adds what another process sends in pieces.
template <typename T>
void ShardSum<T>::add_from(int process, std::vector<T>& values) {
  arriving_.resize(static_cast<size_t>(std::min(piece, length_)));
  for (int64_t at = 0; at < length_; at += piece) {
    const auto size = static_cast<size_t>(std::min(piece, length_ - at));
    const std::span<T> arrived = std::span(arriving_).first(size);
    processes_.receive(std::as_writable_bytes(arrived), process);
    add_to<T>(std::span(values).subspan(static_cast<size_t>(at), size), arrived);
  }
}

template class ShardSum<float>;
template class ShardSum<double>;

}  // namespace fovea
