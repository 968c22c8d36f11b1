// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/memory/call_list.h"

#include <algorithm>
#include <numeric>

namespace fovea {
namespace {

using Home = CallTensor::Home;

class Sharing {
 public:
  explicit Sharing(const CallList& list) : list_(list), parent_(list.tensors.size()), blocks_(list.tensors.size(), unused) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }

  Lifetimes run() {
    for (int step = 0; step < count(list_.steps); ++step) live_through(step);
    storage_ = list_.tensors;
    for (int tensor = 0; tensor < count(parent_); ++tensor) {
      // For insertions into a result of the function, the last one determines the memory of all.
      if (list_.tensors[tensor].home != Home::arena) storage_[find(tensor)] = list_.tensors[tensor];
    }
    for (int step = 0; step < count(list_.steps); ++step) take_over(step);
    return finish();
  }

 private:
  static constexpr MemoryBlock unused{.bytes = -1};

  template <typename T>
  static int count(const std::vector<T>& list) {
    return static_cast<int>(list.size());
  }

  int find(int tensor) const {
    while (parent_[tensor] != tensor) tensor = parent_[tensor];
    return tensor;
  }

  bool is_free(int storage) const { return storage_[storage].home == Home::arena; }

  void unite(int first, int second) {
    parent_[second] = first;
    blocks_[first].first = std::min(blocks_[first].first, blocks_[second].first);
    blocks_[first].last = std::max(blocks_[first].last, blocks_[second].last);
  }

  void touch(int tensor, int step) {
    MemoryBlock& block = blocks_[find(tensor)];
    if (block.bytes < 0) block = {.bytes = list_.tensors[tensor].bytes, .first = step, .last = step};
    block.last = std::max<int64_t>(block.last, step);
  }

  void live_through(int position) {
    const CallStep& step = list_.steps[position];
    for (int operand : step.operands) touch(operand, position);
    for (int i = 0; i < count(step.results); ++i) {
      const int operand = list_.traits[step.call].in_place[i];
      if (operand >= 0) {
        parent_[step.results[i]] = find(step.operands[operand]);
      } else {
        touch(step.results[i], position);
      }
    }
  }

  void take_over(int position) {
    const CallStep& step = list_.steps[position];
    std::vector<int> taken, given;
    for (auto [result, operand] : list_.traits[step.call].overwrites) {
      const int target = find(step.results[result]);
      const int source = find(step.operands[operand]);
      if (source == target || !is_free(source) || !is_free(target) || blocks_[source].last != position) continue;
      if (std::ranges::count(given, result) > 0 || std::ranges::count(taken, source) > 0) continue;
      if (blocks_[source].bytes != blocks_[target].bytes) continue;
      if (std::ranges::count_if(step.operands, [&](int other) { return find(other) == source; }) != 1) continue;
      unite(source, target);
      taken.push_back(source);
      given.push_back(result);
    }
  }

  Lifetimes finish() {
    Lifetimes lifetimes;
    std::vector<int> block_of(parent_.size(), -1);
    for (int tensor = 0; tensor < count(parent_); ++tensor) {
      if (find(tensor) != tensor || !is_free(tensor) || blocks_[tensor].bytes < 0) continue;
      block_of[tensor] = count(lifetimes.blocks);
      lifetimes.blocks.push_back(blocks_[tensor]);
    }
    for (int tensor = 0; tensor < count(parent_); ++tensor) {
      lifetimes.storage.push_back(storage_[find(tensor)]);
      lifetimes.block.push_back(block_of[find(tensor)]);
    }
    return lifetimes;
  }

  const CallList& list_;
  std::vector<int> parent_;
  std::vector<CallTensor> storage_;
  std::vector<MemoryBlock> blocks_;
};

}  // namespace

Lifetimes lifetimes_of(const CallList& list) { return Sharing(list).run(); }

}  // namespace fovea
