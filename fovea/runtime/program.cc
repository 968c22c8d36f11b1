// SPDX-License-Identifier: Apache-2.0
#include "fovea/runtime/program.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "fovea/core/error.h"
#include "fovea/core/finiteness.h"
#include "fovea/runtime/device_execution.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

constexpr int64_t line_bytes = 128;  // two cache lines, because processors fetch neighboring lines in pairs
constexpr int64_t huge_page = int64_t{2} << 20;

int64_t round_up(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using Memory = std::unique_ptr<std::byte, Free>;

Memory allocate(int64_t bytes, const char* what) {
  if (bytes == 0) return nullptr;
  const int64_t alignment = bytes >= huge_page ? huge_page : line_bytes;
  const int64_t rounded = round_up(bytes, alignment);
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(static_cast<size_t>(alignment), static_cast<size_t>(rounded)));
  if (memory == nullptr) fail(ErrorCode::resource_exhausted, "out of memory: {} of {} bytes", what, rounded);
#ifdef __linux__
  // Large pages take fewer page-table entries for activations of many megabytes. This is only advice, and a refusal costs
  // nothing.
  if (alignment == huge_page) ::madvise(memory, static_cast<size_t>(rounded), MADV_HUGEPAGE);
#endif
  return Memory(memory);
}

int64_t port_bytes(const ProgramPort& port) { return element_count(port.shape) * static_cast<int64_t>(byte_size(port.dtype)); }

void check_tensor(const char* kind, size_t index, const ProgramPort& port, const Tensor* tensor) {
  if (tensor == nullptr || tensor->raw() == nullptr) fail("program: {} {} \"{}\" has no tensor", kind, index, port.name);
  if (tensor->dtype() == port.dtype && tensor->shape() == port.shape) return;
  fail("program: {} {} \"{}\" is {} {}, must be {} {}", kind, index, port.name, to_string(tensor->shape()),
       name(tensor->dtype()), to_string(port.shape), name(port.dtype));
}

// A plan comes from the compiler or from an object file. A wrong one would write to any address.
void check_plan(const ProgramPlan& plan) {
  if (plan.result_replaces.size() != plan.results.size()) {
    fail("program: {} results but {} entries of what they replace", plan.results.size(), plan.result_replaces.size());
  }
  const auto arguments = static_cast<int64_t>(plan.arguments.size());
  for (size_t i = 0; i < plan.results.size(); ++i) {
    const int64_t replaced = plan.result_replaces[i];
    if (replaced < -1 || replaced >= arguments) fail("program: result {} replaces argument {} of {}", i, replaced, arguments);
    if (replaced >= 0 && port_bytes(plan.results[i]) != port_bytes(plan.arguments[static_cast<size_t>(replaced)])) {
      fail("program: result \"{}\" does not fit the argument it replaces", plan.results[i].name);
    }
  }
  for (const KernelCall& call : plan.calls) {
    if (plan.device == nullptr && call.function == nullptr) fail("program: kernel \"{}\" has no code", call.name);
    if (call.tiles < 0 || call.scratch_bytes < 0) fail("program: kernel \"{}\" has a negative size", call.name);
    for (const KernelOutput& output : call.outputs)
      if (output.operand >= call.operands.size())
        fail("program: kernel \"{}\" writes an operand that it does not have", call.name);
    for (const KernelOperand& operand : call.operands) {
      int64_t bytes = -1;
      const auto index = static_cast<size_t>(operand.index);
      switch (operand.place) {
        case KernelOperand::Place::arena:
          bytes = plan.arena_bytes;
          break;
        case KernelOperand::Place::argument:
          if (index < plan.arguments.size()) bytes = port_bytes(plan.arguments[index]);
          break;
        case KernelOperand::Place::result:
          if (index < plan.results.size()) bytes = port_bytes(plan.results[index]);
          break;
        case KernelOperand::Place::constant:
          if (index < plan.constants.size()) bytes = static_cast<int64_t>(plan.constants[index].bytes());
          break;
        case KernelOperand::Place::hoisted:
          if (index < plan.hoisted.size()) bytes = port_bytes(plan.hoisted[index]);
          break;
      }
      if (operand.offset < 0 || operand.offset > bytes) {
        fail("program: kernel \"{}\" reaches outside of its memory ({} + {} bytes of {})", call.name, operand.index,
             operand.offset, bytes);
      }
    }
  }
}

}  // namespace

size_t last_write(const ProgramPlan& plan, size_t argument) {
  const auto writes = [&](const KernelCall& call, const KernelOutput& output) {
    const KernelOperand& operand = call.operands[output.operand];
    const auto index = static_cast<size_t>(operand.index);
    if (operand.place == KernelOperand::Place::argument) return index == argument;
    return operand.place == KernelOperand::Place::result && plan.result_replaces[index] == static_cast<int64_t>(argument);
  };
  for (size_t i = plan.calls.size(); i-- > 0;) {
    for (const KernelOutput& output : plan.calls[i].outputs) {
      if (writes(plan.calls[i], output)) return i;
    }
  }
  return 0;
}

// The program that computes the hoisted tensors of another program, and those tensors.
class HoistedConstants {
 public:
  HoistedConstants(const ProgramPlan& plan, const ProgramPlan& of) : program_(plan), ports_(of.hoisted) {
    bool fits = plan.results.size() == ports_.size();
    for (size_t i = 0; fits && i < ports_.size(); ++i)
      fits = plan.results[i].shape == ports_[i].shape && plan.results[i].dtype == ports_[i].dtype;
    if (!fits) fail("program: its initializer does not give the {} tensors that it reads", ports_.size());
    for (const ProgramPort& port : plan.arguments) {
      const auto found = std::ranges::find(of.arguments, port.name, &ProgramPort::name);
      if (found == of.arguments.end())
        fail("program: its initializer reads \"{}\", which is not an argument of the program", port.name);
      arguments_.push_back(static_cast<size_t>(found - of.arguments.begin()));
    }
  }

  int64_t bytes() const {
    int64_t total = 0;
    for (const ProgramPort& port : ports_) total += port_bytes(port);
    return total;
  }

  bool is_due(const std::vector<Tensor*>& arguments) const {
    if (tensors_.empty() || read_at_.size() != arguments_.size()) return true;
    for (size_t i = 0; i < arguments_.size(); ++i)
      if (arguments[arguments_[i]]->raw() != read_at_[i]) return true;
    return false;
  }
  void values_changed() { read_at_.clear(); }
  int64_t working_bytes(int threads) const { return program_.memory_bytes(threads); }
  void release() {
    tensors_.clear();
    read_at_.clear();
  }
  bool reads(size_t argument) const { return std::ranges::find(arguments_, argument) != arguments_.end(); }

  void run(const std::vector<Tensor*>& arguments, ThreadPool& threads);
  // The same, and empties every tensor in `going` (arguments of the program that this one serves) after its last use.
  void run(const std::vector<Tensor*>& arguments, ThreadPool& threads, const std::vector<bool>& going);
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  Program program_;
  std::vector<ProgramPort> ports_;
  std::vector<size_t> arguments_;  // for each argument of the initializer, its index among those of the program it serves
  // the addresses of the arguments at the last run; empty when their values have changed since
  std::vector<const std::byte*> read_at_;
  std::vector<Tensor> tensors_;
};

struct Program::Implementation {
  struct Range {
    std::byte* begin;
    const ProgramPort* port;
    bool written;
  };

  explicit Implementation(ProgramPlan given) : plan(std::move(given)) {
    check_plan(plan);
    if (plan.device != nullptr) {
      device = std::make_unique<DeviceExecution>(plan);
    } else if (plan.initializer != nullptr) {
      initializer = std::make_unique<HoistedConstants>(*plan.initializer, plan);
    } else if (!plan.hoisted.empty()) {
      fail("program: {} hoisted tensors and no initializer", plan.hoisted.size());
    }
    written.resize(plan.arguments.size());
    for (size_t i = 0; i < plan.results.size(); ++i) {
      if (plan.result_replaces[i] < 0) {
        own_results.push_back(i);
      } else {
        written[static_cast<size_t>(plan.result_replaces[i])] = true;
      }
    }
    ranges.reserve(plan.arguments.size() + own_results.size());
    argument_base.resize(plan.arguments.size());
    result_base.resize(plan.results.size());
    size_t operands = 0;
    for (const KernelCall& call : plan.calls) {
      scratch_bytes = std::max(scratch_bytes, Program::scratch_bytes(call.scratch_bytes, 1));
      operands += call.operands.size();
    }
    pointers.resize(operands);
  }

  int64_t scratch_total(int threads) const { return scratch_bytes * threads; }

  void allocate_for(int threads) {
    if (arena == nullptr) arena = allocate(plan.arena_bytes, "the activations");
    if (threads > scratch_threads) {
      scratch = allocate(scratch_total(threads), "scratch memory");
      scratch_threads = threads;
    }
  }

  // Frees what is needed only while it runs.
  void release() {
    if (device) device->release();
    arena.reset();
    scratch.reset();
    scratch_threads = 0;
    bound = false;
    if (initializer != nullptr && released.empty()) initializer->release();
  }

  void initialize(const std::vector<Tensor*>& arguments, ThreadPool& threads) {
    check_arguments(arguments);
    if (initializer == nullptr) return;
    const bool first = initializer->tensors().empty();
    initializer->run(arguments, threads);
    if (first) bound = false;
  }

  void release_hoisted_weights(const std::vector<Tensor*>& arguments, ThreadPool& threads) {
    if (initializer == nullptr || !released.empty()) return;
    std::vector<bool> going(plan.arguments.size());
    for (size_t i = 0; i < going.size(); ++i) going[i] = initializer->reads(i) && !written[i];
    for (const KernelCall& call : plan.calls) {
      for (const KernelOperand& operand : call.operands)
        if (operand.place == KernelOperand::Place::argument) going[static_cast<size_t>(operand.index)] = false;
    }
    initializer->run(arguments, threads, going);
    released = std::move(going);
    bound = false;
  }

  bool is_released(size_t argument) const { return !released.empty() && released[argument]; }

  void check_arguments(const std::vector<Tensor*>& arguments) const {
    if (arguments.size() != plan.arguments.size()) {
      fail("program: {} arguments given, must be {}", arguments.size(), plan.arguments.size());
    }
    for (size_t i = 0; i < arguments.size(); ++i)
      if (!is_released(i)) check_tensor("argument", i, plan.arguments[i], arguments[i]);
  }

  // Notes the addresses of the tensors; true when they differ from those of the last run.
  bool bind(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results) {
    check_arguments(arguments);
    if (results.size() != own_results.size()) {
      fail("program: {} results given, must be {}", results.size(), own_results.size());
    }
    for (size_t i = 0; i < results.size(); ++i) check_tensor("result", i, plan.results[own_results[i]], results[i]);
    bool moved = !bound;
    const auto note = [&moved](std::byte*& base, std::byte* now) {
      moved |= base != now;
      base = now;
    };
    for (size_t i = 0; i < arguments.size(); ++i)
      if (!is_released(i)) note(argument_base[i], arguments[i]->raw());
    for (size_t i = 0; i < results.size(); ++i) note(result_base[own_results[i]], results[i]->raw());
    for (size_t i = 0; i < plan.results.size(); ++i) {
      if (plan.result_replaces[i] >= 0) result_base[i] = argument_base[static_cast<size_t>(plan.result_replaces[i])];
    }
    return moved;
  }

  // A tensor that is written must not overlap another argument or result, because the plan assumes that it does not.
  void check_overlap() {
    ranges.clear();
    for (size_t i = 0; i < argument_base.size(); ++i)
      if (!is_released(i)) ranges.push_back({argument_base[i], &plan.arguments[i], written[i]});
    for (const size_t i : own_results) ranges.push_back({result_base[i], &plan.results[i], true});
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
    for (size_t i = 1; i < ranges.size(); ++i) {
      const Range& before = ranges[i - 1];
      const Range& after = ranges[i];
      if (before.begin + port_bytes(*before.port) > after.begin && (before.written || after.written)) {
        fail("program: \"{}\" and \"{}\" share memory, and one of them is written", before.port->name, after.port->name);
      }
    }
  }

  void resolve() {
    void** pointer = pointers.data();
    for (const KernelCall& call : plan.calls) {
      for (const KernelOperand& operand : call.operands) *pointer++ = base(operand) + operand.offset;
    }
  }

  std::byte* base(const KernelOperand& operand) {
    const auto index = static_cast<size_t>(operand.index);
    switch (operand.place) {
      case KernelOperand::Place::argument:
        return argument_base[index];
      case KernelOperand::Place::result:
        return result_base[index];
      case KernelOperand::Place::constant:
        return plan.constants[index].raw();
      case KernelOperand::Place::hoisted:
        // The calls only read them.
        return const_cast<std::byte*>(initializer->tensors()[index].raw());
      case KernelOperand::Place::arena:
        break;
    }
    return arena.get();
  }

  struct Task {
    KernelFunction function;
    void* const* operands;
    std::byte* scratch;
    int64_t scratch_bytes;
  };
  static void compute(void* context, int64_t begin, int64_t end, int thread) {
    const auto* task = static_cast<const Task*>(context);
    task->function(task->operands, begin, end, task->scratch + task->scratch_bytes * thread);
  }

  // The first of a call's outputs that is not finite. `operands` points to the call's own.
  std::optional<NotFinite> not_finite(const KernelCall& call, void* const* operands) const {
    for (const KernelOutput& output : call.outputs) {
      const Finiteness found = finiteness(static_cast<const std::byte*>(operands[output.operand]), output.count, output.dtype);
      if (found == Finiteness::finite) continue;
      const KernelOperand& operand = call.operands[output.operand];
      const auto index = static_cast<size_t>(operand.index);
      std::string tensor;
      if (operand.place == KernelOperand::Place::argument) tensor = plan.arguments[index].name;
      if (operand.place == KernelOperand::Place::result) tensor = plan.results[index].name;
      return NotFinite{call.layer, call.name, tensor, found == Finiteness::nan};
    }
    return std::nullopt;
  }

  // The same as run() on a device, where a call ends before the next one begins if anything is asked about single calls.
  void run_on_device(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, double* seconds,
                     const std::function<void(size_t)>& after) {
    if (bind(arguments, results)) {
      bound = false;
      check_overlap();
      bound = true;
    }
    if (seconds == nullptr && !after) return device->run(arguments, results);
    auto started = std::chrono::steady_clock::now();
    device->run_each(arguments, results, [&](size_t done) {
      if (seconds != nullptr && done > 0)
        *seconds++ += std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
      if (after && done > 0) after(done);
      started = std::chrono::steady_clock::now();
    });
  }

  // The first output of a call on the device that is not finite.
  std::optional<NotFinite> not_finite_on_device(size_t number) {
    const KernelCall& call = plan.calls[number];
    std::vector<std::vector<std::byte>> copies;
    std::vector<void*> operands(call.operands.size());
    for (const KernelOutput& output : call.outputs) {
      copies.emplace_back(static_cast<size_t>(output.count) * byte_size(output.dtype));
      device->read_operand(number, output.operand, copies.back().data(), static_cast<int64_t>(copies.back().size()));
      operands[output.operand] = copies.back().data();
    }
    return not_finite(call, operands.data());
  }

  // Calls `after` with the number of calls done.
  void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads, double* seconds,
           const std::function<void(size_t)>& after = {}) {
    if (device) return run_on_device(arguments, results, seconds, after);
    allocate_for(threads.size());
    if (initializer != nullptr) {
      check_arguments(arguments);
      if (released.empty() && initializer->is_due(arguments)) initialize(arguments, threads);
    }
    if (bind(arguments, results)) {
      bound = false;  // until the new addresses are known to be valid
      check_overlap();
      resolve();
      bound = true;
    }
    void* const* operands = pointers.data();
    using Clock = std::chrono::steady_clock;
    Clock::time_point started;
    if (seconds != nullptr) started = Clock::now();
    size_t done = 0;
    for (const KernelCall& call : plan.calls) {
      Task task{call.function, operands, scratch.get(), scratch_bytes};
      threads.run(call.tiles, compute, &task);
      operands += call.operands.size();
      if (seconds != nullptr) {
        const auto finished = Clock::now();
        *seconds++ += std::chrono::duration<double>(finished - started).count();
        started = finished;
      }
      if (after) after(++done);
    }
  }

  ProgramPlan plan;
  std::vector<size_t> own_results;  // the results for which the caller gives memory
  std::vector<bool> written;        // for each argument, whether a result replaces it
  // for each argument, whether it was freed because only the initializer read it; empty before release_hoisted_weights
  std::vector<bool> released;
  std::vector<Range> ranges;
  std::vector<std::byte*> argument_base, result_base;
  std::vector<void*> pointers;  // the operands of all calls, one call after another
  bool bound = false;
  std::unique_ptr<HoistedConstants> initializer;  // null on a device, which has its own
  std::unique_ptr<DeviceExecution> device;        // null on the processor
  Memory arena, scratch;
  int64_t scratch_bytes = 0;  // of one thread
  int scratch_threads = 0;
};

void HoistedConstants::run(const std::vector<Tensor*>& arguments, ThreadPool& threads) { run(arguments, threads, {}); }

void HoistedConstants::run(const std::vector<Tensor*>& arguments, ThreadPool& threads, const std::vector<bool>& going) {
  if (tensors_.empty())
    for (const ProgramPort& port : ports_) tensors_.emplace_back(port.shape, port.dtype);
  std::vector<Tensor*> given, results;
  for (const size_t index : arguments_) given.push_back(arguments[index]);
  for (Tensor& tensor : tensors_) results.push_back(&tensor);
  read_at_.clear();
  for (const Tensor* tensor : given) read_at_.push_back(tensor->raw());
  const std::vector<KernelCall>& calls = program_.plan().calls;
  // the arguments to free, by the number of calls done
  std::vector<std::vector<Tensor*>> last(going.empty() ? 0 : calls.size() + 1);
  for (size_t i = 0; i < given.size() && !going.empty(); ++i) {
    if (!going[arguments_[i]]) continue;
    const auto reads = [&](const KernelCall& call) {
      return std::ranges::any_of(call.operands, [&](const KernelOperand& operand) {
        return operand.place == KernelOperand::Place::argument && operand.index == static_cast<int64_t>(i);
      });
    };
    const auto reader = std::find_if(calls.rbegin(), calls.rend(), reads);
    last[static_cast<size_t>(calls.rend() - reader)].push_back(given[i]);
  }
  const auto give_back = [&](size_t done) {
    for (Tensor* tensor : last[done]) *tensor = Tensor();
  };
  program_.implementation_->run(given, results, threads, nullptr, going.empty() ? std::function<void(size_t)>() : give_back);
  program_.release();
}

Program::Program(ProgramPlan plan) : implementation_(std::make_unique<Implementation>(std::move(plan))) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

const ProgramPlan& Program::plan() const { return implementation_->plan; }

int64_t Program::scratch_bytes(int64_t largest, int threads) { return round_up(largest, line_bytes) * threads; }

int64_t Program::memory_bytes(int threads) const {
  const Implementation& own = *implementation_;
  return own.plan.arena_bytes + own.scratch_total(threads) + (own.initializer ? own.initializer->bytes() : 0);
}

int64_t Program::transient_bytes(int threads) const {
  const Implementation& own = *implementation_;
  const int64_t run = own.plan.arena_bytes + own.scratch_total(threads);
  if (!own.initializer) return run;
  return own.initializer->bytes() + std::max(run, own.initializer->working_bytes(threads));
}

void Program::run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads) {
  implementation_->run(arguments, results, threads, nullptr);
}

void Program::run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads,
                  const Progress& progress) {
  implementation_->run(arguments, results, threads, nullptr, progress);
}

void Program::profile(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads,
                      std::vector<double>& seconds) {
  seconds.resize(plan().calls.size());
  implementation_->run(arguments, results, threads, seconds.data());
}

std::optional<NotFinite> Program::run_checked(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                                              ThreadPool& threads) {
  std::optional<NotFinite> first;
  size_t operands = 0;
  implementation_->run(arguments, results, threads, nullptr, [&](size_t done) {
    const KernelCall& call = plan().calls[done - 1];
    if (!first)
      first = implementation_->device ? implementation_->not_finite_on_device(done - 1)
                                      : implementation_->not_finite(call, implementation_->pointers.data() + operands);
    operands += call.operands.size();
  });
  return first;
}

void Program::values_changed() {
  if (!implementation_->released.empty()) fail("program: it was sealed; its parameters cannot change any more");
  if (implementation_->initializer) implementation_->initializer->values_changed();
  if (implementation_->device) implementation_->device->values_changed();
}

void Program::keep_on_device() {
  if (implementation_->device) implementation_->device->keep_arguments();
}

void Program::read_back(const std::vector<Tensor*>& arguments) {
  if (implementation_->device) implementation_->device->read_back(arguments);
}

bool Program::initializer_reads(size_t argument) const {
  return implementation_->initializer && implementation_->initializer->reads(argument);
}

void Program::initialize(const std::vector<Tensor*>& arguments, ThreadPool& threads) {
  implementation_->initialize(arguments, threads);
}

void Program::release_hoisted_weights(const std::vector<Tensor*>& arguments, ThreadPool& threads) {
  implementation_->check_arguments(arguments);
  implementation_->release_hoisted_weights(arguments, threads);
}

bool Program::is_released(size_t argument) const { return implementation_->is_released(argument); }

const std::vector<Tensor>& Program::hoisted() const {
  static const std::vector<Tensor> none;
  return implementation_->initializer ? implementation_->initializer->tensors() : none;
}

void Program::release() { implementation_->release(); }

}  // namespace fovea
