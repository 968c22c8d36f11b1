// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/tile_program.h"

#include <mlir/Interfaces/FunctionInterfaces.h>

#include "fovea/codegen/emit/emitters.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

void write_tile_program(const KernelDescription& kernel, const Tiling& tiling) {
  std::visit([&](const auto& kind) { emit_kind(kernel, tiling, kind); }, tiling.kind);
}

void set_tile_program(func::FuncOp function, const TileProgram& program) {
  Builder builder(function.getContext());
  const auto number = [&](llvm::StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  const auto list = [&](llvm::StringRef name, ArrayRef<int64_t> values) {
    return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
  };
  function->setAttr(
      tile_program_attribute,
      builder.getDictionaryAttr(
          {number("operands", program.operands), number("tiles", program.tiles), number("scratch_bytes", program.scratch_bytes),
           list("scratch_offsets", program.scratch_offsets), list("non_temporal", program.non_temporal)}));
}

TileProgram read_tile_program(ModuleOp module) {
  for (auto function : module.getOps<FunctionOpInterface>()) {
    const auto fields = function->getAttrOfType<DictionaryAttr>(tile_program_attribute);
    if (!fields) continue;
    TileProgram program{.function = function.getName().str()};
    const auto number = [&](llvm::StringRef name) {
      const auto value = fields.getAs<IntegerAttr>(name);
      if (!value) fail("{} of @{} has no number {}", tile_program_attribute, program.function, name.str());
      return value.getInt();
    };
    const auto list = [&](llvm::StringRef name) {
      const auto values = fields.getAs<DenseI64ArrayAttr>(name);
      if (!values) fail("{} of @{} has no list {}", tile_program_attribute, program.function, name.str());
      return SmallVector<int64_t>(values.asArrayRef());
    };
    program.operands = number("operands");
    program.non_temporal = list("non_temporal");
    program.scratch_offsets = list("scratch_offsets");
    program.scratch_bytes = number("scratch_bytes");
    program.tiles = number("tiles");
    return program;
  }
  fail("no tile program: no function has the attribute {}", tile_program_attribute);
}

}  // namespace fovea
