// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/target/target.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/ARMTargetParser.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/core/settings.h"

namespace fovea {
namespace {

// Registers and caches by instruction set: the first row with a feature that the processor has. A new processor is a row here.
struct Row {
  llvm::Triple::ArchType architecture;
  const char* feature;  // LLVM's name; "" for any
  int64_t vector_bytes, vector_registers, l1_bytes, l2_bytes, non_temporal_bytes;
};

constexpr Row rows[] = {
    {llvm::Triple::x86_64, "avx512f", 64, 32, 32 << 10, 1 << 20, 24 << 20},
    {llvm::Triple::x86_64, "avx2", 32, 16, 32 << 10, 512 << 10, 24 << 20},
    {llvm::Triple::x86_64, "", 16, 16, 32 << 10, 256 << 10, 0},
    {llvm::Triple::aarch64, "", 16, 32, 64 << 10, 512 << 10, 0},
    {llvm::Triple::arm, "neon", 16, 16, 32 << 10, 256 << 10, 0},
    // Without vectors, four numbers take four registers of one number each.
    {llvm::Triple::arm, "", 16, 4, 32 << 10, 256 << 10, 0},
    {llvm::Triple::riscv64, "v", 16, 32, 32 << 10, 256 << 10, 0},
    {llvm::Triple::riscv64, "", 16, 8, 32 << 10, 256 << 10, 0},
    {llvm::Triple::wasm32, "simd128", 16, 16, 32 << 10, 256 << 10, 0},
};

// What a triple without a processor means, and names of machines for which LLVM has no processor. The row without a name is the
// least machine of its kind, whose code runs on all of them.
struct Machine {
  llvm::Triple::ArchType architecture;
  const char* name;  // as given by --cpu; "" when none was given
  const char* cpu;   // LLVM's name
  const char* features;
};

constexpr Machine machines[] = {
    {llvm::Triple::x86_64, "", "x86-64", ""},
    {llvm::Triple::aarch64, "", "generic", "+neon"},
    // Armv7 guarantees 16 floating-point registers; NEON and fused multiply-adds are optional.
    {llvm::Triple::arm, "", "generic", "+armv7-a,-neon,-d32,+vfp3d16"},
    {llvm::Triple::riscv64, "", "generic-rv64", "+m,+a,+f,+d,+c"},
    {llvm::Triple::riscv64, "rv64gcv", "generic-rv64", "+m,+a,+f,+d,+c,+v"},
    {llvm::Triple::wasm32, "", "generic", "+simd128,+nontrapping-fptoint,+bulk-memory,+sign-ext,+mutable-globals"},
    {llvm::Triple::wasm32, "relaxed-simd", "generic",
     "+simd128,+nontrapping-fptoint,+bulk-memory,+sign-ext,+mutable-globals,+relaxed-simd"},
};

// The least machine by its LLVM name is that machine; "generic" alone would lack what the triple guarantees.
bool means(const Machine& machine, const std::string& triple, const std::string& cpu) {
  if (llvm::Triple(triple).getArch() != machine.architecture) return false;
  return cpu == machine.name || (*machine.name == '\0' && cpu == machine.cpu);
}

// On Armv7, the name of a processor does not imply a floating-point unit, which is an option; each processor has a usual one.
std::string usual_unit(const std::string& triple, const std::string& cpu) {
  const llvm::Triple parsed(triple);
  if (parsed.getArch() != llvm::Triple::arm || !triple.ends_with("eabihf")) return "";
  const llvm::ARM::FPUKind unit = llvm::ARM::getDefaultFPU(cpu, llvm::ARM::parseCPUArch(cpu));
  std::vector<llvm::StringRef> features;
  if (!llvm::ARM::getFPUFeatures(unit, features)) return "";
  return llvm::join(features, ",");
}

void initialize_targets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
  });
}

void check_cpu(const Target& target, const llvm::MCSubtargetInfo& info) {
  if (target.cpu.empty() || info.isCPUStringValid(target.cpu)) return;
  std::vector<std::string> known;
  for (const llvm::SubtargetSubTypeKV& cpu : info.getAllProcessorDescriptions()) known.emplace_back(cpu.Key);
  const std::string nearest = nearest_name(target.cpu, known);
  refuse("unknown processor \"{}\" for {}; did you mean \"{}\"?", target.cpu, target.triple,
         nearest.empty() ? "native" : nearest);
}

std::unique_ptr<llvm::MCSubtargetInfo> subtarget(const Target& target) {
  std::string reason;
  const llvm::Target* found = llvm::TargetRegistry::lookupTarget(target.triple, reason);
  if (found == nullptr) {
    std::vector<std::string> known;
    for (const Machine& machine : machines) {
      if (*machine.name == '\0') known.emplace_back(llvm::Triple::getArchTypeName(machine.architecture));
    }
    refuse_unknown("target architecture", llvm::Triple(target.triple).getArchName(), known);
  }
  // LLVM prints a warning about an unknown processor and continues, so it is only asked about known ones.
  const std::unique_ptr<llvm::MCSubtargetInfo> any(found->createMCSubtargetInfo(target.triple, "", ""));
  check_cpu(target, *any);
  return std::unique_ptr<llvm::MCSubtargetInfo>(found->createMCSubtargetInfo(target.triple, target.cpu, target.features));
}

// Features that code needs. Without them LLVM would end the process, or call a library that objects do not have.
struct Need {
  llvm::Triple::ArchType architecture;
  const char* feature;
  const char* words;
};

constexpr Need needs[] = {{llvm::Triple::x86_64, "64bit", "is a 32-bit processor"},
                          {llvm::Triple::riscv64, "64bit", "is a 32-bit processor"},
                          {llvm::Triple::riscv64, "f", "has no floating-point instructions"},
                          {llvm::Triple::riscv64, "d", "has no floating-point instructions of 64 bits"},
                          {llvm::Triple::arm, "vfp2sp", "has no floating-point instructions"},
                          {llvm::Triple::thumb, "vfp2sp", "has no floating-point instructions"},
                          {llvm::Triple::aarch64, "neon", "has no vector instructions"}};

void check_needs(const Target& target, const llvm::MCSubtargetInfo& info) {
  const llvm::Triple triple(target.triple);
  for (const Need& need : needs) {
    if (need.architecture == triple.getArch() && !info.checkFeatures(std::string("+") + need.feature))
      refuse("processor \"{}\" {}: fovea cannot compile for it", target.cpu, need.words);
  }
  if (triple.isARM() && info.checkFeatures("+noarm"))
    refuse("processor \"{}\" runs only Thumb instructions: use a target such as thumbv8.1m.main-none-eabihf, not {}",
           target.cpu, target.triple);
}

// Instructions that compiled kernels may contain. A virtual machine may hide others that the name of its processor implies, but
// no kernel uses those.
// misses those.
bool generated(llvm::StringRef feature) {
  static constexpr llvm::StringLiteral families[] = {"avx", "sse", "ssse"};
  static constexpr llvm::StringLiteral single[] = {"adx",  "bmi",   "bmi2",   "cx16",  "f16c", "fma", "fma4",
                                                   "gfni", "lzcnt", "popcnt", "movbe", "tbm",  "xop"};
  return llvm::any_of(families, [&](llvm::StringRef family) { return feature.starts_with(family); }) ||
         llvm::is_contained(single, feature);
}

IntegerDot integer_dot(const llvm::Triple& triple, const llvm::MCSubtargetInfo& info) {
  switch (triple.getArch()) {
    case llvm::Triple::x86_64:
      return info.checkFeatures("+avx512vnni,+avx512vl") || info.checkFeatures("+avxvnni") ? IntegerDot::mixed_quads
                                                                                           : IntegerDot::pairs;
    case llvm::Triple::aarch64:
      return info.checkFeatures("+dotprod") ? IntegerDot::equal_quads : IntegerDot::none;
    case llvm::Triple::wasm32:
      if (info.checkFeatures("+relaxed-simd")) return IntegerDot::mixed_quads;
      return info.checkFeatures("+simd128") ? IntegerDot::pairs : IntegerDot::none;
    default:
      return IntegerDot::none;
  }
}

void fill_row(Target& target, const llvm::MCSubtargetInfo& info) {
  const llvm::Triple triple(target.triple);
  for (const Row& row : rows) {
    if (row.architecture != triple.getArch()) continue;
    if (*row.feature != '\0' && !info.checkFeatures(std::string("+") + row.feature)) continue;
    target.vector_bytes = row.vector_bytes;
    target.vector_registers = row.vector_registers;
    target.l1_bytes = row.l1_bytes;
    target.l2_bytes = row.l2_bytes;
    target.non_temporal_bytes = row.non_temporal_bytes;
    target.integer_dot = integer_dot(triple, info);
    target.widening_multiply_add = triple.getArch() != llvm::Triple::x86_64;
    target.bf16_dot = triple.getArch() == llvm::Triple::x86_64 && info.checkFeatures("+avx512bf16,+avx512vl");
    return;
  }
}

}  // namespace

Target Target::host(const std::string& cpu) {
  initialize_targets();
  Target target;
  target.triple = llvm::sys::getDefaultTargetTriple();
  target.cpu = !cpu.empty() ? cpu : !settings().cpu.empty() ? settings().cpu : "native";
  const llvm::StringMap<bool> has = llvm::sys::getHostCPUFeatures();
  if (target.cpu == "native") {
    target.cpu = llvm::sys::getHostCPUName().str();
    std::vector<std::string> switches;  // a virtual machine may hide what its processor's name implies
    for (const auto& feature : has) switches.push_back((feature.second ? "+" : "-") + feature.first().str());
    std::sort(switches.begin(), switches.end());
    target.features = llvm::join(switches, ",");
  }
  const auto info = subtarget(target);
  check_needs(target, *info);
  for (const llvm::SubtargetFeatureKV& feature : info->getAllProcessorFeatures()) {
    const auto here = has.find(feature.Key);
    if (here != has.end() && !here->second && generated(feature.Key) && info->checkFeatures(std::string("+") + feature.Key))
      refuse("processor \"{}\" needs {}, which this machine does not have", target.cpu, feature.Key);
  }
  fill_row(target, *info);
  return target;
}

Target Target::named(const std::string& triple, const std::string& cpu) {
  initialize_targets();
  Target target;
  // Without normalization, "aarch64-linux-gnu" would lack the vendor, and would be read as having no system and no
  // floating-point registers in calls.
  target.triple = llvm::Triple::normalize(triple);
  target.cpu = cpu;
  target.features = usual_unit(target.triple, cpu);
  for (const Machine& machine : machines) {
    if (!means(machine, target.triple, cpu)) continue;
    target.cpu = machine.cpu;
    target.features = machine.features;
  }
  const auto info = subtarget(target);
  check_needs(target, *info);
  fill_row(target, *info);
  return target;
}

}  // namespace fovea
