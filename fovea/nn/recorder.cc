// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/recorder.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/glob.h"
#include "fovea/graph/operators.h"

namespace fovea {
namespace {

bool fits_any(const std::string& name, const std::vector<std::string>& patterns) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return fits_pattern(name, pattern); });
}

}  // namespace

Recorder::Recorder(std::string graph_name, Mode mode) : graph_(std::move(graph_name)), mode_(mode) {}

std::string Recorder::name_in_scope(const std::string& name) const { return path().empty() ? name : path() + "." + name; }

std::string Recorder::choose_path(const std::string& kind, const std::string& name, bool& again) {
  const bool scope_again = frames_.back().again;
  if (!name.empty()) {
    std::string path = name_in_scope(name);
    again = !taken_.insert(path).second;
    if (again && !scope_again) {
      refuse("{} \"{}\": another layer has this name; name them apart, or use one layer twice to share its parameters", kind,
             path);
    }
    return path;
  }
  for (;;) {
    std::string path = name_in_scope(kind + std::to_string(++frames_.back().numbers[kind]));
    again = !taken_.insert(path).second;
    if (!again || scope_again) return path;
  }
}

Recorder::Scope Recorder::enter(const std::shared_ptr<const void>& identity, const std::string& kind, const std::string& name) {
  Frame frame;
  if (const auto known = paths_.find(identity); known != paths_.end()) {
    frame.path = known->second;
    frame.again = true;
  } else {
    frame.path = choose_path(kind, name, frame.again);
    paths_.emplace(identity, frame.path);
  }
  frames_.push_back(std::move(frame));
  return Scope(*this);
}

Value Recorder::input(const std::string& name, TensorType type) {
  return {*this, graph_.argument(name, std::move(type), Role::input)};
}

Value Recorder::parameter(ParameterSpec spec) {
  spec.name = name_in_scope(spec.name);
  if (const auto known = values_.find(spec.name); known != values_.end()) {
    if (known->second.shape() == spec.shape) return known->second;
    refuse("\"{}\" is {} and would have to be {} where the layer is used again", spec.name, to_string(known->second.shape()),
           to_string(spec.shape));
  }
  spec.frozen = spec.frozen || fits_any(spec.name, frozen_patterns_);
  const Role role = spec.trained ? Role::parameter : Role::state;
  const Value value(*this, graph_.argument(spec.name, {spec.shape, DType::f32}, role));
  values_.emplace(spec.name, value);
  parameters_.push_back(std::move(spec));
  return value;
}

Value Recorder::value_of(const std::string& full_name) const {
  const auto known = values_.find(full_name);
  if (known == values_.end()) refuse("no parameter is called \"{}\"", full_name);
  return known->second;
}

void Recorder::freeze(std::vector<std::string> patterns) { frozen_patterns_ = std::move(patterns); }

bool Recorder::frozen(const std::string& name) const { return fits_any(name_in_scope(name), frozen_patterns_); }

std::vector<std::string> Recorder::unmatched_patterns() const {
  std::vector<std::string> unmatched;
  for (const std::string& pattern : frozen_patterns_) {
    const auto matched = [&](const ParameterSpec& spec) { return fits_pattern(spec.name, pattern); };
    if (std::ranges::none_of(parameters_, matched)) unmatched.push_back(pattern);
  }
  return unmatched;
}

void Recorder::mark_flattened(Value value, std::vector<Shape> maps) { flattened_[value.ref().index] = std::move(maps); }

std::vector<Shape> Recorder::flattened_maps(Value value) const {
  const auto known = flattened_.find(value.ref().index);
  return known == flattened_.end() ? std::vector<Shape>() : known->second;
}

void Recorder::carry_flattened(const std::string& operator_name, const std::vector<Value>& operands, Value result) {
  if (operands.empty() || flattened_.empty() || result.rank() != 2) return;
  std::vector<Shape> maps = flattened_maps(operands.front());
  if (operator_name == ops::Concat::name && result.extent(0) == operands.front().extent(0)) {
    for (size_t i = 1; i < operands.size(); ++i) {
      std::vector<Shape> more = flattened_maps(operands[i]);
      if (more.empty()) more = {{operands[i].extent(-1)}};  // features without an order are a map of one position
      if (maps.empty()) maps = {{operands.front().extent(-1)}};
      maps.insert(maps.end(), more.begin(), more.end());
    }
  } else if (result.shape() != operands.front().shape() || operator_name == ops::Dense::name) {
    return;
  }
  if (!maps.empty()) mark_flattened(result, std::move(maps));
}

void Recorder::update(const std::string& name, Value value) {
  const std::string full_name = name_in_scope(name);
  // A layer that is used twice in one step sees two batches; the statistics of the later one are written last and stay.
  const auto same = [&](const auto& entry) { return entry.first == full_name; };
  const auto known = std::find_if(updates_.begin(), updates_.end(), same);
  if (known != updates_.end()) {
    known->second = value;
  } else {
    updates_.emplace_back(full_name, value);
  }
}

Value Recorder::step() {
  if (!step_) step_ = input("step", {{}, DType::i32});
  return *step_;
}

Value Recorder::seed() {
  if (!seed_) seed_ = input("seed", {{}, DType::i32});
  return *seed_;
}

std::vector<Value> Recorder::add(std::string_view operator_name, const std::vector<Value>& operands,
                                 const Attributes& attributes) {
  Operation operation{.name = std::string(operator_name), .layer = path()};
  std::vector<Ref> refs;
  for (const Value& operand : operands) {
    if (&operand.recorder() != this) refuse("{} \"{}\": its operands belong to two graphs", operator_name, path());
    refs.push_back(operand.ref());
    operation.operands.push_back(operand.type());
  }
  std::vector<Value> results;
  for (const Ref ref : graph_.add(operator_name, refs, attributes, path())) results.emplace_back(*this, ref);
  if (!results.empty()) {
    operation.result = results.front().type();
    carry_flattened(operation.name, operands, results.front());
    if (const auto other = substitutes_.find(std::ssize(operations_)); other != substitutes_.end()) {
      if (other->second.type() != operation.result)
        refuse("{} \"{}\" gives {}, which cannot be replaced by {}", operator_name, path(), to_string(operation.result),
               to_string(other->second.type()));
      if (std::vector<Shape> maps = flattened_maps(results.front()); !maps.empty())
        mark_flattened(other->second, std::move(maps));
      results.front() = other->second;
    }
  }
  operations_.push_back(std::move(operation));
  first_results_.push_back(results.empty() ? Value() : results.front());
  return results;
}

void Recorder::substitute(int64_t operation, Value value) { substitutes_.insert_or_assign(operation, value); }

Layer named_layer(std::string kind, std::string name, std::function<Value(Value)> body) {
  const std::shared_ptr<const void> identity = std::make_shared<const std::function<Value(Value)>>(std::move(body));
  return Layer([identity, kind = std::move(kind), name = std::move(name)](Value x) -> Value {
    const Recorder::Scope scope = x.recorder().enter(identity, kind, name);
    return (*static_cast<const std::function<Value(Value)>*>(identity.get()))(x);
  });
}

Layer scope(std::string name, Layer function) { return named_layer("scope", std::move(name), function); }

}  // namespace fovea
