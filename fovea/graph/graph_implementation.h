// SPDX-License-Identifier: Apache-2.0
// The MLIR side of a Graph, for the passes and code generation.
#pragma once

#include <memory>

#include "fovea/dialect/dialect.h"
#include "fovea/graph/graph.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace fovea {

struct Graph::Implementation {
  std::shared_ptr<mlir::MLIRContext> context;  // single-threaded, with the dialects of register_dialects()
  mlir::OwningOpRef<mlir::ModuleOp> module;    // owns the function
  mlir::func::FuncOp function;
  std::vector<mlir::Value> values;  // by Ref
  std::vector<Argument> arguments;
  std::vector<Result> results;
  bool finished = false;
};

// Numbers values, arguments and results anew after a pass has changed the function.
void read_back(Graph::Implementation& graph);

// Refuses element types that the dialect does not have (u8, boolean).
mlir::RankedTensorType to_mlir(const TensorType& type, mlir::MLIRContext* context);
TensorType from_mlir(mlir::Type type);

mlir::DenseElementsAttr to_mlir(const Tensor& tensor, mlir::MLIRContext* context);
Tensor from_mlir(mlir::DenseElementsAttr elements);

// Collects MLIR's diagnostics while it exists, instead of printing them.
class DiagnosticCollector {
 public:
  explicit DiagnosticCollector(mlir::MLIRContext* context);
  // The first diagnostic, without and with its location in a file.
  std::string first() const { return first_; }
  std::string first_with_place() const { return place_ + first_; }

 private:
  std::string first_, place_;
  mlir::ScopedDiagnosticHandler handler_;
};

}  // namespace fovea
