// SPDX-License-Identifier: Apache-2.0
#include "app/version.h"

#include <nlohmann/json.hpp>

#include "fovea/codegen/target/target.h"
#include "fovea/core/settings.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

constexpr int format_version = 1;

#ifdef __clang__
constexpr const char* compiler = "Clang " __clang_version__;
#else
constexpr const char* compiler = "GCC " __VERSION__;
#endif

const char* name_of(IntegerDot dot) {
  switch (dot) {
    case IntegerDot::none:
      return "none";
    case IntegerDot::mixed_quads:
      return "mixed quads";
    case IntegerDot::equal_quads:
      return "equal quads";
    case IntegerDot::pairs:
      return "pairs";
  }
  return "unknown";
}

}  // namespace

std::string version_json() {
  const Target target = Target::host();
  const std::filesystem::path cache = settings().kernel_cache;
  nlohmann::ordered_json json = {{"format", format_version},
                                 {"version", FOVEA_VERSION},
                                 {"compiler", compiler},
                                 {"llvm", FOVEA_LLVM_VERSION},
                                 {"processor",
                                  {{"triple", target.triple},
                                   {"name", target.cpu},
                                   {"threads", ThreadPool::available()},
                                   {"vector_bytes", target.vector_bytes},
                                   {"vector_registers", target.vector_registers},
                                   {"integer_dot", name_of(target.integer_dot)},
                                   {"widening_multiply_add", target.widening_multiply_add},
                                   {"bf16_dot", target.bf16_dot}}},
                                 {"kernel_cache", nullptr}};
  if (!cache.empty()) json["kernel_cache"] = cache.string();
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace fovea
