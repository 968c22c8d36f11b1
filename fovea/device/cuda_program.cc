// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/cuda_program.h"

#include <algorithm>
#include <cstring>

#include "fovea/core/error.h"
#include "fovea/core/parallel_for.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {

namespace {

constexpr int64_t alignment = 256;  // of an allocation, and so of every tensor
constexpr unsigned separate_stream = 1;

}  // namespace

CudaProgram::CudaProgram(CudaDevice& device, const ProgramPlan& plan)
    : device_(device), plan_(plan), places_(plan, alignment), transfers_(plan, places_) {
  try {
    build();
  } catch (...) {
    release();
    throw;
  }
}

CudaProgram::~CudaProgram() { release(); }

void CudaProgram::release() {
  const CudaDriver& driver = *device_.driver;
  if (stream_ != nullptr) driver.StreamDestroy(stream_);
  if (staging_ != nullptr) driver.MemFreeHost(staging_);
  if (memory_ != 0) driver.MemFree(memory_);
  for (CudaHandle module : modules_)
    if (module != nullptr) driver.ModuleUnload(module);
  modules_.clear();
}

void CudaProgram::build() {
  device_.use();
  const CudaDriver& driver = *device_.driver;
  compile();
  const auto bytes = static_cast<size_t>(std::max<int64_t>(places_.bytes(), alignment));
  device_.check(driver.MemAlloc(&memory_, bytes), fmt::format("the network with its tensors takes {} bytes", bytes));
  void* staging = nullptr;
  device_.check(driver.MemHostAlloc(&staging, static_cast<size_t>(transfers_.bytes()), 0),
                fmt::format("memory for copies takes {} bytes", transfers_.bytes()));
  staging_ = static_cast<std::byte*>(staging);
  device_.check(driver.StreamCreate(&stream_, separate_stream), "preparing a run");
  calls_ = bind(plan_, false);
  copy_constants(plan_, places_.constants());
  if (const ProgramPlan* initializer = plan_.initializer.get()) {
    initializer_calls_ = bind(*initializer, true);
    copy_constants(*initializer, places_.initializer_constants());
  }
}

void CudaProgram::compile() {
  const std::vector<DeviceKernel>& kernels = plan_.device_kernels;
  modules_.resize(kernels.size());
  functions_.resize(kernels.size());
  parallel_for(kernels.size(), ThreadPool::available(), [&] {
    device_.use();
    return [&](size_t i) {
      modules_[i] = device_.compile(kernels[i]);
      device_.check(device_.driver->ModuleGetFunction(&functions_[i], modules_[i], kernels[i].entry.c_str()),
                    fmt::format("compiling kernel \"{}\"", kernels[i].name));
    };
  });
}

std::vector<CudaProgram::BoundCall> CudaProgram::bind(const ProgramPlan& plan, bool initializer) const {
  std::vector<BoundCall> calls;
  for (const KernelCall& call : plan.calls) {
    const auto number = static_cast<size_t>(call.device_kernel);
    const DeviceKernel& kernel = plan_.device_kernels[number];
    BoundCall bound{&kernel, functions_[number], {}};
    for (size_t i = 0; i < call.operands.size(); ++i) {
      const TensorPlace place = places_.operand(call.operands[i], initializer, kernel.operand_bytes[i]);
      bound.operands.push_back(memory_ + static_cast<CudaPointer>(place.offset));
    }
    calls.push_back(std::move(bound));
  }
  return calls;
}

void CudaProgram::copy_constants(const ProgramPlan& plan, const std::vector<TensorPlace>& places) {
  for (size_t i = 0; i < places.size(); ++i) to_device(plan.constants[i].raw(), places[i]);
}

void CudaProgram::launch(BoundCall& call) {
  std::vector<void*> arguments;
  for (CudaPointer& operand : call.operands) arguments.push_back(&operand);
  const DeviceKernel& kernel = *call.kernel;
  device_.check(
      device_.driver->LaunchKernel(call.function, kernel.workgroups[0], kernel.workgroups[1], 1,
                                   static_cast<unsigned>(kernel.invocations), 1, 1, 0, stream_, arguments.data(), nullptr),
      fmt::format("starting kernel \"{}\"", kernel.name));
}

void CudaProgram::wait() { device_.check(device_.driver->StreamSynchronize(stream_), "running a network"); }

void CudaProgram::copy_inputs(const std::vector<Tensor*>& arguments) {
  transfers_.stage(arguments, staging_);
  for (const Transfer& input : transfers_.inputs())
    device_.check(device_.driver->CopyToDevice(memory_ + static_cast<CudaPointer>(input.place.offset), staging_ + input.staged,
                                               static_cast<size_t>(input.place.bytes), stream_),
                  "copying inputs");
}

void CudaProgram::copy_results(const std::vector<Tensor*>& results) {
  for (const Transfer& result : transfers_.results())
    device_.check(
        device_.driver->CopyFromDevice(staging_ + result.staged, memory_ + static_cast<CudaPointer>(result.place.offset),
                                       static_cast<size_t>(result.place.bytes), stream_),
        "copying results");
  wait();
  transfers_.unstage(staging_, results);
}

void CudaProgram::to_device(const std::byte* bytes, TensorPlace place) {
  for (int64_t done = 0; done < place.bytes; done += transfers_.bytes()) {
    const auto part = static_cast<size_t>(std::min(place.bytes - done, transfers_.bytes()));
    std::memcpy(staging_, bytes + done, part);
    device_.check(
        device_.driver->CopyToDevice(memory_ + static_cast<CudaPointer>(place.offset + done), staging_, part, stream_),
        "copying a tensor");
    wait();
  }
}

void CudaProgram::from_device(std::byte* bytes, TensorPlace place) {
  for (int64_t done = 0; done < place.bytes; done += transfers_.bytes()) {
    const auto part = static_cast<size_t>(std::min(place.bytes - done, transfers_.bytes()));
    device_.check(
        device_.driver->CopyFromDevice(staging_, memory_ + static_cast<CudaPointer>(place.offset + done), part, stream_),
        "copying a tensor back");
    wait();
    std::memcpy(bytes + done, staging_, part);
  }
}

void CudaProgram::upload(size_t index, const Tensor& tensor) {
  device_.use();
  to_device(tensor.raw(), places_.arguments()[index]);
}

void CudaProgram::download(size_t index, Tensor& tensor) {
  device_.use();
  from_device(tensor.raw(), places_.arguments()[index]);
}

void CudaProgram::initialize() {
  device_.use();
  for (BoundCall& call : initializer_calls_) launch(call);
  wait();
}

void CudaProgram::run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results) {
  device_.use();
  copy_inputs(arguments);
  for (BoundCall& call : calls_) launch(call);
  copy_results(results);
}

void CudaProgram::run_each(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                           const std::function<void(size_t)>& after) {
  device_.use();
  copy_inputs(arguments);
  wait();
  after(0);
  for (size_t i = 0; i < calls_.size(); ++i) {
    launch(calls_[i]);
    wait();
    after(i + 1);
  }
  copy_results(results);
}

void CudaProgram::read_operand(size_t call, size_t operand, std::byte* bytes, int64_t count) {
  device_.use();
  from_device(bytes, {static_cast<int64_t>(calls_[call].operands[operand] - memory_), count});
}

}  // namespace fovea
