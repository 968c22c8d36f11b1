// SPDX-License-Identifier: Apache-2.0
// Fusion and buffer assignment change no result: random graphs are interpreted before, and afterwards as kernel calls over real
// memory.
#include "fovea/passes/fusion/fuse.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "fovea/codegen/driver/buffer_assignment.h"
#include "fovea/passes/linalg_utils.h"
#include "fovea/passes/memory/rematerialize.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Verifier.h"
#include "tests/passes/random_graph.h"
#include "tests/support/interpreter.h"

namespace fovea {
namespace {

using mlir::func::CallOp;
using mlir::func::FuncOp;

FuncOp main_of(mlir::ModuleOp module) { return module.lookupSymbol<FuncOp>("main"); }

std::vector<Array> random_arguments(FuncOp main, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<Array> arguments;
  for (mlir::Type type : main.getArgumentTypes()) {
    auto shape = mlir::cast<mlir::RankedTensorType>(type).getShape();
    Array array{.shape = {shape.begin(), shape.end()}};
    array.values.resize(mlir::cast<mlir::RankedTensorType>(type).getNumElements());
    for (double& value : array.values) value = uniform(random);
    arguments.push_back(std::move(array));
  }
  return arguments;
}

// The memory of one program, and kernels that run on it by interpretation, as a compiled program would.
class PlacedRun {
 public:
  PlacedRun(FuncOp main, const std::vector<Array>& arguments) : main_(main), calls_(llvm::to_vector(main.getOps<CallOp>())) {
    placement_ = assign_buffers(read_fused_function(main));
    arena_.assign(placement_.arena_bytes / 4, std::numeric_limits<float>::quiet_NaN());
    for (const Array& array : arguments) arguments_.emplace_back(array.values.begin(), array.values.end());
    for (mlir::Type type : main.getResultTypes()) {
      results_.emplace_back(mlir::cast<mlir::RankedTensorType>(type).getNumElements(), std::numeric_limits<float>::quiet_NaN());
    }
  }

  std::vector<std::vector<float>> run() {
    for (size_t i = 0; i < calls_.size(); ++i) call(calls_[i], placement_.operands[i]);
    for (size_t i = 0; i < results_.size(); ++i) {
      if (int64_t replaced = replaced_argument(main_, i); replaced >= 0) results_[i] = arguments_[replaced];
    }
    return results_;
  }

 private:
  float* address(const KernelOperand& operand) {
    switch (operand.place) {
      case KernelOperand::Place::arena:
        return arena_.data() + operand.offset / 4;
      case KernelOperand::Place::argument:
        return arguments_[operand.index].data() + operand.offset / 4;
      case KernelOperand::Place::result:
        return results_[operand.index].data() + operand.offset / 4;
      case KernelOperand::Place::constant:
        return placement_.constants[operand.index].data<float>() + operand.offset / 4;
      case KernelOperand::Place::hoisted:
        break;
    }
    return nullptr;
  }

  void call(CallOp op, const std::vector<KernelOperand>& operands) {
    auto kernel = main_->getParentOfType<mlir::ModuleOp>().lookupSymbol<FuncOp>(op.getCallee());
    std::vector<Array> inputs;
    for (auto [i, type] : llvm::enumerate(kernel.getArgumentTypes())) {
      auto tensor = mlir::cast<mlir::RankedTensorType>(type);
      const float* from = address(operands[i]);
      inputs.push_back({{tensor.getShape().begin(), tensor.getShape().end()}, {from, from + tensor.getNumElements()}});
    }
    auto outputs = interpret(kernel, inputs);
    size_t next = inputs.size();
    for (auto [i, output] : llvm::enumerate(outputs)) {
      auto in_place = kernel.getResultAttrOfType<mlir::IntegerAttr>(i, "fovea.in_place");
      const KernelOperand& operand = in_place ? operands[in_place.getInt()] : operands[next++];
      EXPECT_NE(operand.place, KernelOperand::Place::constant);
      std::copy(output.values.begin(), output.values.end(), address(operand));
    }
    EXPECT_EQ(next, operands.size());
  }

  FuncOp main_;
  llvm::SmallVector<CallOp> calls_;
  BufferAssignment placement_;
  std::vector<float> arena_;
  std::vector<std::vector<float>> arguments_, results_;
};

class Fuse : public testing::Test {
 protected:
  Fuse() {
    context_.loadDialect<mlir::arith::ArithDialect, mlir::math::MathDialect, mlir::func::FuncDialect,
                         mlir::linalg::LinalgDialect, mlir::tensor::TensorDialect>();
  }
  mlir::MLIRContext context_;
};

TEST_F(Fuse, RandomGraphsComputeTheSame) {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    auto module = random_graph(context_, seed, 4 + static_cast<int>(seed % 30));
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
    const auto arguments = random_arguments(main_of(*module), seed);
    const auto expected = interpret(main_of(*module), arguments);
    ASSERT_TRUE(mlir::succeeded(fuse(*module)));
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
    const auto results = PlacedRun(main_of(*module), arguments).run();
    ASSERT_EQ(results.size(), expected.size());
    for (size_t i = 0; i < results.size(); ++i) {
      for (size_t j = 0; j < results[i].size(); ++j) {
        ASSERT_NEAR(results[i][j], expected[i].values[j], 1e-3 * (1 + std::abs(expected[i].values[j])))
            << "result " << i << " at " << j;
      }
    }
  }
}

// Calls that are repeated to save memory change no bit.
TEST_F(Fuse, RecomputedGraphsComputeTheSameBits) {
  int repeated = 0;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    auto module = random_graph(context_, seed, 60);
    const auto arguments = random_arguments(main_of(*module), seed);
    ASSERT_TRUE(mlir::succeeded(fuse(*module)));
    const auto expected = PlacedRun(main_of(*module), arguments).run();
    const FusedFunction function = read_fused_function(main_of(*module));
    const int64_t least = choose_rematerialization(function.list, 1).bytes;
    repeated += rematerialize(main_of(*module), function, least).repeated;
    ASSERT_TRUE(mlir::succeeded(mlir::verify(*module)));
    EXPECT_LE(assign_buffers(read_fused_function(main_of(*module))).arena_bytes, least);
    EXPECT_EQ(PlacedRun(main_of(*module), arguments).run(), expected);
  }
  EXPECT_GT(repeated, 10);
}

// What code generation relies on: the order of a kernel's body, and at most one element-wise operation after the root.
TEST_F(Fuse, KernelsHaveTheAgreedShape) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    auto module = random_graph(context_, seed, 30);
    ASSERT_TRUE(mlir::succeeded(fuse(*module)));
    for (FuncOp kernel : module->getOps<FuncOp>()) {
      if (kernel == main_of(*module)) continue;
      ASSERT_TRUE(kernel->hasAttr("fovea.kernel"));
      auto generics = llvm::to_vector(kernel.getBody().front().getOps<mlir::linalg::GenericOp>());
      ASSERT_LE(generics.size(), 2u);
      if (generics.size() == 2) {
        EXPECT_FALSE(is_elementwise(generics[0]));
        EXPECT_TRUE(is_elementwise(generics[1]));
        EXPECT_EQ(generics[1].getDpsInputOperand(0)->get().getDefiningOp(), generics[0]);
        EXPECT_TRUE(generics[1].getIndexingMapsArray().front().isIdentity());
      }
    }
  }
}

}  // namespace
}  // namespace fovea
