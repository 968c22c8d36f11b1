// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/tensor_places.h"

#include <algorithm>

#include "fovea/core/error.h"

namespace fovea {

namespace {

int64_t port_bytes(const ProgramPort& port) { return element_count(port.shape) * static_cast<int64_t>(byte_size(port.dtype)); }

size_t most_operands(const ProgramPlan& plan) {
  size_t most = 0;
  for (const KernelCall& call : plan.calls) most = std::max(most, call.operands.size());
  return most;
}

}  // namespace

TensorPlaces::TensorPlaces(const ProgramPlan& plan, int64_t alignment) : alignment_(alignment) {
  for (const ProgramPort& port : plan.arguments) arguments_.push_back(take(port_bytes(port)));
  for (size_t i = 0; i < plan.results.size(); ++i) {
    const int64_t replaced = plan.result_replaces[i];
    results_.push_back(replaced >= 0 ? arguments_[static_cast<size_t>(replaced)] : take(port_bytes(plan.results[i])));
  }
  for (const ProgramPort& port : plan.hoisted) hoisted_.push_back(take(port_bytes(port)));
  constants_ = take(plan.constants);
  int64_t arena = plan.arena_bytes;
  size_t calls = plan.calls.size(), operands = most_operands(plan);
  if (const ProgramPlan* initializer = plan.initializer.get()) {
    initializer_constants_ = take(initializer->constants);
    arena = std::max(arena, initializer->arena_bytes);
    calls += initializer->calls.size();
    operands = std::max(operands, most_operands(*initializer));
    for (const ProgramPort& port : initializer->arguments) {
      const auto found = std::ranges::find(plan.arguments, port.name, &ProgramPort::name);
      if (found == plan.arguments.end())
        fail("program: its initializer reads \"{}\", which is not an argument of the program", port.name);
      initializer_arguments_.push_back(static_cast<size_t>(found - plan.arguments.begin()));
    }
  }
  arena_ = take(arena);
  const auto table = static_cast<int64_t>(operands * sizeof(int32_t));
  table_bytes_ = (std::max<int64_t>(table, 1) + alignment_ - 1) / alignment_ * alignment_;
  tables_ = take(table_bytes_ * static_cast<int64_t>(calls));
}

TensorPlace TensorPlaces::take(int64_t bytes) {
  const TensorPlace place{bytes_, bytes};
  bytes_ += (bytes + alignment_ - 1) / alignment_ * alignment_;
  return place;
}

std::vector<TensorPlace> TensorPlaces::take(const std::vector<Tensor>& tensors) {
  std::vector<TensorPlace> places;
  for (const Tensor& tensor : tensors) places.push_back(take(static_cast<int64_t>(tensor.bytes())));
  return places;
}

TensorPlace TensorPlaces::operand(const KernelOperand& operand, bool initializer, int64_t bytes) const {
  const auto index = static_cast<size_t>(operand.index);
  const auto base = [&]() -> TensorPlace {
    switch (operand.place) {
      case KernelOperand::Place::argument:
        return arguments_[initializer ? initializer_arguments_[index] : index];
      case KernelOperand::Place::result:
        return initializer ? hoisted_[index] : results_[index];
      case KernelOperand::Place::constant:
        return initializer ? initializer_constants_[index] : constants_[index];
      case KernelOperand::Place::hoisted:
        return hoisted_[index];
      case KernelOperand::Place::arena:
        break;
    }
    return arena_;
  }();
  return {base.offset + operand.offset, bytes};
}

}  // namespace fovea
