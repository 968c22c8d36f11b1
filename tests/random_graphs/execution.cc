// SPDX-License-Identifier: Apache-2.0
#include "tests/random_graphs/execution.h"

#include <cstring>
#include <vector>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/codegen/llvm/linker.h"
#include "fovea/core/error.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

constexpr size_t guard_bytes = 4096;
constexpr std::byte poison{0xff};  // a NaN of any type, and -1 as an integer

void fill_with_poison(Tensor& tensor) { std::memset(tensor.raw(), std::to_integer<int>(poison), tensor.bytes()); }

// Memory of `bytes` with guards on both sides.
class GuardedMemory {
 public:
  explicit GuardedMemory(size_t bytes)
      : bytes_((bytes + 63) / 64 * 64), end_(bytes), memory_({static_cast<int64_t>(bytes_ + 2 * guard_bytes)}, DType::u8) {
    fill_with_poison(memory_);
  }
  std::byte* start() { return memory_.raw() + guard_bytes; }
  void check(const std::string& what) const {
    for (size_t i = 0; i < guard_bytes; ++i) {
      if (memory_.raw()[i] != poison) fail("{} is written {} bytes before its start", what, guard_bytes - i);
      if (memory_.raw()[guard_bytes + end_ + i] != poison && guard_bytes + end_ + i < memory_.bytes())
        fail("{} is written {} bytes past its end", what, i);
    }
  }

 private:
  size_t bytes_, end_;
  Tensor memory_;
};

class Bound {
 public:
  explicit Bound(const Program& program) {
    for (const ProgramPort& port : program.plan().arguments) arguments.emplace_back(port.shape, port.dtype);
    for (size_t i = 0; i < program.plan().results.size(); ++i) {
      const ProgramPort& port = program.plan().results[i];
      if (program.plan().result_replaces[i] < 0) results.emplace_back(port.shape, port.dtype);
    }
  }
  void run(Program& program, ThreadPool& threads) {
    std::vector<Tensor*> in, out;
    for (Tensor& tensor : arguments) in.push_back(&tensor);
    for (Tensor& tensor : results) {
      fill_with_poison(tensor);
      out.push_back(&tensor);
    }
    program.run(in, out, threads);
  }
  std::vector<Tensor> arguments, results;
};

}  // namespace

Arrays executed(const Graph& graph, const CompileOptions& options, const std::map<std::string, Tensor>& values) {
  Program program = compile(graph, options);
  ThreadPool threads(1);
  Bound bound(program);
  const auto give = [&] {
    for (size_t i = 0; i < bound.arguments.size(); ++i) {
      const Tensor& value = values.at(program.plan().arguments[i].name);
      std::memcpy(bound.arguments[i].raw(), value.raw(), value.bytes());
    }
  };
  // A run without work leaves the arena filled with poison.
  give();
  for (size_t i = 0; i < bound.arguments.size(); ++i)
    if (program.plan().arguments[i].name.starts_with("x")) fill_with_poison(bound.arguments[i]);
  bound.run(program, threads);
  give();
  program.values_changed();
  bound.run(program, threads);
  Arrays results;
  size_t next = 0;
  for (size_t i = 0; i < program.plan().results.size(); ++i) {
    const int64_t replaced = program.plan().result_replaces[i];
    const Tensor& tensor = replaced >= 0 ? bound.arguments[static_cast<size_t>(replaced)] : bound.results[next++];
    results[program.plan().results[i].name] = array_of(tensor);
  }
  return results;
}

Arrays executed_ahead_of_time(const InferenceModel& model, const std::map<std::string, Tensor>& inputs,
                              const std::string& cpu) {
  const DeployedNetwork network = compile_ahead_of_time(
      model.graph, model.tensors, {.name = "net", .triple = "x86_64-linux-gnu", .cpu = cpu, .threads = 1});
  std::shared_ptr<void> code;
  const auto linked = link_objects({{"net_run", network.object}}, code);
  using Run = int (*)(const void* const*, void* const*, void*);
  const auto run = reinterpret_cast<Run>(reinterpret_cast<void*>(linked.at("net_run")));
  std::vector<const void*> in;
  std::vector<void*> out;
  std::vector<GuardedMemory> results;
  for (const DeployedNetwork::Port& port : network.inputs) in.push_back(inputs.at(port.name).raw());
  for (const DeployedNetwork::Port& port : network.outputs)
    results.emplace_back(static_cast<size_t>(element_count(port.type.shape)) * byte_size(port.type.dtype));
  for (GuardedMemory& memory : results) out.push_back(memory.start());
  GuardedMemory arena(static_cast<size_t>(network.arena_bytes));
  if (run(in.data(), out.data(), arena.start()) != 0) fail("the object refuses its arguments");
  arena.check("the arena");
  Arrays arrays;
  for (size_t i = 0; i < results.size(); ++i) {
    const DeployedNetwork::Port& port = network.outputs[i];
    results[i].check("result " + port.name);
    Tensor tensor(port.type.shape, port.type.dtype);
    std::memcpy(tensor.raw(), results[i].start(), tensor.bytes());
    arrays[port.name] = array_of(tensor);
  }
  return arrays;
}

}  // namespace fovea
