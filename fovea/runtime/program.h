// SPDX-License-Identifier: Apache-2.0
// A compiled function: a list of kernel calls and one planned arena. Includes no MLIR: a model compiled ahead of time links
// this.
//
// Nothing is allocated while it runs. Every kernel covers a fixed number of tiles; threads share the tiles, and a tile's result
// does not depend on who computes it, so the bits are the same for any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"

namespace fovea {

class ThreadPool;

// `operands` are the kernel's tensors (inputs, then outputs). Computes tiles [begin, end) of the kernel's `tiles`.
// `scratch` is private to the calling thread, 64-byte aligned.
using KernelFunction = void (*)(void* const* operands, int64_t begin, int64_t end, void* scratch);

struct KernelOperand {
  enum class Place : uint8_t { arena, argument, result, constant, hoisted };
  Place place;
  int64_t index = 0;   // of the argument, result, constant or hoisted tensor
  int64_t offset = 0;  // bytes from its start (or from the arena's)
};

// What a kernel writes: numbers in a row.
struct KernelOutput {
  size_t operand = 0;  // of the kernel's
  int64_t count = 0;
  DType dtype = DType::f32;
};

struct KernelCall {
  std::string name;   // the kernel's symbol
  std::string layer;  // the layer it came from, for profiles
  KernelFunction function = nullptr;
  std::vector<KernelOperand> operands;
  std::vector<KernelOutput> outputs;
  int64_t tiles = 1;
  int64_t scratch_bytes = 0;
  double flops = 0;       // 2 x multiply-adds of its contractions, 0 for other work
  bool repeated = false;  // made before, and made again because keeping it would not fit the memory
};

// Where numbers stopped being finite in a run.
struct NotFinite {
  std::string layer, kernel;  // of the call
  std::string tensor;         // the argument or result that it wrote; empty: one between kernels
  bool nan = false;           // else infinity
};

struct ProgramPort {
  std::string name;
  Shape shape;
  DType dtype = DType::f32;
};

struct ProgramPlan {
  std::vector<ProgramPort> arguments;
  std::vector<ProgramPort> results;
  // For each result: the argument it replaces in place, or -1 when the caller gives memory for it.
  std::vector<int64_t> result_replaces;
  std::vector<KernelCall> calls;
  std::vector<Tensor> constants;
  int64_t arena_bytes = 0;
  std::shared_ptr<void> code;  // keeps the machine code mapped

  // What depends on parameters alone, computed before the run: tensors that the calls read (Place::hoisted), and the plan
  // whose results they are. Its arguments are some of this plan's, found by name. Null where nothing is hoisted.
  std::vector<ProgramPort> hoisted;
  std::shared_ptr<const ProgramPlan> initializer;
};

class Program {
 public:
  explicit Program(ProgramPlan plan);  // allocates the arena and the scratch of each thread on first run
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  const ProgramPlan& plan() const;
  // Planned peak while it runs: arena, hoisted tensors, and scratch for `threads`; arguments and results are the caller's.
  int64_t memory_bytes(int threads) const;
  // The most that it takes at any moment, of its initializer or of its run, but for the caller's tensors.
  int64_t transient_bytes(int threads) const;
  // The scratch of `threads`, when the kernel that needs most takes `largest`.
  static int64_t scratch_bytes(int64_t largest, int threads);

  // Arguments and results in the plan's order, contiguous and of the plan's types (checked). A result that replaces an argument
  // takes no tensor of its own: `results` lists only the others.
  //
  // Prepares first what depends on parameters alone: at the first run, where such a parameter lies elsewhere than at the last
  // one, and after values_changed().
  void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads);

  // Says that parameters have new values where they are: the next run prepares anew. Whoever shares them with a network in
  // training has to, for values that changed in place cannot be seen.
  void values_changed();
  bool initializer_reads(size_t argument) const;  // whether the initializer reads this argument
  // The initializer alone: into the tensors that the next runs read.
  void initialize(const std::vector<Tensor*>& arguments, ThreadPool& threads);
  // Prepares for good: tensors that the initializer alone reads become empty, each after its last use, and later runs do not
  // look at them. New values cannot be hoisted after that.
  void release_hoisted_weights(const std::vector<Tensor*>& arguments, ThreadPool& threads);
  bool is_released(size_t argument) const;  // whether its tensor has gone
  // Of plan().hoisted, as the last initializer left them; empty before the first.
  const std::vector<Tensor>& hoisted() const;

  // The same, with seconds spent in each call added to `seconds` (one entry a call).
  void profile(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads,
               std::vector<double>& seconds);

  // The same as run(), and looks at what every kernel wrote: the first of them that wrote something that is not finite.
  std::optional<NotFinite> run_checked(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                                       ThreadPool& threads);

  // Gives back what a run takes, until the next one, which prepares anew.
  void release();

 private:
  friend class HoistedConstants;
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fovea
