// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/vulkan_program.h"

#include <algorithm>
#include <cstring>

namespace fovea {

namespace {

constexpr VkPipelineStageFlags compute = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, transfer = VK_PIPELINE_STAGE_TRANSFER_BIT;

bool overlap(const TensorPlace& a, const TensorPlace& b) {
  return a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;
}

// What was read and written since the last barrier.
class Hazards {
 public:
  // Whether a call with these operands has to wait; `written` are the positions of those that it writes.
  bool found(const std::vector<TensorPlace>& operands, const std::vector<bool>& written) const {
    const auto meets = [](const std::vector<TensorPlace>& places, const TensorPlace& place) {
      return std::ranges::any_of(places, [&](const TensorPlace& other) { return overlap(other, place); });
    };
    for (size_t i = 0; i < operands.size(); ++i)
      if (meets(written_, operands[i]) || (written[i] && meets(read_, operands[i]))) return true;
    return false;
  }
  void add(const std::vector<TensorPlace>& operands, const std::vector<bool>& written) {
    for (size_t i = 0; i < operands.size(); ++i) (written[i] ? written_ : read_).push_back(operands[i]);
  }
  void clear() {
    read_.clear();
    written_.clear();
  }

 private:
  std::vector<TensorPlace> read_, written_;
};

}  // namespace

VulkanProgram::VulkanProgram(VulkanDevice& device, const ProgramPlan& plan)
    : device_(device),
      plan_(plan),
      places_(plan, std::max<int64_t>(256, static_cast<int64_t>(device.limits.minStorageBufferOffsetAlignment))),
      transfers_(plan, places_) {
  try {
    build();
  } catch (...) {
    release();
    throw;
  }
}

VulkanProgram::~VulkanProgram() { release(); }

void VulkanProgram::release() {
  device_.vk.DestroyFence(device_.handle, fence_, nullptr);
  device_.vk.DestroyCommandPool(device_.handle, commands_, nullptr);
  device_.vk.DestroyDescriptorPool(device_.handle, sets_, nullptr);
  for (const VulkanPipeline& pipeline : pipelines_) device_.destroy(pipeline);
  pipelines_.clear();
}

void VulkanProgram::build() {
  pipelines_ = device_.compile(plan_.device_kernels);
  staging_ = std::make_unique<VulkanBuffer>(device_, transfers_.bytes(), true, "memory for copies");
  memory_ = std::make_unique<VulkanBuffer>(device_, places_.bytes(), false, "the network with its tensors");
  const VkFenceCreateInfo fence{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  device_.check(device_.vk.CreateFence(device_.handle, &fence, nullptr, &fence_), "preparing a run");
  VkCommandPoolCreateInfo pool{VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO};
  pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  pool.queueFamilyIndex = device_.queue_family;
  device_.check(device_.vk.CreateCommandPool(device_.handle, &pool, nullptr, &commands_), "preparing a run");
  VkCommandBufferAllocateInfo buffers{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  buffers.commandPool = commands_;
  buffers.commandBufferCount = 1;
  for (VkCommandBuffer* buffer : {&run_, &initialize_, &once_})
    device_.check(device_.vk.AllocateCommandBuffers(device_.handle, &buffers, buffer), "preparing a run");

  size_t calls = plan_.calls.size(), operands = 0;
  const ProgramPlan* initializer = plan_.initializer.get();
  for (const KernelCall& call : plan_.calls) operands += call.operands.size();
  if (initializer != nullptr) {
    calls += initializer->calls.size();
    for (const KernelCall& call : initializer->calls) operands += call.operands.size();
  }
  const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                  static_cast<uint32_t>(std::max<size_t>(operands + calls, 1))};
  VkDescriptorPoolCreateInfo sets{VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO};
  sets.maxSets = static_cast<uint32_t>(std::max<size_t>(calls, 1));
  sets.poolSizeCount = 1;
  sets.pPoolSizes = &size;
  device_.check(device_.vk.CreateDescriptorPool(device_.handle, &sets, nullptr, &sets_), "preparing a run");
  calls_ = bind(plan_, false);
  if (initializer != nullptr) initializer_calls_ = bind(*initializer, true);
  if (!tables_.empty()) to_device(reinterpret_cast<const std::byte*>(tables_.data()), places_.tables());
  copy_constants(plan_, places_.constants());
  if (initializer != nullptr) copy_constants(*initializer, places_.initializer_constants());

  begin(run_, false);
  record_inputs(run_);
  record_calls(run_, calls_);
  record_results(run_);
  end(run_);
  begin(initialize_, false);
  record_calls(initialize_, initializer_calls_);
  end(initialize_);
}

std::vector<VulkanProgram::BoundCall> VulkanProgram::bind(const ProgramPlan& plan, bool initializer) {
  std::vector<BoundCall> calls;
  for (const KernelCall& call : plan.calls) {
    const auto kernel = static_cast<size_t>(call.device_kernel);
    BoundCall bound{&call, {}};
    for (size_t i = 0; i < call.operands.size(); ++i)
      bound.operands.push_back(places_.operand(call.operands[i], initializer, plan_.device_kernels[kernel].operand_bytes[i]));
    VkDescriptorSetAllocateInfo info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO};
    info.descriptorPool = sets_;
    info.descriptorSetCount = 1;
    info.pSetLayouts = &pipelines_[kernel].bindings;
    device_.check(device_.vk.AllocateDescriptorSets(device_.handle, &info, &bound.set), "binding a kernel's tensors");
    const auto table = static_cast<int64_t>(tables_.size() * sizeof(int32_t));
    tables_.resize(tables_.size() + static_cast<size_t>(places_.table_bytes()) / sizeof(int32_t));
    bind_buffers(bound, table);
    calls.push_back(std::move(bound));
  }
  return calls;
}

// A binding begins at the device's alignment at or before the tensor; the table has the elements between them.
void VulkanProgram::bind_buffers(BoundCall& call, int64_t table) {
  const DeviceKernel& kernel = plan_.device_kernels[static_cast<size_t>(call.call->device_kernel)];
  const auto alignment = static_cast<int64_t>(device_.limits.minStorageBufferOffsetAlignment);
  std::vector<VkDescriptorBufferInfo> buffers;
  for (size_t i = 0; i < call.operands.size(); ++i) {
    const TensorPlace& place = call.operands[i];
    const int64_t before = place.offset % alignment;
    tables_[static_cast<size_t>(table) / sizeof(int32_t) + i] = static_cast<int32_t>(before / kernel.element_bytes[i]);
    buffers.push_back({memory_->handle(), static_cast<VkDeviceSize>(place.offset - before),
                       static_cast<VkDeviceSize>((place.bytes + before + 3) / 4 * 4)});
  }
  buffers.push_back({memory_->handle(), static_cast<VkDeviceSize>(places_.tables().offset + table),
                     static_cast<VkDeviceSize>(places_.table_bytes())});
  std::vector<VkWriteDescriptorSet> writes;
  for (uint32_t i = 0; i < buffers.size(); ++i) {
    VkWriteDescriptorSet write{VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET};
    write.dstSet = call.set;
    write.dstBinding = i;
    write.descriptorCount = 1;
    write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    write.pBufferInfo = &buffers[i];
    writes.push_back(write);
  }
  device_.vk.UpdateDescriptorSets(device_.handle, static_cast<uint32_t>(writes.size()), writes.data(), 0, nullptr);
}

void VulkanProgram::copy_constants(const ProgramPlan& plan, const std::vector<TensorPlace>& places) {
  for (size_t i = 0; i < places.size(); ++i) to_device(plan.constants[i].raw(), places[i]);
}

void VulkanProgram::begin(VkCommandBuffer commands, bool once) {
  VkCommandBufferBeginInfo info{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
  if (once) info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  device_.check(device_.vk.BeginCommandBuffer(commands, &info), "recording a run");
}

void VulkanProgram::end(VkCommandBuffer commands) { device_.check(device_.vk.EndCommandBuffer(commands), "recording a run"); }

void VulkanProgram::barrier(VkCommandBuffer commands, VkPipelineStageFlags from, VkAccessFlags written, VkPipelineStageFlags to,
                            VkAccessFlags read) {
  VkMemoryBarrier memory{VK_STRUCTURE_TYPE_MEMORY_BARRIER};
  memory.srcAccessMask = written;
  memory.dstAccessMask = read;
  device_.vk.CmdPipelineBarrier(commands, from, to, 0, 1, &memory, 0, nullptr, 0, nullptr);
}

void VulkanProgram::record_call(VkCommandBuffer commands, const BoundCall& call) {
  const auto kernel = static_cast<size_t>(call.call->device_kernel);
  const VulkanPipeline& pipeline = pipelines_[kernel];
  const auto& workgroups = plan_.device_kernels[kernel].workgroups;
  device_.vk.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.pipeline);
  device_.vk.CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.layout, 0, 1, &call.set, 0, nullptr);
  device_.vk.CmdDispatch(commands, workgroups[0], workgroups[1], 1);
}

// Calls that share no tensor that one of them writes may run at the same time.
void VulkanProgram::record_calls(VkCommandBuffer commands, const std::vector<BoundCall>& calls) {
  Hazards hazards;
  for (const BoundCall& call : calls) {
    std::vector<bool> written(call.operands.size());
    for (const KernelOutput& output : call.call->outputs) written[output.operand] = true;
    if (hazards.found(call.operands, written)) {
      barrier(commands, compute, VK_ACCESS_SHADER_WRITE_BIT, compute, VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
      hazards.clear();
    }
    hazards.add(call.operands, written);
    record_call(commands, call);
  }
}

void VulkanProgram::record_inputs(VkCommandBuffer commands) {
  for (const Transfer& input : transfers_.inputs()) {
    const VkBufferCopy copy{static_cast<VkDeviceSize>(input.staged), static_cast<VkDeviceSize>(input.place.offset),
                            static_cast<VkDeviceSize>(input.place.bytes)};
    device_.vk.CmdCopyBuffer(commands, staging_->handle(), memory_->handle(), 1, &copy);
  }
  barrier(commands, transfer, VK_ACCESS_TRANSFER_WRITE_BIT, compute, VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
}

void VulkanProgram::record_results(VkCommandBuffer commands) {
  barrier(commands, compute, VK_ACCESS_SHADER_WRITE_BIT, transfer, VK_ACCESS_TRANSFER_READ_BIT);
  for (const Transfer& result : transfers_.results()) {
    const VkBufferCopy copy{static_cast<VkDeviceSize>(result.place.offset), static_cast<VkDeviceSize>(result.staged),
                            static_cast<VkDeviceSize>(result.place.bytes)};
    device_.vk.CmdCopyBuffer(commands, memory_->handle(), staging_->handle(), 1, &copy);
  }
  barrier(commands, transfer, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
}

void VulkanProgram::to_device(const std::byte* bytes, TensorPlace place) {
  for (int64_t done = 0; done < place.bytes; done += staging_->bytes()) {
    const int64_t part = std::min(place.bytes - done, staging_->bytes());
    std::memcpy(staging_->data(), bytes + done, static_cast<size_t>(part));
    begin(once_, true);
    const VkBufferCopy copy{0, static_cast<VkDeviceSize>(place.offset + done), static_cast<VkDeviceSize>(part)};
    device_.vk.CmdCopyBuffer(once_, staging_->handle(), memory_->handle(), 1, &copy);
    barrier(once_, transfer, VK_ACCESS_TRANSFER_WRITE_BIT, compute, VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
    end(once_);
    device_.run(once_, fence_);
  }
}

void VulkanProgram::from_device(std::byte* bytes, TensorPlace place) {
  for (int64_t done = 0; done < place.bytes; done += staging_->bytes()) {
    const int64_t part = std::min(place.bytes - done, staging_->bytes());
    begin(once_, true);
    barrier(once_, compute, VK_ACCESS_SHADER_WRITE_BIT, transfer, VK_ACCESS_TRANSFER_READ_BIT);
    const VkBufferCopy copy{static_cast<VkDeviceSize>(place.offset + done), 0, static_cast<VkDeviceSize>(part)};
    device_.vk.CmdCopyBuffer(once_, memory_->handle(), staging_->handle(), 1, &copy);
    barrier(once_, transfer, VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    end(once_);
    device_.run(once_, fence_);
    std::memcpy(bytes + done, staging_->data(), static_cast<size_t>(part));
  }
}

void VulkanProgram::upload(size_t index, const Tensor& tensor) { to_device(tensor.raw(), places_.arguments()[index]); }

void VulkanProgram::download(size_t index, Tensor& tensor) { from_device(tensor.raw(), places_.arguments()[index]); }

void VulkanProgram::initialize() { device_.run(initialize_, fence_); }

void VulkanProgram::run(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results) {
  transfers_.stage(arguments, staging_->data());
  device_.run(run_, fence_);
  transfers_.unstage(staging_->data(), results);
}

void VulkanProgram::run_each(const std::vector<Tensor*>& arguments, const std::vector<Tensor*>& results,
                             const std::function<void(size_t)>& after) {
  transfers_.stage(arguments, staging_->data());
  begin(once_, true);
  record_inputs(once_);
  end(once_);
  device_.run(once_, fence_);
  after(0);
  for (size_t i = 0; i < calls_.size(); ++i) {
    begin(once_, true);
    record_call(once_, calls_[i]);
    barrier(once_, compute, VK_ACCESS_SHADER_WRITE_BIT, compute | transfer,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT);
    end(once_);
    device_.run(once_, fence_);
    after(i + 1);
  }
  begin(once_, true);
  record_results(once_);
  end(once_);
  device_.run(once_, fence_);
  transfers_.unstage(staging_->data(), results);
}

void VulkanProgram::read_operand(size_t call, size_t operand, std::byte* bytes, int64_t count) {
  from_device(bytes, {calls_[call].operands[operand].offset, count});
}

}  // namespace fovea
