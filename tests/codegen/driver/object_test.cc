// SPDX-License-Identifier: Apache-2.0
// Objects for other machines: ELF or WebAssembly of the right architecture, and WebAssembly run in Node if it is there.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <llvm/BinaryFormat/ELF.h>
#include <llvm/BinaryFormat/Wasm.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Object/ObjectFile.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "fovea/core/file.h"
#include "tests/codegen/kernel/kernel_run.h"
#include "tests/codegen/kernel/kernel_text.h"

namespace fovea {
namespace {

struct Kernel {
  const char* name;
  std::string text;
};

std::vector<Kernel> kernels() {
  const ConvolutionCase conv{.batch = 1, .size = {9, 9}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}, .in = 5, .out = 17};
  ConvolutionCase depthwise = conv;
  depthwise.groups = 19;
  return {{"convolution", forward_text(conv, Epilogue::bias_relu)},
          {"depthwise", depthwise_text(depthwise, Epilogue::bias_relu)},
          {"dense", dense_text(33, 40, 31, false, false, Epilogue::bias_relu)},
          {"softmax", row_reduction_text({7, 17}, RowReduction::exp_sum)}};
}

struct Machine {
  const char* triple;
  const char* cpu;
  uint16_t elf_machine;  // 0 for WebAssembly
  uint8_t bits;
};

const std::vector<Machine> machines{{"aarch64-linux-gnu", "", llvm::ELF::EM_AARCH64, 64},
                                    {"armv7-linux-gnueabihf", "", llvm::ELF::EM_ARM, 32},
                                    {"riscv64-linux-gnu", "", llvm::ELF::EM_RISCV, 64},
                                    {"wasm32-unknown-unknown", "", 0, 32},
                                    {"riscv64-linux-gnu", "rv64gcv", llvm::ELF::EM_RISCV, 64},
                                    {"riscv64-linux-gnu", "sifive-u74", llvm::ELF::EM_RISCV, 64},
                                    {"aarch64-linux-gnu", "cortex-a76", llvm::ELF::EM_AARCH64, 64},
                                    {"armv7-linux-gnueabihf", "cortex-a7", llvm::ELF::EM_ARM, 32},
                                    {"arm-linux-gnueabihf", "", llvm::ELF::EM_ARM, 32},
                                    {"x86_64-linux-gnu", "", llvm::ELF::EM_X86_64, 64},
                                    {"x86_64-linux-gnu", "haswell", llvm::ELF::EM_X86_64, 64},
                                    {"x86_64-linux-gnu", "znver4", llvm::ELF::EM_X86_64, 64}};

// The names that an object defines, or needs from other objects.
std::vector<std::string> symbols(const std::string& object, bool defined) {
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(object, "object"));
  if (!file) throw std::runtime_error(llvm::toString(file.takeError()));
  std::vector<std::string> names;
  for (const llvm::object::SymbolRef& symbol : (*file)->symbols()) {
    const uint32_t flags = llvm::cantFail(symbol.getFlags());
    const bool undefined = (flags & llvm::object::SymbolRef::SF_Undefined) != 0;
    if ((flags & llvm::object::SymbolRef::SF_Global) == 0 || undefined == defined) continue;
    if (const std::string name = llvm::cantFail(symbol.getName()).str(); !name.empty()) names.push_back(name);
  }
  return names;
}

TEST(Object, HasTheMagicAndTheMachine) {
  for (const Machine& machine : machines) {
    const Target target = Target::named(machine.triple, machine.cpu);
    for (const Kernel& kernel : kernels()) {
      SCOPED_TRACE(fmt::format("{} {} {}", machine.triple, machine.cpu, kernel.name));
      const std::string object = compile_object(ParsedKernel(kernel.text).function(), "entry_of_kernel", target).bytes;
      ASSERT_GT(object.size(), 64u);
      if (machine.elf_machine == 0) {
        EXPECT_EQ(object.substr(0, 8), std::string("\0asm\1\0\0\0", 8));
      } else {
        EXPECT_EQ(object.substr(0, 4), "\177ELF");
        EXPECT_EQ(object[llvm::ELF::EI_CLASS], machine.bits == 64 ? llvm::ELF::ELFCLASS64 : llvm::ELF::ELFCLASS32);
        EXPECT_EQ(object[18], static_cast<char>(machine.elf_machine));  // e_machine, little-endian
        EXPECT_EQ(object[19], static_cast<char>(machine.elf_machine >> 8));
      }
      EXPECT_EQ(symbols(object, true), std::vector<std::string>{"entry_of_kernel"});
      for (const std::string& name : symbols(object, false))
        EXPECT_TRUE(name == "memcpy" || name == "memset" || name.starts_with("__") || name == "_GLOBAL_OFFSET_TABLE_")
            << "needs " << name;
    }
  }
}

TEST(Object, UsesTheVectorsOfTheMachine) {
  const std::string dense = kernels()[2].text;
  struct Wanted {
    const char *triple, *cpu, *instruction;
  };
  const std::vector<Wanted> wanted{
      {"aarch64-linux-gnu", "", "fmla\t"},        {"armv7-linux-gnueabihf", "cortex-a7", "vmul.f32\tq"},
      {"riscv64-linux-gnu", "rv64gcv", "vfmacc"}, {"wasm32-unknown-unknown", "", "f32x4.mul"},
      {"x86_64-linux-gnu", "", "mulps\t"},        {"x86_64-linux-gnu", "haswell", "vfmadd231ps\t"},
      {"x86_64-linux-gnu", "znver4", "%zmm"}};
  for (const auto& [triple, cpu, instruction] : wanted) {
    SCOPED_TRACE(fmt::format("{} {}", triple, cpu));
    const std::string assembly = lower_kernel(ParsedKernel(dense).function(), "assembly", Target::named(triple, cpu));
    EXPECT_NE(assembly.find(instruction), std::string::npos) << instruction << " is not in\n" << assembly.substr(0, 4000);
  }
}

bool present(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

std::string numbers(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) text += fmt::format("{}{:.9g}", text.empty() ? "" : ",", value);
  return text;
}

// JavaScript that puts the operands into memory after the module's own, with an array of 32-bit pointers before them, runs the
// tiles one by one and prints the result.
std::string script(const std::string& module, const std::vector<Array>& arguments, size_t result_elements, int64_t tiles) {
  std::string text = fmt::format(
      "const bytes = require('fs').readFileSync('{}');\n"
      "const memory = () => new Uint8Array(wasm.memory.buffer);\n"
      "const memset = (at, value, count) => {{ memory().fill(value, at, at + count); return at; }};\n"
      "const memcpy = (to, from, count) => {{ memory().copyWithin(to, from, from + count); return to; }};\n"
      "const {{exports: wasm}} = new WebAssembly.Instance(new WebAssembly.Module(bytes), {{env: {{memset, memcpy}}}});\n"
      "let free = wasm.__heap_base.value + 4096;\n"
      "const place = (values) => {{ const at = free; new Float32Array(wasm.memory.buffer, at, values.length).set(values);\n"
      "  free = (free + 4 * values.length + 63) & ~63; return at; }};\nconst operands = [];\n",
      module);
  for (const Array& argument : arguments) text += fmt::format("operands.push(place([{}]));\n", numbers(argument.values));
  text += fmt::format(
      "const result = place(new Array({0}).fill(NaN)); operands.push(result);\n"
      "const table = place(new Array(16).fill(0)), scratch = free;\n"
      "new Uint32Array(wasm.memory.buffer, table, operands.length).set(operands);\n"
      "for (let tile = 0n; tile < {1}n; ++tile) wasm.entry(table, tile, tile + 1n, scratch);\n"
      "console.log(Array.from(new Float32Array(wasm.memory.buffer, result, {0})).join(' '));\n",
      result_elements, tiles);
  return text;
}

TEST(Object, WebAssemblyComputesTheFormula) {
  if (!present("node --version") || !present("wasm-ld-19 --version")) GTEST_SKIP() << "needs node and wasm-ld-19";
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("fovea_wasm_{}", getpid());
  std::filesystem::create_directories(folder);
  const Target target = Target::named("wasm32-unknown-unknown");
  for (const Kernel& kernel : kernels()) {
    SCOPED_TRACE(kernel.name);
    const ParsedKernel parsed(kernel.text);
    const std::vector<Array> arguments = random_arguments(parsed.function(), 3);
    const std::vector<double> wanted = interpret(parsed.function(), arguments)[0].values;
    const KernelObject compiled = compile_object(parsed.function(), "entry", target);
    write_text(folder / "kernel.o", compiled.bytes);
    write_text(folder / "run.cjs", script((folder / "kernel.wasm").string(), arguments, wanted.size(), compiled.tiles));
    const std::string link = fmt::format(
        "wasm-ld-19 --no-entry --export=entry --export=__heap_base --allow-undefined --initial-memory=4194304 {0}/kernel.o -o "
        "{0}/kernel.wasm && "
        "node {0}/run.cjs >{0}/result",
        folder.string());
    ASSERT_EQ(std::system(link.c_str()), 0);
    std::istringstream printed(read_text(folder / "result"));
    std::vector<double> got;
    for (std::string word; printed >> word;) got.push_back(std::strtod(word.c_str(), nullptr));
    ASSERT_EQ(got.size(), wanted.size());
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], wanted[i], 1e-5 * std::max(1.0, std::abs(wanted[i]))) << i;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fovea
