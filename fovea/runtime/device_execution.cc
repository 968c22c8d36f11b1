// SPDX-License-Identifier: Apache-2.0
#include "fovea/runtime/device_execution.h"

namespace fovea {

DeviceExecution::DeviceExecution(const ProgramPlan& plan) : plan_(plan), replaced_(plan.arguments.size()) {
  for (const int64_t argument : plan.result_replaces)
    if (argument >= 0) replaced_[static_cast<size_t>(argument)] = true;
}

void DeviceExecution::prepare(const std::vector<Tensor*>& arguments) {
  if (!program_) program_ = plan_.device->load(plan_);
  const bool fresh = uploaded_.empty();
  uploaded_.resize(arguments.size(), nullptr);
  bool changed = fresh;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (plan_.arguments[i].input || arguments[i]->raw() == uploaded_[i]) continue;
    program_->upload(i, *arguments[i]);
    uploaded_[i] = arguments[i]->raw();
    changed = true;
  }
  if (changed && plan_.initializer) program_->initialize();
}

void DeviceExecution::finish(const std::vector<Tensor*>& arguments) {
  ahead_ = true;
  if (!keep_) read_back(arguments);
}

void DeviceExecution::read_back(const std::vector<Tensor*>& arguments) {
  if (!program_ || !ahead_) return;
  for (size_t i = 0; i < arguments.size(); ++i)
    if (replaced_[i]) program_->download(i, *arguments[i]);
  ahead_ = false;
}

void DeviceExecution::run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results) {
  prepare(arguments);
  program_->run(arguments, results);
  finish(arguments);
}

void DeviceExecution::run_each(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                               const std::function<void(size_t)>& after) {
  prepare(arguments);
  program_->run_each(arguments, results, after);
  finish(arguments);
}

void DeviceExecution::release() {
  program_.reset();
  uploaded_.clear();
  ahead_ = false;
}

}  // namespace fovea
