// SPDX-License-Identifier: Apache-2.0
// What the schedule and LLVM need to know about a processor. A new processor takes a row of numbers and no new kernels.
#pragma once

#include <cstdint>
#include <string>

namespace fovea {

/// Which exact products of narrow integers one instruction adds to each 32-bit lane of a register.
enum class IntegerDot : uint8_t {
  none,         ///< extended to 32 bits first
  mixed_quads,  ///< four, of unsigned and signed bytes: x86 vpdpbusd, WebAssembly's relaxed dot (relaxed_dot.h)
  equal_quads,  ///< four, of bytes that are both signed or both unsigned: Arm sdot, udot
  pairs,        ///< two, of signed 16-bit integers: x86 vpmaddwd, WebAssembly's dot
};

struct Target {
  std::string triple;    ///< "x86_64-pc-linux-gnu"
  std::string cpu;       ///< LLVM's name: "znver4", "haswell", "cortex-a76"
  std::string features;  ///< LLVM's feature string, "" for what the name implies

  int64_t vector_bytes = 16;      ///< of one register
  int64_t vector_registers = 16;  ///< number of registers
  int64_t l1_bytes = 32 << 10;    ///< data cache of one core
  int64_t l2_bytes = 256 << 10;   ///< of one core
  /// Results of at least this many bytes are written with non-temporal stores, because caches would not keep them; 0 if the
  /// processor has none or gains nothing.
  int64_t non_temporal_bytes = 0;

  IntegerDot integer_dot = IntegerDot::none;
  bool widening_multiply_add = false;  ///< depthwise sums of bytes multiply 16-bit integers instead of f32
  bool bf16_dot = false;               ///< one instruction adds two products of bf16 numbers to each f32 lane of a register

  int64_t lanes(int64_t element_bytes) const { return vector_bytes / element_bytes; }

  /// The processor that this runs on, or the one named by `cpu` or else Settings::cpu. Refuses names that LLVM does not know,
  /// with the nearest one, and names whose instructions this processor does not have.
  static Target host(const std::string& cpu = "");

  /// Any target for which LLVM can write an object. An empty `cpu` is the least machine of the triple, whose code runs on all.
  /// WebAssembly has no processors: "relaxed-simd" means instructions that not every engine has. "rv64gcv" means RISC-V's
  /// vectors.
  static Target named(const std::string& triple, const std::string& cpu = "");
};

}  // namespace fovea
