// SPDX-License-Identifier: Apache-2.0
// A plan on a Vulkan device: one buffer with all its tensors, and a command buffer for a whole run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/device/staging.h"
#include "fovea/device/tensor_places.h"
#include "fovea/device/vulkan_device.h"
#include "fovea/runtime/device.h"
#include "fovea/runtime/program.h"

namespace fovea {

class VulkanProgram : public DeviceProgram {
 public:
  VulkanProgram(VulkanDevice& device, const ProgramPlan& plan);
  VulkanProgram(const VulkanProgram&) = delete;
  VulkanProgram& operator=(const VulkanProgram&) = delete;
  ~VulkanProgram() override;

  int64_t device_bytes() const override { return memory_->bytes(); }
  void upload(size_t index, const Tensor& tensor) override;
  void download(size_t index, Tensor& tensor) override;
  void initialize() override;
  void run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results) override;
  void run_each(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                const std::function<void(size_t)>& after) override;
  void read_operand(size_t call, size_t operand, std::byte* bytes, int64_t count) override;

 private:
  // A call with what is bound to its kernel.
  struct BoundCall {
    const KernelCall* call;
    std::vector<TensorPlace> operands;
    VkDescriptorSet set = nullptr;
  };

  void build();
  void release();
  std::vector<BoundCall> bind(const ProgramPlan& plan, bool initializer);
  void bind_buffers(BoundCall& call, int64_t table);
  void copy_constants(const ProgramPlan& plan, const std::vector<TensorPlace>& places);

  void begin(VkCommandBuffer commands, bool once);
  void end(VkCommandBuffer commands);
  void record_call(VkCommandBuffer commands, const BoundCall& call);
  void record_calls(VkCommandBuffer commands, const std::vector<BoundCall>& calls);
  void record_inputs(VkCommandBuffer commands);
  void record_results(VkCommandBuffer commands);
  void barrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkAccessFlags written, VkPipelineStageFlags to,
               VkAccessFlags read);
  void to_device(const std::byte* bytes, TensorPlace place);
  void from_device(std::byte* bytes, TensorPlace place);

  VulkanDevice& device_;
  const ProgramPlan& plan_;
  TensorPlaces places_;
  Staging transfers_;
  std::vector<VulkanPipeline> pipelines_;  // by the plan's device kernels
  std::unique_ptr<VulkanBuffer> memory_, staging_;
  VkDescriptorPool sets_ = nullptr;
  VkCommandPool commands_ = nullptr;
  VkCommandBuffer run_ = nullptr, initialize_ = nullptr, once_ = nullptr;
  VkFence fence_ = nullptr;
  std::vector<BoundCall> calls_, initializer_calls_;
  std::vector<int32_t> tables_;  // of all calls, each at a multiple of places_.table_bytes()
};

}  // namespace fovea
