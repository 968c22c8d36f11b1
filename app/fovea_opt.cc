// SPDX-License-Identifier: Apache-2.0
// fovea-opt: runs any pass of the project on a text file, for tests and inspection.
#include "fovea/codegen/passes.h"
#include "fovea/codegen/vector/schedule.h"
#include "fovea/passes/passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char** argv) {
  mlir::DialectRegistry registry;
  fovea::register_dialects(registry);
  fovea::register_codegen_dialects(registry);
  fovea::registerFoveaPasses();
  fovea::register_codegen_passes();
  mlir::registerTransformsPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "runs the passes of fovea on MLIR text\n", registry));
}
