// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/session.h"

#include "fovea/core/error.h"
#include "fovea/core/text.h"

namespace fovea {

Session::Session(const Graph& graph, const TensorMap& tensors, const CompileOptions& options)
    : report_(), program_(compile(graph, options, &report_)) {
  bind_all(tensors);
}

Session::Session(Program program, const TensorMap& tensors) : program_(std::move(program)) { bind_all(tensors); }

void Session::bind_all(const TensorMap& tensors) {
  const ProgramPlan& plan = program_.plan();
  for (const ProgramPort& port : plan.arguments) {
    argument_index_[port.name] = arguments_.size();
    const auto given = tensors.find(port.name);
    arguments_.push_back(given == tensors.end() ? Tensor(port.shape, port.dtype) : Tensor());
    if (given != tensors.end()) bind(port.name, given->second);
  }
  for (size_t i = 0; i < plan.results.size(); ++i) {
    if (plan.result_replaces[i] >= 0) continue;
    result_index_[plan.results[i].name] = results_.size();
    results_.emplace_back(plan.results[i].shape, plan.results[i].dtype);
  }
  for (Tensor& tensor : arguments_) argument_pointers_.push_back(&tensor);
  for (Tensor& tensor : results_) result_pointers_.push_back(&tensor);
}

bool Session::has_argument(const std::string& name) const { return argument_index_.contains(name); }

void Session::bind(const std::string& name, const Tensor& tensor) {
  const ProgramPort& port = program_.plan().arguments[argument_index_.at(name)];
  if (tensor.shape() != port.shape || tensor.dtype() != port.dtype) {
    fail("tensor \"{}\" is {} {}; the network needs {} {}", name, to_string(tensor.shape()), fovea::name(tensor.dtype()),
         to_string(port.shape), fovea::name(port.dtype));
  }
  const size_t index = argument_index_.at(name);
  // Another tensor may be at the address of the old one at the next run.
  if (program_.initializer_reads(index)) program_.values_changed();
  arguments_[index] = tensor;
}

void Session::release_weights(ThreadPool& threads) { program_.release_hoisted_weights(argument_pointers_, threads); }

Tensor& Session::argument(const std::string& name) { return arguments_[argument_index_.at(name)]; }

const Tensor& Session::result(const std::string& name) const { return results_[result_index_.at(name)]; }

void Session::profile(ThreadPool& threads, std::vector<double>& seconds) {
  program_.profile(argument_pointers_, result_pointers_, threads, seconds);
}

double Session::repeated_seconds(const std::vector<double>& seconds) const {
  const std::vector<KernelCall>& calls = program_.plan().calls;
  double sum = 0;
  for (size_t i = 0; i < calls.size(); ++i) sum += calls[i].repeated ? seconds[i] : 0;
  return sum;
}

void Session::run(ThreadPool& threads) { program_.run(argument_pointers_, result_pointers_, threads); }

void Session::run(ThreadPool& threads, const Program::Progress& progress) {
  program_.run(argument_pointers_, result_pointers_, threads, progress);
}

std::optional<NotFinite> Session::run_checked(ThreadPool& threads) {
  return program_.run_checked(argument_pointers_, result_pointers_, threads);
}

int64_t Session::memory_bytes(int threads) const {
  size_t bytes = static_cast<size_t>(program_.memory_bytes(threads));
  for (const Tensor& tensor : arguments_) bytes += tensor.bytes();
  for (const Tensor& tensor : results_) bytes += tensor.bytes();
  return static_cast<int64_t>(bytes);
}

size_t Session::last_write(const std::string& argument) const {
  return fovea::last_write(program_.plan(), argument_index_.at(argument));
}

double Session::flops() const {
  double flops = 0;
  for (const KernelCall& call : program_.plan().calls) flops += call.flops;
  return flops;
}

std::string rematerialization_text(const ProgramMemory& memory) {
  if (memory.repeated == 0) return "";
  return fmt::format(
      "to fit, {} kernel calls run again in the backward pass: {} instead of {} between kernels, for {} multiply-adds more "
      "({:.1f}%) and, by plan, {:.1f}% more time",
      with_separators(memory.repeated), bytes_text(memory.arena), bytes_text(memory.unlimited),
      count_text(memory.multiply_adds * memory.extra_multiply_adds), 100 * memory.extra_multiply_adds, 100 * memory.extra_work);
}

std::string rematerialization_text(double repeated, double all) {
  return fmt::format("computed again, as measured: {:.1f} ms of {:.1f} ms a step, {:.1f}% more time", 1e3 * repeated, 1e3 * all,
                     100 * repeated / (all - repeated));
}

}  // namespace fovea
