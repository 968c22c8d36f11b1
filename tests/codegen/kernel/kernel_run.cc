// SPDX-License-Identifier: Apache-2.0
#include "tests/codegen/kernel/kernel_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "fovea/core/error.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Parser/Parser.h"
#include "tests/support/guarded.h"

namespace fovea {
namespace {

using mlir::func::FuncOp;

mlir::RankedTensorType tensor_of(mlir::Type type) { return mlir::cast<mlir::RankedTensorType>(type); }

size_t bytes_of(mlir::Type type) {
  return static_cast<size_t>(tensor_of(type).getNumElements()) * ((tensor_of(type).getElementTypeBitWidth() + 7) / 8);
}

// A bf16 as it is in memory: the upper half of an f32, rounded to the nearest even.
class Bfloat {
 public:
  Bfloat() = default;
  explicit Bfloat(double value) {
    llvm::APFloat number(static_cast<float>(value));
    bool loses = false;
    number.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &loses);
    bits_ = static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue());
  }
  explicit operator double() const { return std::bit_cast<float>(static_cast<uint32_t>(bits_) << 16); }

 private:
  uint16_t bits_ = 0;
};

template <typename Visit>
void with_element(mlir::Type type, Visit visit) {
  const mlir::Type element = tensor_of(type).getElementType();
  if (element.isF32()) return visit(float{});
  if (element.isF64()) return visit(double{});
  if (element.isBF16()) return visit(Bfloat{});
  if (element.isInteger(32)) return visit(int32_t{});
  if (element.isInteger(16)) return visit(int16_t{});
  if (element.isInteger(8)) return visit(int8_t{});
  throw std::runtime_error("a test kernel of an unknown element type");
}

void write_values(const Array& array, mlir::Type type, std::byte* to) {
  with_element(type, [&](auto zero) {
    using T = decltype(zero);
    for (const double value : array.values) {
      const T element = static_cast<T>(value);
      std::memcpy(to, &element, sizeof element);
      to += sizeof element;
    }
  });
}

std::vector<double> read_values(mlir::Type type, const std::byte* from) {
  std::vector<double> values;
  with_element(type, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t i = 0; i < tensor_of(type).getNumElements(); ++i) {
      T element;
      std::memcpy(&element, from + static_cast<size_t>(i) * sizeof element, sizeof element);
      values.push_back(static_cast<double>(element));
    }
  });
  return values;
}

// A compiled kernel and the memory that it runs in.
class Run {
 public:
  Run(FuncOp kernel, const Target& target, const std::vector<Array>& arguments) : kernel_(kernel), arguments_(arguments) {
    compiled_ = KernelCompiler(target, 1).compile({kernel}, code_)[0];
  }

  int64_t tiles() const { return compiled_.tiles; }

  // Runs [0, tiles) as the given ranges of tiles, and returns the bytes of every result. Operands start at cache lines if
  // `aligned`, and elsewhere otherwise.
  std::vector<std::vector<std::byte>> run(const std::vector<std::pair<int64_t, int64_t>>& runs, bool aligned = false) {
    std::vector<Guarded> memory;
    std::vector<mlir::Type> types(kernel_.getArgumentTypes());
    std::vector<size_t> operand_of;
    for (unsigned result = 0; result < kernel_.getNumResults(); ++result) {
      const int64_t in_place = written_argument(kernel_, result);
      operand_of.push_back(in_place < 0 ? types.size() : static_cast<size_t>(in_place));
      if (in_place < 0) types.push_back(kernel_.getResultTypes()[result]);
    }
    for (const mlir::Type type : types)
      memory.emplace_back(bytes_of(type), aligned ? 0 : tensor_of(type).getElementTypeBitWidth() / 8);
    for (size_t i = 0; i < arguments_.size(); ++i) write_values(arguments_[i], types[i], memory[i].data());
    std::vector<std::vector<std::byte>> before;
    std::vector<void*> operands;
    for (Guarded& operand : memory) {
      operands.push_back(operand.data());
      before.push_back(operand.content());
    }
    Guarded scratch(static_cast<size_t>(compiled_.scratch_bytes), 0);
    for (auto [begin, end] : runs) compiled_.function(operands.data(), begin, end, scratch.data());
    for (size_t i = 0; i < memory.size(); ++i) {
      EXPECT_TRUE(memory[i].intact()) << "written outside operand " << i;
      if (i < arguments_.size() && std::find(operand_of.begin(), operand_of.end(), i) == operand_of.end()) {
        EXPECT_EQ(memory[i].content(), before[i]) << "argument " << i << " was written";
      }
    }
    EXPECT_TRUE(scratch.intact()) << "written outside the scratch of " << compiled_.scratch_bytes << " bytes";
    std::vector<std::vector<std::byte>> results;
    for (const size_t operand : operand_of) results.push_back(memory[operand].content());
    return results;
  }

 private:
  FuncOp kernel_;
  const std::vector<Array>& arguments_;
  std::shared_ptr<void> code_;
  CompiledKernel compiled_;
};

}  // namespace

int64_t written_argument(FuncOp kernel, unsigned result) {
  auto attribute = kernel.getResultAttrOfType<mlir::IntegerAttr>(result, "fovea.in_place");
  return attribute ? attribute.getInt() : -1;
}

void expect_values(const Array& expected, mlir::Type type, const std::vector<std::byte>& bytes, int64_t terms) {
  const std::vector<double> got = read_values(type, bytes.data());
  const mlir::Type element = tensor_of(type).getElementType();
  // A result in bf16 is rounded once, from a sum that may be on the other side of the middle.
  const double relative = element.isF64()    ? 1e-12
                          : element.isF32()  ? 1e-5
                          : element.isBF16() ? 0x1p-8
                                             : 0,
               absolute = relative * 0.01 * static_cast<double>(element.isBF16() ? 1 : terms);
  ASSERT_EQ(got.size(), expected.values.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const double wanted = expected.values[i];
    ASSERT_NEAR(got[i], wanted, relative * std::max(1.0, std::abs(wanted)) + absolute) << "element " << i;
  }
}

std::vector<std::byte> bytes_of(const Array& array, mlir::Type type) {
  std::vector<std::byte> bytes(bytes_of(type));
  write_values(array, type, bytes.data());
  return bytes;
}

ParsedKernel::ParsedKernel(const std::string& text) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::linalg::LinalgDialect, mlir::math::MathDialect,
                  mlir::tensor::TensorDialect>();
  context_ = std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  context_->loadAllAvailableDialects();
  module_ = mlir::parseSourceString<mlir::ModuleOp>(text, context_.get());
  if (!module_) throw std::runtime_error("does not parse:\n" + text);
  function_ = *module_->getOps<FuncOp>().begin();
  // An insertion into an argument implies what fuse() otherwise marks by an attribute.
  for (mlir::OpOperand& operand : function_.getBody().front().getTerminator()->getOpOperands())
    if (auto insert = operand.get().getDefiningOp<mlir::tensor::InsertSliceOp>())
      function_.setResultAttr(
          operand.getOperandNumber(), "fovea.in_place",
          mlir::Builder(context_.get()).getI64IntegerAttr(mlir::cast<mlir::BlockArgument>(insert.getDest()).getArgNumber()));
}

const std::vector<NamedTarget>& test_targets() {
  static const std::vector<NamedTarget> targets = [] {
    std::vector<NamedTarget> list{{"native", Target::host()}};
    if (list[0].target.vector_bytes > 32) list.push_back({"haswell", Target::host("haswell")});
    for (NamedTarget small : std::vector<NamedTarget>(list)) {
      small.name += " with small caches";
      small.target.l1_bytes = 2 << 10;
      small.target.l2_bytes = 8 << 10;
      small.target.non_temporal_bytes = 4 << 10;
      list.push_back(std::move(small));
    }
    return list;
  }();
  return targets;
}

namespace {
// Every byte value; for wider types few enough values that sums stay in range.
std::uniform_int_distribution<int> integer(unsigned bits) {
  const int most = bits == 8 ? 127 : bits == 16 ? 255 : 9;
  return std::uniform_int_distribution<int>(bits == 8 ? -128 : -most, most);
}
}  // namespace

std::vector<Array> random_arguments(FuncOp kernel, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<Array> arguments;
  for (const mlir::Type type : kernel.getArgumentTypes()) {
    Array array{tensor_of(type).getShape().vec(), {}};
    const bool real = mlir::isa<mlir::FloatType>(tensor_of(type).getElementType());
    for (int64_t i = 0; i < tensor_of(type).getNumElements(); ++i) {
      // Rounded to f32 (or bf16), so that the kernel and the interpreter start from the same numbers.
      const double value = static_cast<float>(std::uniform_real_distribution<double>(-1, 1)(random));
      if (tensor_of(type).getElementType().isBF16())
        array.values.push_back(static_cast<double>(Bfloat(value)));
      else if (real)
        array.values.push_back(value);
      else
        array.values.push_back(static_cast<double>(integer(tensor_of(type).getElementTypeBitWidth())(random)));
    }
    arguments.push_back(std::move(array));
  }
  return arguments;
}

int64_t reduced_terms(FuncOp kernel) {
  auto root = *kernel.getOps<mlir::linalg::GenericOp>().begin();
  int64_t terms = 1;
  for (auto [range, kind] : llvm::zip(root.getStaticLoopRanges(), root.getIteratorTypesArray()))
    if (kind == mlir::utils::IteratorType::reduction) terms *= range;
  return terms;
}

void expect_kernel(const std::string& text, const NamedTarget& target) {
  SCOPED_TRACE(target.name + "\n" + text);
  const ParsedKernel parsed(text);
  FuncOp kernel = parsed.function();
  const std::vector<Array> arguments = random_arguments(kernel, 1);
  const std::vector<Array> expected = interpret(kernel, arguments);
  try {
    Run run(kernel, target.target, arguments);
    const int64_t tiles = run.tiles();
    const auto whole = run.run({{0, tiles}});
    ASSERT_EQ(whole.size(), expected.size());
    for (size_t i = 0; i < whole.size(); ++i) {
      SCOPED_TRACE("result " + std::to_string(i));
      expect_values(expected[i], kernel.getResultTypes()[static_cast<unsigned>(i)], whole[i], reduced_terms(kernel));
    }
    EXPECT_EQ(run.run({{0, tiles}}, true), whole) << "operands aligned to lines";
    if (tiles == 1) return;
    const int64_t half = tiles / 2;
    EXPECT_EQ(run.run({{0, half}, {half, tiles}}), whole) << "[0, " << half << ") and [" << half << ", " << tiles << ")";
    EXPECT_EQ(run.run({{tiles - 1, tiles}, {0, tiles - 1}}), whole) << "the last of " << tiles << " tiles first";
    std::vector<std::pair<int64_t, int64_t>> backwards;
    for (int64_t tile = tiles; tile-- > 0;) backwards.emplace_back(tile, tile + 1);
    EXPECT_EQ(run.run(backwards), whole) << tiles << " tiles, one at a time, backwards";
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
}

void expect_kernel(const std::string& text) {
  // One of the two targets with small caches is skipped each time; they differ from the others only in the division into
  // blocks.
  const size_t processors = test_targets().size() / 2, skipped = processors + std::hash<std::string>{}(text) % processors;
  for (size_t i = 0; i < test_targets().size(); ++i) {
    if (processors > 1 && i == skipped) continue;
    expect_kernel(text, test_targets()[i]);
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace fovea
