// SPDX-License-Identifier: Apache-2.0
#include "fovea/device/cuda_driver.h"

#include <dlfcn.h>

#include <mutex>

#include "fovea/core/error.h"

namespace fovea {

namespace {

constexpr const char* library_name = "libcuda.so.1";

// Results that are told apart; the driver has words for the others.
constexpr CudaResult out_of_memory = 2, launch_out_of_resources = 701, illegal_address = 700, ecc_error = 214,
                     launch_failed = 719, launch_timeout = 702;

}  // namespace

std::shared_ptr<CudaDriver> CudaDriver::get(std::string& reason) {
  static std::mutex mutex;
  static std::shared_ptr<CudaDriver> opened;
  const std::lock_guard<std::mutex> lock(mutex);
  if (opened) return opened;
  auto driver = std::make_shared<CudaDriver>();
  reason = driver->open();
  if (reason.empty()) opened = driver;
  return opened;
}

// Returns what is missing; empty when all is there.
std::string CudaDriver::open() {
  void* library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fmt::format("NVIDIA's driver, {}, is not installed", library_name);
#define FOVEA_LOAD(name, symbol, ...)                                             \
  name = reinterpret_cast<CudaResult (*)(__VA_ARGS__)>(::dlsym(library, symbol)); \
  if (name == nullptr) return fmt::format("{} lacks {}: the driver is too old", library_name, symbol);
  FOVEA_CUDA_FUNCTIONS(FOVEA_LOAD)
#undef FOVEA_LOAD
  const CudaResult result = Init(0);
  if (result == 0) return "";
  const char* text = nullptr;
  GetErrorString(result, &text);
  return fmt::format("{} does not start: {}", library_name, text == nullptr ? fmt::format("CUresult {}", result) : text);
}

int CudaDriver::devices() const {
  int count = 0;
  return DeviceGetCount(&count) == 0 ? count : 0;
}

void CudaDriver::check(CudaResult result, const std::string& device, const std::string& what) const {
  if (result == 0) return;
  const char* text = nullptr;
  GetErrorString(result, &text);
  const std::string told = text == nullptr ? fmt::format("CUresult {}", result) : text;
  switch (result) {
    case out_of_memory:
    case launch_out_of_resources:
      fail(ErrorCode::resource_exhausted, "{} is out of memory: {}; a smaller batch takes less", device, what);
    case illegal_address:
    case ecc_error:
    case launch_failed:
    case launch_timeout:
      fail(ErrorCode::unavailable, "{} was lost: {}: {}", device, what, told);
    default:
      fail(ErrorCode::unavailable, "{} refuses: {}: {}", device, what, told);
  }
}

}  // namespace fovea
