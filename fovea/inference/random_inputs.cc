// SPDX-License-Identifier: Apache-2.0
#include "fovea/inference/random_inputs.h"

#include "fovea/core/random.h"

namespace fovea {

void fill_random_inputs(Session& session, int64_t classes, int64_t seed) {
  uint64_t stream = 0;
  for (const ProgramPort& port : session.program().plan().arguments) {
    if (!port.input) continue;
    Random random(static_cast<uint64_t>(seed), stream++);
    Tensor& tensor = session.argument(port.name);
    if (port.name == "rate" || port.name.starts_with("rate.")) {
      tensor.data<float>()[0] = 1e-3F;
    } else if (tensor.dtype() == DType::f32) {
      for (float& value : tensor.values<float>()) value = random.normal();
    } else if (tensor.dtype() == DType::u8 || tensor.dtype() == DType::i8) {
      for (size_t i = 0; i < tensor.bytes(); ++i) tensor.raw()[i] = static_cast<std::byte>(random.below(256));
    } else if (tensor.dtype() == DType::i32) {
      for (int32_t& value : tensor.values<int32_t>())
        value = static_cast<int32_t>(random.below(static_cast<uint32_t>(classes)));
    }
  }
}

}  // namespace fovea
