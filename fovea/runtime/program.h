// SPDX-License-Identifier: Apache-2.0
/// \file
/// A compiled function: a list of kernel calls and one planned arena. Includes no MLIR; a model compiled ahead of time links
/// only this.
///
/// Nothing is allocated while a program runs. A kernel covers a fixed number of tiles, which the threads share. The result of a
/// tile does not depend on the thread that computes it, so the bits are the same for any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/runtime/device.h"

namespace fovea {

class ThreadPool;

/// A compiled kernel: computes tiles [begin, end) of its `tiles`. `operands` are the kernel's tensors, inputs before outputs.
/// `scratch` is private to the calling thread and aligned to 64 bytes.
using KernelFunction = void (*)(void* const* operands, int64_t begin, int64_t end, void* scratch);

/// Where a kernel finds one of its tensors.
struct KernelOperand {
  /// The arena, a tensor of the caller, a constant of the plan, or a hoisted tensor.
  enum class Place : uint8_t { arena, argument, result, constant, hoisted };
  Place place;         ///< which memory the tensor is in
  int64_t index = 0;   ///< of the argument, result, constant or hoisted tensor; unused for the arena
  int64_t offset = 0;  ///< bytes from the start of that tensor, or of the arena
};

/// Contiguous numbers that a kernel writes.
struct KernelOutput {
  size_t operand = 0;        ///< index among the kernel's operands
  int64_t count = 0;         ///< how many elements are written
  DType dtype = DType::f32;  ///< their type
};

/// One call of a kernel in the plan.
struct KernelCall {
  std::string name;                     ///< the kernel's symbol
  std::string layer;                    ///< the layer that the kernel came from, for profiles and messages
  KernelFunction function = nullptr;    ///< the machine code; null on a device
  int64_t device_kernel = -1;           ///< index of the plan's device kernel; -1 on the processor
  std::vector<KernelOperand> operands;  ///< inputs, then outputs
  std::vector<KernelOutput> outputs;    ///< which of the operands are written, and as what
  int64_t tiles = 1;                    ///< the number of independent parts that threads share
  int64_t scratch_bytes = 0;            ///< the scratch memory that each thread needs
  double flops = 0;                     ///< 2 x multiply-adds of its contractions; 0 for other work
  /// Whether the result was computed before and is computed again because keeping it would not fit the memory.
  bool repeated = false;
};

/// Where numbers first stopped being finite in a run.
struct NotFinite {
  std::string layer;   ///< the layer of the call that wrote them
  std::string kernel;  ///< the kernel of that call
  std::string tensor;  ///< the argument or result that was written; empty for a tensor between kernels
  bool nan = false;    ///< whether a NaN was found; otherwise an infinity
};

/// The type of an argument or result.
struct ProgramPort {
  std::string name;          ///< as in the traced function
  Shape shape;               ///< static extents
  DType dtype = DType::f32;  ///< element type
  bool input = true;         ///< whether an argument is given anew at every run; parameters and state are not
};

/// Everything a Program needs to run: what the compiler made of a function.
struct ProgramPlan {
  std::vector<ProgramPort> arguments;  ///< in the order in which run() takes them
  std::vector<ProgramPort> results;    ///< in the order in which run() takes them, with those that replace an argument
  /// For each result, the index of the argument that it replaces in place, or -1 when the caller gives memory for it.
  std::vector<int64_t> result_replaces;
  std::vector<KernelCall> calls;             ///< in execution order
  std::vector<Tensor> constants;             ///< tensors known at compile time
  int64_t arena_bytes = 0;                   ///< size of the memory between kernels
  std::shared_ptr<void> code;                ///< owns the machine code; kernels may be called as long as it lives
  std::shared_ptr<Device> device;            ///< where the calls run; null: on this processor
  std::vector<DeviceKernel> device_kernels;  ///< the kernels of a device, of this plan and of its initializer

  /// Tensors that depend on parameters alone and are computed before the run. Calls read them as Place::hoisted.
  std::vector<ProgramPort> hoisted;
  /// The plan that computes the hoisted tensors as its results, from some of this plan's arguments, which are found by name.
  /// Null where nothing is hoisted.
  std::shared_ptr<const ProgramPlan> initializer;
};

/// The index of the last call that writes an argument, from which on it has its final values; 0 where no call writes it.
size_t last_write(const ProgramPlan& plan, size_t argument);

/// A plan with the memory to run it. It is for one thread at a time, which shares its work through a ThreadPool; two Programs
/// of one plan may run at once.
class Program {
 public:
  /// Checks the plan and fails when it is inconsistent. The arena and the scratch memory are allocated at the first run.
  explicit Program(ProgramPlan plan);
  /// Moves the plan and its memory; the moved-from object can only be destroyed or assigned to.
  Program(Program&&) noexcept;
  /// The same.
  Program& operator=(Program&&) noexcept;
  /// Frees the arena and the hoisted tensors.
  ~Program();

  /// The plan, valid as long as this object.
  const ProgramPlan& plan() const;
  /// Bytes that this object holds while it runs with so many threads: the arena, hoisted tensors and scratch. Arguments and
  /// results belong to the caller and do not count.
  int64_t memory_bytes(int threads) const;
  /// The most bytes that it holds at any moment, in its initializer or in its run, without the caller's tensors.
  int64_t transient_bytes(int threads) const;
  /// The scratch memory of `threads` when the kernel that needs most takes `largest` bytes.
  static int64_t scratch_bytes(int64_t largest, int threads);

  /// Runs the function. Arguments and results are in the plan's order, contiguous, of the plan's shapes and types, and must not
  /// overlap; fails otherwise. A result that replaces an argument has no tensor of its own, so `results` lists only the others.
  ///
  /// Tensors that depend on parameters alone are computed first when that is due: at the first run, after values_changed(), and
  /// when such a parameter is at another address than before. On a device that is also when parameters and state are copied to
  /// it, so tensors that were changed in place need values_changed(). Replaced arguments are copied back after each run, unless
  /// keep_on_device() was called.
  void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads);

  /// Called after each call with the number of calls that are done.
  using Progress = std::function<void(size_t done)>;
  /// Like run(), with a function that is called in the meantime. On a device the caller's tensors are still the old ones then.
  void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads,
           const Progress& progress);

  /// Says that parameters have new values at the same addresses, so that the next run computes the hoisted tensors again. A
  /// change in place cannot be seen; whoever shares parameters with a network in training has to call this. Fails after
  /// release_hoisted_weights().
  void values_changed();
  bool initializer_reads(size_t argument) const;  ///< Whether the initializer reads this argument.
  /// Makes the arguments that a device's plan replaces stay there, and the caller's tensors old, until read_back(). On the
  /// processor both do nothing.
  void keep_on_device();
  /// Copies the arguments that the plan replaces from the device to these tensors, the ones of the last run.
  void read_back(const std::vector<Tensor*>& arguments);
  /// Runs the initializer alone; the next runs read the tensors that it writes.
  void initialize(const std::vector<Tensor*>& arguments, ThreadPool& threads);
  /// Runs the initializer for the last time and frees weights: each argument that it alone reads becomes an empty tensor after
  /// its last use, and later runs do not look at it. The hoisted tensors cannot change after that.
  void release_hoisted_weights(const std::vector<Tensor*>& arguments, ThreadPool& threads);
  bool is_released(size_t argument) const;  ///< Whether release_hoisted_weights() emptied this argument.
  /// The tensors of plan().hoisted as the initializer last wrote them; empty before its first run. Valid until the next run.
  const std::vector<Tensor>& hoisted() const;

  /// Like run(), and adds the seconds spent in each call to `seconds`, which has an entry for each call.
  void profile(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results, ThreadPool& threads,
               std::vector<double>& seconds);

  /// Like run(), and checks what every kernel wrote. Returns the first place that is not finite, if any.
  std::optional<NotFinite> run_checked(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                                       ThreadPool& threads);

  /// Frees the memory that a run needs. The next run allocates it again and also runs the initializer.
  void release();

 private:
  friend class HoistedConstants;
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fovea
