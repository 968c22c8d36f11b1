// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/driver/kernel_work.h"

#include <mlir/Dialect/Linalg/IR/Linalg.h>

#include <string_view>
#include <unordered_map>

#include "fovea/passes/linalg_utils.h"

namespace fovea {

using namespace mlir;

namespace {

std::string text_of(func::FuncOp kernel) {
  auto copy = cast<func::FuncOp>(kernel->clone());
  copy.setName("kernel");
  copy.setPublic();
  std::string text;
  llvm::raw_string_ostream stream(text);
  copy->print(stream, OpPrintingFlags().useLocalScope());
  copy->destroy();
  return text;
}

std::string layer_name(func::FuncOp kernel) {
  std::string layer = layer_of(kernel.getLoc());
  kernel.walk([&](linalg::LinalgOp op) {
    if (layer.empty()) layer = layer_of(op.getLoc());
  });
  return layer.empty() ? kernel.getName().str() : layer;
}

}  // namespace

std::vector<std::string> layers_of(llvm::ArrayRef<func::FuncOp> kernels) {
  std::vector<std::string> layers;
  for (func::FuncOp kernel : kernels) layers.push_back(layer_name(kernel));
  return layers;
}

std::vector<std::string> texts_of(llvm::ArrayRef<func::FuncOp> kernels) {
  std::vector<std::string> texts;
  for (func::FuncOp kernel : kernels) texts.push_back(text_of(kernel));
  return texts;
}

std::vector<size_t> first_equals(llvm::ArrayRef<std::string> texts) {
  std::unordered_map<std::string_view, size_t> seen;
  std::vector<size_t> first;
  for (size_t i = 0; i < texts.size(); ++i) first.push_back(seen.try_emplace(texts[i], i).first->second);
  return first;
}

OwningOpRef<ModuleOp> parse_kernel(const std::string& text, MLIRContext* context) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, context);
  if (!module) fail("a kernel does not parse");
  (*module->getOps<func::FuncOp>().begin())->setAttr("fovea.kernel", UnitAttr::get(context));
  return module;
}

}  // namespace fovea
