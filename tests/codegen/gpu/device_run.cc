// SPDX-License-Identifier: Apache-2.0
#include "tests/codegen/gpu/device_run.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "fovea/codegen/driver/device_kernel_compiler.h"
#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/device/devices.h"
#include "fovea/device/kernel_target.h"
#include "fovea/runtime/program.h"
#include "fovea/runtime/thread_pool.h"
#include "tests/codegen/kernel/kernel_run.h"

namespace fovea {
namespace {

using mlir::func::FuncOp;

ProgramPort port_of(mlir::Type type, const std::string& name) {
  auto tensor = mlir::cast<mlir::RankedTensorType>(type);
  const mlir::Type element = tensor.getElementType();
  const DType dtype = element.isF32()         ? DType::f32
                      : element.isBF16()      ? DType::bf16
                      : element.isInteger(32) ? DType::i32
                      : element.isInteger(16) ? DType::i16
                                              : DType::i8;
  return {.name = name, .shape = Shape(tensor.getShape().begin(), tensor.getShape().end()), .dtype = dtype};
}

// A program with one call.
ProgramPlan plan_of(FuncOp kernel, const std::shared_ptr<Device>& device, const GpuTarget& target) {
  ProgramPlan plan;
  plan.device = device;
  plan.device_kernels = DeviceKernelCompiler(target, 1).compile({kernel});
  KernelCall call{.name = "kernel", .device_kernel = 0};
  for (const mlir::Type type : kernel.getArgumentTypes()) {
    call.operands.push_back({KernelOperand::Place::argument, static_cast<int64_t>(plan.arguments.size())});
    plan.arguments.push_back(port_of(type, "argument" + std::to_string(plan.arguments.size())));
  }
  for (unsigned i = 0; i < kernel.getNumResults(); ++i) {
    const int64_t over = written_argument(kernel, i);
    const size_t operand = over >= 0 ? static_cast<size_t>(over) : call.operands.size();
    if (over < 0) call.operands.push_back({KernelOperand::Place::result, i});
    plan.results.push_back(port_of(kernel.getResultTypes()[i], "result" + std::to_string(i)));
    plan.result_replaces.push_back(over);
    call.outputs.push_back({operand, element_count(plan.results.back().shape), plan.results.back().dtype});
  }
  plan.calls.push_back(std::move(call));
  return plan;
}

// The bytes of every result.
std::vector<std::vector<std::byte>> run(FuncOp kernel, Program& program, const std::vector<Array>& arguments) {
  const ProgramPlan& plan = program.plan();
  std::vector<Tensor> given, made;
  std::vector<Tensor*> given_pointers, made_pointers;
  for (size_t i = 0; i < plan.arguments.size(); ++i) {
    given.emplace_back(plan.arguments[i].shape, plan.arguments[i].dtype);
    const std::vector<std::byte> bytes = bytes_of(arguments[i], kernel.getArgumentTypes()[static_cast<unsigned>(i)]);
    std::memcpy(given.back().raw(), bytes.data(), bytes.size());
  }
  for (size_t i = 0; i < plan.results.size(); ++i)
    if (plan.result_replaces[i] < 0) made.emplace_back(plan.results[i].shape, plan.results[i].dtype);
  for (Tensor& tensor : given) given_pointers.push_back(&tensor);
  for (Tensor& tensor : made) made_pointers.push_back(&tensor);
  ThreadPool threads(1);
  program.values_changed();
  program.run(given_pointers, made_pointers, threads);
  std::vector<std::vector<std::byte>> results;
  size_t next = 0;
  for (const int64_t replaced : plan.result_replaces) {
    const Tensor& tensor = replaced >= 0 ? given[static_cast<size_t>(replaced)] : made[next++];
    results.emplace_back(tensor.raw(), tensor.raw() + tensor.bytes());
  }
  return results;
}

void expect_valid(const DeviceKernel& kernel) {
  static const bool installed = std::system("spirv-val --version >/dev/null 2>&1") == 0;
  if (!installed) return;
  const std::filesystem::path file = testing::TempDir() + "fovea_kernel_" + std::to_string(::getpid()) + ".spv";
  write_text(file, {reinterpret_cast<const char*>(kernel.code.data()), kernel.code.size() * sizeof(uint32_t)});
  EXPECT_EQ(std::system(("spirv-val --target-env vulkan1.1 " + file.string()).c_str()), 0) << "spirv-val refuses it";
  std::filesystem::remove(file);
}

}  // namespace

std::shared_ptr<Device> test_device(std::string& reason) {
  try {
    return open_device("vulkan");
  } catch (const Error& error) {
    reason = error.what();
    return nullptr;
  }
}

void expect_device_kernel(const std::string& text, const std::shared_ptr<Device>& device, const std::string& target) {
  SCOPED_TRACE(text);
  const ParsedKernel parsed(text);
  FuncOp kernel = parsed.function();
  const std::vector<Array> arguments = random_arguments(kernel, 1);
  const std::vector<Array> expected = interpret(kernel, arguments);
  try {
    Program program(plan_of(kernel, device, GpuTarget::of_device(target.empty() ? kernel_target(*device) : target)));
    expect_valid(program.plan().device_kernels[0]);
    const auto first = run(kernel, program, arguments);
    for (unsigned i = 0; i < first.size(); ++i) {
      SCOPED_TRACE("result " + std::to_string(i));
      expect_values(expected[i], kernel.getResultTypes()[i], first[i], reduced_terms(kernel));
    }
    EXPECT_EQ(run(kernel, program, arguments), first) << "another run gives other bits";
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
}

}  // namespace fovea
