// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/vector/non_temporal_marks.h"

#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Vector/IR/VectorOps.h>
#include <mlir/Interfaces/ViewLikeInterface.h>

#include "fovea/codegen/emit/tile_program.h"

namespace fovea {
namespace {

constexpr uint64_t line_bytes = 64;

bool is_non_temporal(mlir::Value memory) {
  while (auto view = memory.getDefiningOp<mlir::ViewLikeOpInterface>()) memory = view.getViewSource();
  const auto argument = mlir::dyn_cast<mlir::BlockArgument>(memory);
  if (!argument) return false;
  auto function = mlir::dyn_cast<mlir::func::FuncOp>(argument.getOwner()->getParentOp());
  return function && function.getArgAttr(argument.getArgNumber(), non_temporal_result);
}

}  // namespace

void mark_non_temporal_stores(mlir::ModuleOp vectors) {
  vectors.walk([](mlir::vector::StoreOp store) {
    const mlir::VectorType type = store.getVectorType();
    if (type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8) % line_bytes == 0 && is_non_temporal(store.getBase()))
      store.setNontemporal(true);
  });
}

}  // namespace fovea
