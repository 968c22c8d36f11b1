// SPDX-License-Identifier: Apache-2.0
// Compiled kernels compared with the interpreter, in memory with canaries around it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fovea/codegen/driver/kernel_compiler.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "tests/support/interpreter.h"

namespace fovea {

// A parsed kernel.
class ParsedKernel {
 public:
  explicit ParsedKernel(const std::string& text);  // throws std::runtime_error with the text when MLIR refuses it

  mlir::func::FuncOp function() const { return function_; }

 private:
  std::unique_ptr<mlir::MLIRContext> context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  mlir::func::FuncOp function_;
};

struct NamedTarget {
  std::string name;
  Target target;
};

// The processor that this runs on, AVX2 alone (haswell), and both with caches so small that every kernel is divided into
// blocks.
const std::vector<NamedTarget>& test_targets();

// Expects the compiled kernel to compute what the interpreter does from random arguments: every element, nothing outside its
// operands and scratch memory, arguments unchanged unless written in place, and the same bytes for any division of its tiles.
void expect_kernel(const std::string& text, const NamedTarget& target);
// Runs on all test_targets() but one.
void expect_kernel(const std::string& text);

// The arguments that expect_kernel() would use, and the interpreter's results.
std::vector<Array> random_arguments(mlir::func::FuncOp kernel, uint64_t seed);

// The values of an array as they are in memory.
std::vector<std::byte> bytes_of(const Array& array, mlir::Type type);
// Expects these bytes to be the values, up to rounding errors of so many summed terms.
void expect_values(const Array& expected, mlir::Type type, const std::vector<std::byte>& bytes, int64_t terms);
// The argument that the result overwrites, or -1.
int64_t written_argument(mlir::func::FuncOp kernel, unsigned result);

// The number of summed terms for one result of the kernel's first linalg operation, with which rounding errors grow.
int64_t reduced_terms(mlir::func::FuncOp kernel);

}  // namespace fovea
