// SPDX-License-Identifier: Apache-2.0
// The pass fovea-transform-filters: filters of 3x3 convolutions are transformed for Winograd's algorithm (winograd.h) before
// the run. The result is the panel that the products read, [tiles of columns][elements of a transformed tile][channels][one
// tile of columns]. The transform is a kernel of the initializer.

#include <mlir/Dialect/Arith/IR/Arith.h>
#include <mlir/Dialect/Func/IR/FuncOps.h>
#include <mlir/Dialect/Linalg/IR/Linalg.h>

#include <map>

#include "fovea/codegen/passes.h"
#include "fovea/codegen/target/pass_target.h"
#include "fovea/codegen/tiling/winograd.h"
#include "fovea/codegen/weights/initializer.h"
#include "fovea/passes/linalg_utils.h"

namespace fovea {

#define GEN_PASS_DECL_TRANSFORMFILTERSPASS
#define GEN_PASS_DEF_TRANSFORMFILTERSPASS
#include "fovea/codegen/Passes.h.inc"

namespace {

using namespace mlir;

struct Candidate {
  unsigned argument;  // of the kernel: the filter
  int64_t results;
};

std::optional<Candidate> candidate_of(func::FuncOp kernel, const Target& target, Winograd when) {
  OwningOpRef<func::FuncOp> copy(kernel.clone());  // reading a kernel adds constants to it
  const KernelDescription description = read_kernel(*copy);
  const int64_t results = winograd_results(description, target, when);
  if (results == 0) return {};
  auto filter = dyn_cast<BlockArgument>(description.root.inputs[1].tensor);
  // With a slice, too much would be transformed; a second reader needs the filter as it is.
  if (!filter || !filter.hasOneUse() || !isa<linalg::GenericOp>(*filter.user_begin())) return {};
  return Candidate{filter.getArgNumber(), results};
}

// G along both dimensions of the filter: [elements of a transformed tile, 3, 3].
TypedAttr filter_matrix(OpBuilder& builder, int64_t results) {
  const Matrix& one = winograd_matrices(results).filter;
  const auto side = static_cast<int64_t>(one.size());
  std::vector<float> both;
  for (const auto& row : one)
    for (const auto& column : one)
      for (const double a : row)
        for (const double b : column) both.push_back(static_cast<float>(a * b));
  return DenseElementsAttr::get(RankedTensorType::get({side * side, 3, 3}, builder.getF32Type()), ArrayRef<float>(both));
}

class Transformer {
 public:
  Transformer(ModuleOp module, const Target& target, Winograd when)
      : module_(module), target_(target), when_(when), initializer_(module) {}

  void run() {
    initializer_.for_each_candidate([&](func::FuncOp kernel) { return candidate_of(kernel, target_, when_); },
                                    [&](func::FuncOp kernel, ArrayRef<func::CallOp> calls, const Candidate& candidate) {
                                      transform(kernel, calls, candidate);
                                    });
    initializer_.drop_unread();
  }

 private:
  void transform(func::FuncOp kernel, ArrayRef<func::CallOp> callers, const Candidate& candidate) {
    OpBuilder builder(module_.getContext());
    const auto type = cast<RankedTensorType>(kernel.getArgument(candidate.argument).getType());
    const int64_t side = candidate.results + 2, columns = 2 * target_.lanes(4);
    const auto transformed =
        RankedTensorType::get({type.getDimSize(3) / columns, side * side, type.getDimSize(2), columns}, type.getElementType());
    const TypedAttr matrix = filter_matrix(builder, candidate.results);
    func::FuncOp transforming = transforming_kernel(type, transformed, matrix.getType());
    for (func::CallOp call : callers) {
      Value filter = call.getOperand(candidate.argument);
      call.setOperand(candidate.argument, initializer_.hoisted(filter, transforming, matrix, call.getLoc()));
    }
    read_hoisted(kernel, candidate.argument, transformed);
    kernel->setAttr(winograd_attribute, builder.getI64IntegerAttr(candidate.results));
  }

  // transformed[f, number, c, column] = sum over taps of matrix[number, taps] * filter[taps, c, f * columns + column]
  func::FuncOp transforming_kernel(RankedTensorType filter, RankedTensorType transformed, Type matrix) {
    func::FuncOp& kernel = kernels_[{filter.getAsOpaquePointer(), transformed.getAsOpaquePointer()}];
    if (kernel) return kernel;
    OpBuilder builder(module_.getContext());
    const Location location = builder.getUnknownLoc();
    kernel = func::FuncOp::create(location, "transform_filter", builder.getFunctionType({matrix, filter}, transformed));
    kernel.setPrivate();
    kernel->setAttr("fovea.kernel", builder.getUnitAttr());
    if (kernels_.size() > 1) kernel.setName("transform_filter_" + std::to_string(kernels_.size()));
    builder.setInsertionPointToStart(kernel.addEntryBlock());
    SmallVector<AffineExpr> d;
    for (unsigned i = 0; i < 6; ++i) d.push_back(builder.getAffineDimExpr(i));
    auto map = [&](ArrayRef<AffineExpr> coordinates) { return AffineMap::get(6, 0, coordinates, builder.getContext()); };
    SmallVector<utils::IteratorType> iterators(4, utils::IteratorType::parallel);
    iterators.append(2, utils::IteratorType::reduction);
    Value start = filled_tensor(builder, location, transformed, builder.getF32FloatAttr(0));
    auto sum = builder.create<linalg::GenericOp>(
        location, transformed, ValueRange(kernel.getArguments()), start,
        ArrayRef<AffineMap>{map({d[1], d[4], d[5]}), map({d[4], d[5], d[2], d[0] * transformed.getDimSize(3) + d[3]}),
                            map({d[0], d[1], d[2], d[3]})},
        iterators, [](OpBuilder& inner, Location at, ValueRange arguments) {
          Value product = inner.create<arith::MulFOp>(at, arguments[0], arguments[1]);
          inner.create<linalg::YieldOp>(at, Value(inner.create<arith::AddFOp>(at, arguments[2], product)));
        });
    builder.create<func::ReturnOp>(location, sum.getResults());
    module_.push_back(kernel);
    return kernel;
  }

  ModuleOp module_;
  const Target& target_;
  Winograd when_;
  InitializerWriter initializer_;
  std::map<std::pair<const void*, const void*>, func::FuncOp> kernels_;
};

class TransformFiltersPass : public impl::TransformFiltersPassBase<TransformFiltersPass> {
 public:
  TransformFiltersPass(const Target* target, const std::string& when) : target_(target) { when_ = when; }

  void runOnOperation() override {
    const auto transform = [&] { Transformer(getOperation(), target_.of(triple_, cpu_), winograd_named(when_)).run(); };
    if (failed(without_exceptions(getOperation(), transform))) signalPassFailure();
  }

 private:
  PassTarget target_;
};

}  // namespace

std::unique_ptr<Pass> create_transform_filters_pass(const Target* target, const std::string& when) {
  return std::make_unique<TransformFiltersPass>(target, when);
}

}  // namespace fovea
