// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/emit/tile_program.h"

#include "fovea/codegen/emit/emitters.h"
#include "fovea/core/error.h"

namespace fovea {

using namespace mlir;

TileProgram write_tile_program(const KernelDescription& kernel, const Tiling& tiling) {
  TileProgram program = std::visit([&](const auto& kind) { return emit_kind(kernel, tiling, kind); }, tiling.kind);
  Builder builder(program.function.getContext());
  const auto number = [&](llvm::StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  const auto list = [&](llvm::StringRef name, ArrayRef<int64_t> values) {
    return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
  };
  program.function->setAttr(
      tile_program_attribute,
      builder.getDictionaryAttr(
          {number("operands", program.operands), number("tiles", program.tiles), number("scratch_bytes", program.scratch_bytes),
           list("scratch_offsets", program.scratch_offsets), list("non_temporal", program.non_temporal)}));
  return program;
}

TileProgram read_tile_program(func::FuncOp function) {
  const auto fields = function->getAttrOfType<DictionaryAttr>(tile_program_attribute);
  if (!fields) fail("@{} is no tile program: it has no {}", function.getName().str(), tile_program_attribute);
  const auto number = [&](llvm::StringRef name) {
    const auto value = fields.getAs<IntegerAttr>(name);
    if (!value) fail("{} of @{} has no number {}", tile_program_attribute, function.getName().str(), name.str());
    return value.getInt();
  };
  const auto list = [&](llvm::StringRef name) {
    const auto values = fields.getAs<DenseI64ArrayAttr>(name);
    if (!values) fail("{} of @{} has no list {}", tile_program_attribute, function.getName().str(), name.str());
    return SmallVector<int64_t>(values.asArrayRef());
  };
  return {.function = function,
          .operands = number("operands"),
          .non_temporal = list("non_temporal"),
          .scratch_offsets = list("scratch_offsets"),
          .scratch_bytes = number("scratch_bytes"),
          .tiles = number("tiles")};
}

}  // namespace fovea
