// SPDX-License-Identifier: Apache-2.0
// libcuda, NVIDIA's driver, loaded when a device is asked for first, and the functions of it that are used. They are declared
// here by NVIDIA's documentation of the driver's interface, so that no toolkit is needed to build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace fovea {

using CudaResult = int;        ///< 0: success
using CudaPointer = uint64_t;  ///< an address in a device's memory
using CudaHandle = void*;      ///< a context, module, function or stream

#define FOVEA_CUDA_FUNCTIONS(f)                                                                                                \
  f(Init, "cuInit", unsigned flags) f(DriverGetVersion, "cuDriverGetVersion", int* version)                                    \
      f(GetErrorString, "cuGetErrorString", CudaResult result, const char** text)                                              \
          f(DeviceGetCount, "cuDeviceGetCount", int* count) f(DeviceGet, "cuDeviceGet", int* device, int number)               \
              f(DeviceGetName, "cuDeviceGetName", char* name, int size, int device)                                            \
                  f(DeviceTotalMem, "cuDeviceTotalMem_v2", size_t* bytes, int device)                                          \
                      f(DeviceGetAttribute, "cuDeviceGetAttribute", int* value, int attribute, int device) f(                  \
                          PrimaryContextSetFlags, "cuDevicePrimaryCtxSetFlags_v2", int device, unsigned flags)                 \
                          f(PrimaryContextRetain, "cuDevicePrimaryCtxRetain", CudaHandle* context, int device) f(              \
                              PrimaryContextRelease, "cuDevicePrimaryCtxRelease_v2", int device)                               \
                              f(ContextSetCurrent, "cuCtxSetCurrent", CudaHandle context) f(                                   \
                                  ModuleLoadData, "cuModuleLoadDataEx", CudaHandle* module, const void* image, unsigned count, \
                                  int* options, void** values) f(ModuleUnload, "cuModuleUnload", CudaHandle module)            \
                                  f(ModuleGetFunction, "cuModuleGetFunction", CudaHandle* function, CudaHandle module,         \
                                    const char* name) f(MemAlloc, "cuMemAlloc_v2", CudaPointer* pointer, size_t bytes)         \
                                      f(MemFree, "cuMemFree_v2", CudaPointer pointer)                                          \
                                          f(MemHostAlloc, "cuMemHostAlloc", void** pointer, size_t bytes, unsigned flags)      \
                                              f(MemFreeHost, "cuMemFreeHost", void* pointer)                                   \
                                                  f(CopyToDevice, "cuMemcpyHtoDAsync_v2", CudaPointer to, const void* from,    \
                                                    size_t bytes, CudaHandle stream) f(CopyFromDevice, "cuMemcpyDtoHAsync_v2", \
                                                                                       void* to, CudaPointer from,             \
                                                                                       size_t bytes, CudaHandle stream)        \
                                                      f(StreamCreate, "cuStreamCreate", CudaHandle* stream, unsigned flags)    \
                                                          f(StreamDestroy, "cuStreamDestroy_v2", CudaHandle stream)            \
                                                              f(StreamSynchronize, "cuStreamSynchronize", CudaHandle stream)   \
                                                                  f(LaunchKernel, "cuLaunchKernel", CudaHandle function,       \
                                                                    unsigned grid_x, unsigned grid_y, unsigned grid_z,         \
                                                                    unsigned block_x, unsigned block_y, unsigned block_z,      \
                                                                    unsigned shared_bytes, CudaHandle stream,                  \
                                                                    void** arguments, void** extra)

/// The driver of this process. It stays loaded. Several threads may use it.
class CudaDriver {
 public:
  /// The driver; null where there is none or it refuses to start, and then `reason` says what was looked for.
  static std::shared_ptr<CudaDriver> get(std::string& reason);

  /// The number of devices.
  int devices() const;
  /// Throws an Error that names what failed and on which device, unless `result` is success: out of memory, a lost device, or
  /// the driver's refusal.
  void check(CudaResult result, const std::string& device, const std::string& what) const;

#define FOVEA_CUDA_MEMBER(name, symbol, ...) CudaResult (*name)(__VA_ARGS__) = nullptr;
  FOVEA_CUDA_FUNCTIONS(FOVEA_CUDA_MEMBER)
#undef FOVEA_CUDA_MEMBER

 private:
  std::string open();
};

}  // namespace fovea
