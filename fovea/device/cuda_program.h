// SPDX-License-Identifier: Apache-2.0
// A plan on a device of NVIDIA's driver: one allocation with all its tensors, and one stream in which everything happens in
// order.
#pragma once

#include <functional>
#include <vector>

#include "fovea/device/cuda_device.h"
#include "fovea/device/staging.h"
#include "fovea/device/tensor_places.h"
#include "fovea/runtime/program.h"

namespace fovea {

class CudaProgram : public DeviceProgram {
 public:
  CudaProgram(CudaDevice& device, const ProgramPlan& plan);
  CudaProgram(const CudaProgram&) = delete;
  CudaProgram& operator=(const CudaProgram&) = delete;
  ~CudaProgram() override;

  int64_t device_bytes() const override { return places_.bytes(); }
  void upload(size_t index, const Tensor& tensor) override;
  void download(size_t index, Tensor& tensor) override;
  void initialize() override;
  void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results) override;
  void run_each(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                const std::function<void(size_t)>& after) override;
  void read_operand(size_t call, size_t operand, std::byte* bytes, int64_t count) override;

 private:
  // A call with the addresses of its operands.
  struct BoundCall {
    const DeviceKernel* kernel;
    CudaHandle function;
    std::vector<CudaPointer> operands;
  };

  void build();
  void release();
  void compile();
  std::vector<BoundCall> bind(const ProgramPlan& plan, bool initializer) const;
  void launch(BoundCall& call);
  void copy_inputs(const std::vector<Tensor*>& arguments);
  void copy_results(const std::vector<Tensor*>& results);
  void copy_constants(const ProgramPlan& plan, const std::vector<TensorPlace>& places);
  void to_device(const std::byte* bytes, TensorPlace place);
  void from_device(std::byte* bytes, TensorPlace place);
  void wait();

  CudaDevice& device_;
  const ProgramPlan& plan_;
  TensorPlaces places_;
  Staging transfers_;
  std::vector<CudaHandle> modules_, functions_;  // by the plan's device kernels
  CudaPointer memory_ = 0;
  std::byte* staging_ = nullptr;
  CudaHandle stream_ = nullptr;
  std::vector<BoundCall> calls_, initializer_calls_;
};

}  // namespace fovea
