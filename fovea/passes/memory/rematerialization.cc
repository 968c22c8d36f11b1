// SPDX-License-Identifier: Apache-2.0
#include "fovea/passes/memory/rematerialization.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace fovea {
namespace {

using Home = CallTensor::Home;

// The cost of moving a byte, in multiply-adds: about the ratio of a core's arithmetic to its share of the memory bandwidth.
constexpr double multiply_adds_per_byte = 8;
// The least number of calls between two uses of a tensor for which it counts as kept.
constexpr int shortest_gap = 8;
// The most repeated calls for each call; a choice with more recomputes the same tensors over and over.
constexpr size_t most_repetitions = 2;

double work_of(const CallTraits& traits) { return traits.multiply_adds + multiply_adds_per_byte * traits.bytes; }

// When a tensor is computed and read.
struct Uses {
  int made = -1;          // step; -1 for what exists from the start
  std::vector<int> at;    // steps that read it, ascending
  int first_end = -1;     // the last use before the longest interval without one
  int second_start = -1;  // the first use after it
};

std::vector<Uses> uses_of(const CallList& list) {
  std::vector<Uses> uses(list.tensors.size());
  for (int step = 0; step < static_cast<int>(list.steps.size()); ++step) {
    for (int operand : list.steps[step].operands) {
      if (uses[operand].at.empty() || uses[operand].at.back() != step) uses[operand].at.push_back(step);
    }
    for (int result : list.steps[step].results) uses[result].made = step;
  }
  for (Uses& each : uses) {
    int previous = each.made;
    for (int use : each.at) {
      if (use - previous > each.second_start - each.first_end) {
        each.first_end = previous;
        each.second_start = use;
      }
      previous = use;
    }
  }
  return uses;
}

// The most bytes alive at one step; no plan needs less.
int64_t most_alive(const std::vector<MemoryBlock>& blocks, size_t steps) {
  std::vector<int64_t> change(steps + 1, 0);
  for (const MemoryBlock& block : blocks) {
    change[block.first] += block.bytes;
    change[block.last + 1] -= block.bytes;
  }
  int64_t most = 0, alive = 0;
  for (int64_t each : change) most = std::max(most, alive += each);
  return most;
}

// The list of calls in which the tensors that are not `kept` die after their first uses and are recomputed.
class Repetition {
 public:
  Repetition(const CallList& list, const std::vector<Uses>& uses, const std::vector<bool>& kept)
      : list_(list), uses_(uses), kept_(kept), now_(list.tensors.size()), argument_of_(list.tensors.size(), -1) {
    std::iota(now_.begin(), now_.end(), 0);
    result_.list.tensors = list.tensors;
    result_.list.traits = list.traits;
    std::vector<int> arguments;
    for (int tensor = 0; tensor < static_cast<int>(list.tensors.size()); ++tensor) {
      if (list.tensors[tensor].home != Home::argument || uses[tensor].made >= 0) continue;
      arguments.resize(std::max<size_t>(arguments.size(), list.tensors[tensor].index + 1), -1);
      arguments[list.tensors[tensor].index] = tensor;
    }
    for (size_t tensor = 0; tensor < list.tensors.size(); ++tensor) {
      const CallTensor& given = list.tensors[tensor];
      const bool update = given.home == Home::argument && uses[tensor].made >= 0;
      if (update && given.index < static_cast<int64_t>(arguments.size())) argument_of_[tensor] = arguments[given.index];
    }
  }

  // False when a dropped tensor cannot be recomputed where it is needed: then culprit() must be kept, or without one the choice
  // repeats too much.
  bool run() {
    for (int step = 0; step < static_cast<int>(list_.steps.size()); ++step) {
      const CallStep& original = list_.steps[step];
      for (int operand : original.operands) {
        if (!provide(operand, step)) return false;
      }
      CallStep& copy = result_.list.steps.emplace_back(original);
      for (int& operand : copy.operands) operand = now_[operand];
      for (int result : original.results) now_[result] = result;
      forget(step);
    }
    return true;
  }

  int culprit() const { return culprit_; }
  double extra_work() const { return extra_work_; }
  Rematerialization& result() { return result_; }

 private:
  // Makes `tensor` available before step `before` runs.
  bool provide(int tensor, int before) {
    if (now_[tensor] >= 0) return true;
    if (uses_[tensor].made < 0) return false;  // an argument that already has its new value
    const CallStep& maker = list_.steps[uses_[tensor].made];
    std::optional<CallStep> copy = repeat(maker, before);
    if (!copy) {
      if (culprit_ < 0 && !endless_) culprit_ = tensor;
      return false;
    }
    for (size_t i = 0; i < maker.results.size(); ++i) {
      const int other = maker.results[i];
      const bool wanted = !kept_[other] && !uses_[other].at.empty() && uses_[other].at.back() >= before;
      if (other == tensor || (now_[other] < 0 && wanted)) now_[other] = copy->results[i];
    }
    return true;
  }

  std::optional<CallStep> repeat(const CallStep& maker, int before) {
    if (result_.repeated > static_cast<int>(most_repetitions * list_.steps.size())) {
      endless_ = true;
      return {};
    }
    const CallTraits& traits = list_.traits[maker.call];
    CallStep copy{.call = maker.call};
    for (int i = 0; i < static_cast<int>(maker.operands.size()); ++i) {
      const int operand = maker.operands[i];
      const bool written = std::ranges::count(traits.in_place, i) > 0;
      const int instance = written ? fresh(operand, before) : provide(operand, before) ? now_[operand] : -1;
      if (instance < 0) return {};
      copy.operands.push_back(instance);
    }
    for (int result : maker.results) copy.results.push_back(add(result));
    ++result_.repeated;
    result_.extra_multiply_adds += traits.multiply_adds;
    extra_work_ += fovea::work_of(traits);
    result_.list.steps.push_back(copy);
    return copy;
  }

  // A copy of an operand that a repeated call will overwrite.
  int fresh(int tensor, int before) {
    if (uses_[tensor].made < 0) return list_.tensors[tensor].home == Home::arena ? add(tensor) : -1;
    const CallStep& maker = list_.steps[uses_[tensor].made];
    const std::optional<CallStep> copy = repeat(maker, before);
    if (!copy) return -1;
    return copy->results[std::ranges::find(maker.results, tensor) - maker.results.begin()];
  }

  int add(int tensor) {
    result_.list.tensors.push_back({.bytes = list_.tensors[tensor].bytes});
    return static_cast<int>(result_.list.tensors.size()) - 1;
  }

  void forget(int step) {
    const CallStep& done = list_.steps[step];
    const auto end_life = [&](int tensor) {
      const Uses& uses = uses_[tensor];
      const bool last = !uses.at.empty() && uses.at.back() == step;
      if (!kept_[tensor] && (uses.first_end == step || last)) now_[tensor] = -1;
    };
    std::ranges::for_each(done.operands, end_life);
    std::ranges::for_each(done.results, end_life);
    const CallTraits& traits = list_.traits[done.call];
    for (size_t i = 0; i < done.results.size(); ++i) {
      if (traits.in_place[i] >= 0) now_[done.operands[traits.in_place[i]]] = -1;
      if (argument_of_[done.results[i]] >= 0) now_[argument_of_[done.results[i]]] = -1;
    }
  }

  const CallList& list_;
  const std::vector<Uses>& uses_;
  const std::vector<bool>& kept_;
  std::vector<int> now_;          // for each tensor, the copy that currently holds it, or -1
  std::vector<int> argument_of_;  // for each result that replaces an argument, the tensor of that argument
  Rematerialization result_;
  double extra_work_ = 0;
  int culprit_ = -1;
  bool endless_ = false;
};

class Choice {
 public:
  Choice(const CallList& list, int64_t limit) : list_(list), limit_(limit), uses_(uses_of(list)) {
    for (const CallStep& step : list.steps) {
      work_ += fovea::work_of(list.traits[step.call]);
      multiply_adds_ += list.traits[step.call].multiply_adds;
    }
    const Lifetimes lifetimes = lifetimes_of(list);
    for (int tensor = 0; tensor < static_cast<int>(list.tensors.size()); ++tensor) {
      const Uses& uses = uses_[tensor];
      const bool kept_long = uses.made >= 0 && uses.second_start - uses.first_end >= shortest_gap;
      if (kept_long && lifetimes.storage[tensor].home == Home::arena) candidates_.push_back(tensor);
    }
    std::ranges::stable_sort(candidates_, std::less(), [&](int tensor) {
      return fovea::work_of(traits(tensor)) / static_cast<double>(list_.tensors[tensor].bytes);
    });
    before_ = plan_memory(lifetimes.blocks).bytes;
  }

  Rematerialization run() {
    if (before_ <= limit_) {
      Rematerialization same{.list = list_, .fits = true, .bytes = before_};
      return finished(std::move(same));
    }
    least_.bytes = before_;
    least_.list = list_;
    std::vector<int> cheap;
    std::ranges::copy_if(candidates_, std::back_inserter(cheap), [&](int tensor) { return traits(tensor).multiply_adds == 0; });
    search(cheap);
    int64_t total = 0;
    for (int tensor : candidates_) total += list_.tensors[tensor].bytes;
    for (int segments : {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64}) {
      const std::vector<bool> border = borders(total / segments);
      std::vector<int> inside;
      std::ranges::copy_if(candidates_, std::back_inserter(inside), [&](int tensor) { return !border[tensor]; });
      search(inside);
    }
    return finished(std::move(best_ ? *best_ : least_));
  }

 private:
  const CallTraits& traits(int tensor) const { return list_.traits[list_.steps[uses_[tensor].made].call]; }

  Rematerialization finished(Rematerialization rematerialization) const {
    rematerialization.bytes_before = before_;
    rematerialization.multiply_adds = multiply_adds_;
    return rematerialization;
  }

  // Finds the shortest prefix of `dropped` that fits, if there is one.
  void search(const std::vector<int>& dropped) {
    size_t none = 0, all = dropped.size();
    if (all == 0 || !attempt(dropped, all)) return;
    while (all - none > std::max<size_t>(1, dropped.size() / 64)) {
      const size_t middle = none + (all - none) / 2;
      (attempt(dropped, middle) ? all : none) = middle;
    }
  }

  // Drops the first `count`; true when the plan fits.
  bool attempt(const std::vector<int>& dropped, size_t count) {
    std::vector<bool> kept(list_.tensors.size(), true);
    for (size_t i = 0; i < count; ++i) kept[dropped[i]] = false;
    for (;;) {
      Repetition repetition(list_, uses_, kept);
      if (repetition.run()) return consider(repetition);
      if (repetition.culprit() < 0 || kept[repetition.culprit()]) return false;
      kept[repetition.culprit()] = true;
    }
  }

  bool consider(Repetition& repetition) {
    Rematerialization& result = repetition.result();
    const std::vector<MemoryBlock> blocks = lifetimes_of(result.list).blocks;
    const int64_t alive = most_alive(blocks, result.list.steps.size());
    if (alive > limit_ && alive >= least_.bytes) return false;
    result.bytes = plan_memory(blocks).bytes;
    result.extra_work = repetition.extra_work() / work_;
    result.fits = result.bytes <= limit_;
    if (result.bytes < least_.bytes) least_ = result;
    if (result.fits && (!best_ || result.extra_work < best_->extra_work)) best_ = result;
    return result.fits;
  }

  // The tensors on the borders of segments of about `bytes` each: those that are alive where little else is.
  std::vector<bool> borders(int64_t bytes) const {
    const int steps = static_cast<int>(list_.steps.size());
    std::vector<int64_t> crossing(steps + 1, 0), made(steps, 0);
    int end = 0;
    for (int tensor : candidates_) {
      crossing[uses_[tensor].made] += list_.tensors[tensor].bytes;
      crossing[uses_[tensor].first_end] -= list_.tensors[tensor].bytes;
      made[uses_[tensor].made] += list_.tensors[tensor].bytes;
      end = std::max(end, uses_[tensor].made);
    }
    std::partial_sum(crossing.begin(), crossing.end(), crossing.begin());
    std::vector<bool> border(list_.tensors.size(), false);
    int64_t inside = 0;
    int best = -1;
    for (int step = 0; step <= end; ++step) {
      inside += made[step];
      if (made[step] > 0 && inside >= bytes / 2 && (best < 0 || crossing[step] <= crossing[best])) best = step;
      if (inside < bytes || best < 0) continue;
      for (int tensor : candidates_) {
        if (uses_[tensor].made <= best && best < uses_[tensor].first_end) border[tensor] = true;
      }
      inside = std::accumulate(made.begin() + best + 1, made.begin() + step + 1, int64_t{0});
      best = -1;
    }
    return border;
  }

  const CallList& list_;
  int64_t limit_;
  std::vector<Uses> uses_;
  std::vector<int> candidates_;  // tensors that may be dropped, with the least work for their bytes first
  double work_ = 0, multiply_adds_ = 0;
  int64_t before_ = 0;
  Rematerialization least_;
  std::optional<Rematerialization> best_;
};

}  // namespace

Rematerialization choose_rematerialization(const CallList& list, int64_t arena_bytes) {
  return Choice(list, arena_bytes).run();
}

}  // namespace fovea
