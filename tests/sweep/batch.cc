// SPDX-License-Identifier: Apache-2.0
#include "tests/sweep/batch.h"

#include <cmath>
#include <cstring>

#include "fovea/codegen/driver/ahead_of_time.h"
#include "fovea/codegen/driver/compile.h"
#include "fovea/codegen/driver/program_plan.h"
#include "fovea/codegen/driver/stages.h"
#include "fovea/codegen/llvm/linker.h"
#include "fovea/core/error.h"
#include "fovea/passes/linalg_utils.h"
#include "tests/support/guarded.h"
#include "tests/sweep/problem.h"

namespace fovea::sweep {
namespace {

size_t bytes_of(const ProgramPort& port) { return static_cast<size_t>(element_count(port.shape)) * byte_size(port.dtype); }

// Tensors by name, each between guards. The inputs of the network must not change.
class Memory {
 public:
  void add(const std::string& name, const Tensor& value) {
    Guarded memory(value.bytes(), byte_size(value.dtype()));
    std::memcpy(memory.data(), value.raw(), value.bytes());
    const auto* content = value.raw();
    given_[name].assign(content, content + value.bytes());
    tensors_.insert_or_assign(name, std::move(memory));
  }
  void add(const std::string& name, size_t bytes, std::byte poison) {
    tensors_.insert_or_assign(name, Guarded(bytes, 0, poison));
  }
  Guarded& at(const std::string& name) { return tensors_.at(name); }

  // What is wrong with the memory, or "".
  std::string damage() {
    for (auto& [name, memory] : tensors_) {
      if (!memory.intact()) return "written outside " + name;
      const auto given = given_.find(name);
      if (given != given_.end() && memory.content() != given->second) return name + " was changed";
    }
    return "";
  }

 private:
  std::map<std::string, Guarded> tensors_;
  std::map<std::string, std::vector<std::byte>> given_;
};

// Runs a plan as Program does, on one thread, with the second half of every kernel's tiles first and poison in the scratch
// memory.
void run_plan(const ProgramPlan& plan, Memory& memory, const std::string& arena, std::byte poison) {
  memory.add(arena, static_cast<size_t>(plan.arena_bytes), poison);
  if (plan.initializer != nullptr) {
    for (const ProgramPort& port : plan.hoisted) memory.add(port.name, bytes_of(port), poison);
    run_plan(*plan.initializer, memory, arena + " of the initializer", poison);
  }
  const auto address = [&](const KernelOperand& operand) -> std::byte* {
    const auto index = static_cast<size_t>(operand.index);
    switch (operand.place) {
      case KernelOperand::Place::arena:
        return memory.at(arena).data();
      case KernelOperand::Place::argument:
        return memory.at(plan.arguments[index].name).data();
      case KernelOperand::Place::result:
        return memory.at(plan.results[index].name).data();
      case KernelOperand::Place::constant:
        return const_cast<std::byte*>(plan.constants[index].raw());
      case KernelOperand::Place::hoisted:
        return memory.at(plan.hoisted[index].name).data();
    }
    return nullptr;
  };
  for (const KernelCall& call : plan.calls) {
    std::vector<void*> operands;
    for (const KernelOperand& operand : call.operands) operands.push_back(address(operand) + operand.offset);
    const int64_t half = call.tiles / 2;
    for (const auto& [begin, end] : {std::pair{half, call.tiles}, std::pair{int64_t{0}, half}}) {
      if (begin == end) continue;
      Guarded scratch(static_cast<size_t>(call.scratch_bytes), 0, poison);
      call.function(operands.data(), begin, end, scratch.data());
      if (!scratch.intact()) fail("{} wrote outside its scratch of {} bytes", call.name, call.scratch_bytes);
    }
  }
}

Target target_of(const Case& layer) {
  Target target = Target::host(layer.cpu == narrow ? "haswell" : layer.cpu);
  if (layer.cpu == narrow) {
    target.vector_bytes = 16;
    target.integer_dot = IntegerDot::none;
    target.widening_multiply_add = true;
  }
  if (!layer.small_caches) return target;
  target.l1_bytes = 2 << 10;
  target.l2_bytes = 8 << 10;
  target.non_temporal_bytes = 4 << 10;
  return target;
}

CompileOptions options_of(const Case& layer) {
  CompileOptions options{.cpu = layer.cpu == narrow ? "haswell" : layer.cpu, .threads = 1};
  options.dtype = layer.element == Element::bf16 ? DType::bf16 : DType::f32;
  options.inference = layer.way == Way::inference || layer.way == Way::winograd_two || layer.way == Way::winograd_four;
  if (layer.way == Way::winograd_two) options.winograd = Winograd::two;
  if (layer.way == Way::winograd_four) options.winograd = Winograd::four;
  return options;
}

struct Network {
  Graph graph;
  std::vector<Problem> problems;
};

Network network_of(const std::vector<Case>& layers) {
  Network network;
  std::map<std::string, Ref> arguments;
  for (const Case& layer : layers) {
    const Problem& problem =
        network.problems.emplace_back(problem_of(layer, "layer" + std::to_string(network.problems.size())));
    for (const Argument& argument : problem.arguments)
      arguments[argument.name] = network.graph.argument(argument.name, argument.type, argument.role);
  }
  std::vector<std::pair<std::string, Ref>> results;
  for (const Problem& problem : network.problems) {
    const std::vector<Ref> values = record(network.graph, problem, arguments);
    for (size_t i = 0; i < values.size(); ++i) results.emplace_back(problem.results[i].name, values[i]);
  }
  network.graph.finish(results);
  return network;
}

void run_ahead_of_time(const Network& network, const Case& layer, Memory& memory, std::byte poison) {
  std::map<std::string, Tensor> values;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  for (const Problem& problem : network.problems) {
    for (const Argument& argument : problem.arguments)
      if (argument.role == Role::parameter) values[argument.name] = argument.value;
  }
  const Target host = Target::host(layer.cpu);
  const DeployedNetwork deployed =
      compile_ahead_of_time(network.graph, values, {.name = "network", .triple = host.triple, .cpu = host.cpu, .threads = 1});
  for (const auto& port : deployed.inputs) inputs.push_back(memory.at(port.name).data());
  for (const auto& port : deployed.outputs) outputs.push_back(memory.at(port.name).data());
  memory.add("the arena", static_cast<size_t>(deployed.arena_bytes), poison);
  std::shared_ptr<void> code;
  const std::string entry = "network_run";
  const auto functions = link_objects({{entry, deployed.object}}, code);
  using Run = int (*)(const void* const*, void* const*, void*);
  const auto run = reinterpret_cast<Run>(reinterpret_cast<void*>(functions.at(entry)));
  if (run(inputs.data(), outputs.data(), memory.at("the arena").data()) != 0) fail("the network refused to run");
}

void run(const Network& network, const Case& layer, Memory& memory, std::byte poison) {
  if (layer.way == Way::ahead_of_time) return run_ahead_of_time(network, layer, memory, poison);
  const CompileOptions options = options_of(layer);
  if (options.inference) {
    const Program program = compile(network.graph, options);
    return run_plan(program.plan(), memory, "the arena", poison);
  }
  const Target target = target_of(layer);
  auto module = kernels_for(target, network.graph, options);
  run_plan(plan_function(fovea::network_of(*module), target, 1), memory, "the arena", poison);
}

std::vector<double> numbers_in(const std::vector<std::byte>& bytes, DType dtype) {
  std::vector<double> numbers;
  const auto read = [&](auto zero) {
    for (size_t at = 0; at < bytes.size(); at += sizeof zero) {
      std::memcpy(&zero, bytes.data() + at, sizeof zero);
      numbers.push_back(static_cast<double>(zero));
    }
  };
  if (dtype == DType::f32) read(float{});
  if (dtype == DType::i8) read(int8_t{});
  if (dtype == DType::u8) read(uint8_t{});
  return numbers;
}

std::string compared(const Wanted& wanted, const std::vector<double>& got) {
  int64_t differing = 0;
  std::string first;
  for (size_t at = 0; at < wanted.values.size(); ++at) {
    const double value = wanted.values[at];
    if (got[at] == value || std::abs(got[at] - value) <= wanted.tolerance * std::max(1.0, std::abs(value))) continue;
    if (differing++ == 0) first = fmt::format("the first at {}: {} instead of {}", at, got[at], value);
  }
  const std::string name = wanted.name.substr(wanted.name.find('.') + 1);
  return differing == 0 ? "" : fmt::format("{} of {} numbers of {} differ, {}", differing, wanted.values.size(), name, first);
}

std::vector<Finding> compare_at_once(const std::vector<Case>& layers) {
  const Network network = network_of(layers);
  std::map<std::string, DType> dtypes;
  for (const Graph::Result& result : network.graph.results()) dtypes[result.name] = result.type.dtype;
  Memory memory;
  for (const Problem& problem : network.problems) {
    for (const Argument& argument : problem.arguments) memory.add(argument.name, argument.value);
    for (const Wanted& result : problem.results)
      memory.add(result.name, result.values.size() * byte_size(dtypes.at(result.name)), canary);
  }
  run(network, layers[0], memory, canary);
  std::vector<Finding> findings;
  for (const Problem& problem : network.problems)
    for (const Wanted& result : problem.results)
      if (std::string wrong = compared(result, numbers_in(memory.at(result.name).content(), dtypes.at(result.name)));
          !wrong.empty())
        findings.push_back({to_string(problem.layer), wrong});
  if (const std::string damage = memory.damage(); !damage.empty() && findings.empty()) fail("{}", damage);
  return findings;
}

}  // namespace

bool go_together(const Case& a, const Case& b) {
  return a.way == b.way && a.cpu == b.cpu && a.small_caches == b.small_caches &&
         (a.element == Element::bf16) == (b.element == Element::bf16);
}

std::vector<Finding> compare_together(const std::vector<Case>& layers) {
  try {
    return compare_at_once(layers);
  } catch (const std::exception& error) {
    if (layers.size() == 1) return {{to_string(layers[0]), error.what()}};
  }
  std::vector<Finding> findings;
  for (const Case& layer : layers)
    for (Finding& finding : compare_together({layer})) findings.push_back(std::move(finding));
  return findings;
}

std::string lowered(const Case& layer, const std::string& stage) {
  return lower(network_of({layer}).graph, stage, "", options_of(layer));
}

}  // namespace fovea::sweep
