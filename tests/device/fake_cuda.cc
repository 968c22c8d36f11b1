// SPDX-License-Identifier: Apache-2.0
// A libcuda for tests: memory is the processor's, and kernels are known by name, because nothing here runs PTX. It is as strict
// as a driver about contexts, handles and ranges.
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

namespace {

constexpr int success = 0, invalid_value = 1, out_of_memory = 2, invalid_device = 101, invalid_ptx = 218, invalid_context = 201,
              invalid_handle = 400, not_found = 500;
constexpr size_t memory_bytes = size_t{1} << 20;
constexpr int context_mark = 7;

struct Module {
  std::string ptx;
};
struct Function {
  std::string name;
};

std::mutex mutex;
thread_local const void* current = nullptr;
std::map<uint64_t, size_t> blocks;  // of the device's memory
std::map<Module*, std::map<std::string, Function>> modules;
int live_streams = 0, live_host = 0, retained = 0, capability = 86;

bool inside(uint64_t place, size_t bytes) {
  auto next = blocks.upper_bound(place);
  if (next == blocks.begin()) return false;
  --next;
  return place + bytes <= next->first + next->second;
}

int checked(bool valid) { return current != &context_mark ? invalid_context : valid ? success : invalid_value; }

}  // namespace

extern "C" {

// For the tests: the compute capability of the device, and everything that was not freed.
void fake_cuda_capability(int value) { capability = value; }
int fake_cuda_live() { return static_cast<int>(blocks.size() + modules.size()) + live_streams + live_host + retained; }

int cuInit(unsigned) { return success; }
int cuDriverGetVersion(int* version) { return *version = 12040, success; }
int cuGetErrorString(int result, const char** text) {
  *text = result == invalid_ptx ? "a PTX JIT compilation failed" : "another error";
  return success;
}
int cuDeviceGetCount(int* count) { return *count = 1, success; }
int cuDeviceGet(int* device, int number) { return number == 0 ? (*device = 0, success) : invalid_device; }
int cuDeviceGetName(char* name, int size, int) { return std::strncpy(name, "Fake GPU", static_cast<size_t>(size)), success; }
int cuDeviceTotalMem_v2(size_t* bytes, int) { return *bytes = memory_bytes, success; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
  const std::map<int, int> values{{1, 1024}, {8, 48 << 10}, {18, 0}, {75, capability / 10}, {76, capability % 10}};
  const auto found = values.find(attribute);
  return found == values.end() ? invalid_value : (*value = found->second, success);
}
int cuDevicePrimaryCtxSetFlags_v2(int, unsigned) { return success; }
int cuDevicePrimaryCtxRetain(void** context, int) {
  ++retained;
  return *context = const_cast<int*>(&context_mark), success;
}
int cuDevicePrimaryCtxRelease_v2(int) { return --retained, success; }
int cuCtxSetCurrent(void* context) { return current = context, success; }

int cuModuleLoadDataEx(void** module, const void* image, unsigned count, int* options, void** values) {
  const std::lock_guard<std::mutex> lock(mutex);
  const std::string text = static_cast<const char*>(image);
  if (const int wrong = checked(true)) return wrong;
  if (text.find(".entry") == std::string::npos) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == 5) std::strcpy(static_cast<char*>(values[i]), "ptxas fatal: no entry\nanother line");
    return invalid_ptx;
  }
  auto* made = new Module{text};
  modules[made];
  return *module = made, success;
}
int cuModuleUnload(void* module) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (modules.erase(static_cast<Module*>(module)) == 0) return invalid_handle;
  delete static_cast<Module*>(module);
  return success;
}
int cuModuleGetFunction(void** function, void* module, const char* name) {
  const std::lock_guard<std::mutex> lock(mutex);
  const auto found = modules.find(static_cast<Module*>(module));
  if (found == modules.end()) return invalid_handle;
  if (found->first->ptx.find(std::string(".entry ") + name + "(") == std::string::npos) return not_found;
  return *function = &(found->second[name] = {name}), success;
}

int cuMemAlloc_v2(uint64_t* pointer, size_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (const int wrong = checked(bytes > 0)) return wrong;
  if (bytes > memory_bytes) return out_of_memory;
  *pointer = reinterpret_cast<uint64_t>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  blocks[*pointer] = bytes;
  return success;
}
int cuMemFree_v2(uint64_t pointer) {
  const std::lock_guard<std::mutex> lock(mutex);
  if (blocks.erase(pointer) == 0) return invalid_value;
  std::free(reinterpret_cast<void*>(pointer));
  return success;
}
int cuMemHostAlloc(void** pointer, size_t bytes, unsigned) {
  ++live_host;
  return *pointer = std::malloc(bytes), success;
}
int cuMemFreeHost(void* pointer) {
  --live_host;
  return std::free(pointer), success;
}
int cuStreamCreate(void** stream, unsigned) {
  ++live_streams;
  return *stream = &live_streams, checked(true);
}
int cuStreamDestroy_v2(void*) { return --live_streams, success; }
int cuStreamSynchronize(void* stream) { return checked(stream == &live_streams); }

int cuMemcpyHtoDAsync_v2(uint64_t to, const void* from, size_t bytes, void* stream) {
  if (const int wrong = checked(stream == &live_streams && inside(to, bytes))) return wrong;
  return std::memcpy(reinterpret_cast<void*>(to), from, bytes), success;
}
int cuMemcpyDtoHAsync_v2(void* to, uint64_t from, size_t bytes, void* stream) {
  if (const int wrong = checked(stream == &live_streams && inside(from, bytes))) return wrong;
  return std::memcpy(to, reinterpret_cast<const void*>(from), bytes), success;
}

// "twice" is y = 2x and "add" is y = x + y, one number an invocation.
int cuLaunchKernel(void* function, unsigned grid_x, unsigned grid_y, unsigned, unsigned block_x, unsigned, unsigned, unsigned,
                   void* stream, void** arguments, void**) {
  const size_t count = size_t{grid_x} * grid_y * block_x;
  const auto operand = [&](int i) { return *static_cast<uint64_t*>(arguments[i]); };
  const size_t bytes = count * sizeof(float);
  if (const int wrong = checked(stream == &live_streams && inside(operand(0), bytes) && inside(operand(1), bytes)))
    return wrong;
  const std::string& name = static_cast<Function*>(function)->name;
  if (name != "twice" && name != "add") return invalid_handle;
  const auto* x = reinterpret_cast<const float*>(operand(0));
  auto* y = reinterpret_cast<float*>(operand(1));
  for (size_t i = 0; i < count; ++i) y[i] = name == "twice" ? 2 * x[i] : x[i] + y[i];
  return success;
}

}  // extern "C"
