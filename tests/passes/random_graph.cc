// SPDX-License-Identifier: Apache-2.0
#include "tests/passes/random_graph.h"

#include <random>

#include "fovea/passes/linalg_utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace fovea {
namespace {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::Value;
using mlir::utils::IteratorType;

constexpr int64_t batch = 2, side = 4, channels = 3;

class Generator {
 public:
  Generator(mlir::MLIRContext& context, uint32_t seed) : builder_(&context), random_(seed) {}

  mlir::OwningOpRef<mlir::ModuleOp> run(int steps) {
    auto module = mlir::ModuleOp::create(builder_.getUnknownLoc());
    builder_.setInsertionPointToEnd(module.getBody());
    begin();
    for (int i = 0; i < steps; ++i) step();
    finish();
    return module;
  }

 private:
  using Shape = std::vector<int64_t>;

  int64_t pick(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint32_t>(n)); }
  mlir::RankedTensorType type(const Shape& shape) { return mlir::RankedTensorType::get(shape, builder_.getF32Type()); }
  static Shape shape(Value value) {
    auto dims = mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
    return {dims.begin(), dims.end()};
  }
  AffineExpr d(unsigned i) { return builder_.getAffineDimExpr(i); }
  AffineMap map(unsigned dims, std::initializer_list<AffineExpr> exprs) {
    return AffineMap::get(dims, 0, exprs, builder_.getContext());
  }
  mlir::Location loc() { return mlir::NameLoc::get(builder_.getStringAttr("layer" + std::to_string(pick(4)))); }

  void begin() {
    shapes_ = {{batch, side, side, channels},
               {batch, side, side, channels},
               {3, 3, channels, channels},
               {1, 1, channels, channels},
               {channels},
               {batch, side * side * channels},
               {side * side * channels, 5},
               {side * side * channels, 5},
               {batch, 5}};
    llvm::SmallVector<mlir::Type> types;
    for (const Shape& shape : shapes_) types.push_back(type(shape));
    main_ = builder_.create<mlir::func::FuncOp>(loc(), "main", builder_.getFunctionType(types, {}));
    builder_.setInsertionPointToStart(main_.addEntryBlock());
    for (unsigned i = 0; i < types.size(); ++i) {
      main_.setArgAttr(i, "fovea.name", builder_.getStringAttr("a" + std::to_string(i)));
      main_.setArgAttr(i, "fovea.role", builder_.getStringAttr(i == 0 ? "input" : "parameter"));
      values_.push_back(main_.getArgument(i));
    }
  }

  Value any(const Shape& wanted) {
    for (int tries = 0; tries < 50; ++tries) {
      Value value = values_[values_.size() - 1 - pick(std::min<int64_t>(8 + tries, static_cast<int64_t>(values_.size())))];
      if (shape(value) == wanted) return value;
    }
    for (Value value : llvm::reverse(values_)) {
      if (shape(value) == wanted) return value;
    }
    return constant(wanted);
  }
  Value constant(const Shape& wanted) {
    std::vector<float> values(static_cast<size_t>(type(wanted).getNumElements()));
    for (float& value : values) value = 0.25f * static_cast<float>(pick(9) - 4);
    if (pick(2) == 0) values.assign(1, 0.5f);
    return builder_.create<mlir::arith::ConstantOp>(loc(),
                                                    mlir::DenseElementsAttr::get(type(wanted), llvm::ArrayRef<float>(values)));
  }
  Value number(double value) {
    return builder_.create<mlir::arith::ConstantOp>(loc(), builder_.getF32FloatAttr(static_cast<float>(value)));
  }
  Value filled(const Shape& wanted, double value) {
    Value scalar = number(value);
    Value empty = builder_.create<mlir::tensor::EmptyOp>(loc(), wanted, builder_.getF32Type());
    return builder_.create<mlir::linalg::FillOp>(loc(), scalar, empty).getResult(0);
  }

  Value elementwise(const Shape& domain, llvm::ArrayRef<Value> inputs, llvm::ArrayRef<AffineMap> maps) {
    const int64_t kind = pick(5);
    Value outside = number(0.5);  // bodies may read constants of the function around them
    auto op = make_elementwise(
        builder_, loc(), domain, inputs, maps, builder_.getF32Type(), [&](mlir::OpBuilder& b, mlir::Block& block) {
          mlir::Location at = b.getUnknownLoc();
          Value value = block.getArgument(0);
          for (unsigned i = 1; i < inputs.size(); ++i) {
            Value other = block.getArgument(i);
            if (kind == 0)
              value = b.create<mlir::arith::MulFOp>(at, value, other);
            else if (kind == 1)
              value = b.create<mlir::arith::SubFOp>(at, value, other);
            else if (kind == 2)
              value = b.create<mlir::arith::SelectOp>(
                  at, b.create<mlir::arith::CmpFOp>(at, mlir::arith::CmpFPredicate::OGT, other, outside), value, outside);
            else
              value = b.create<mlir::arith::AddFOp>(at, value, other);
          }
          if (kind == 4) value = b.create<mlir::arith::MaximumFOp>(at, value, outside);
          if (kind < 4) value = b.create<mlir::math::TanhOp>(at, value);
          b.create<mlir::linalg::YieldOp>(at, value);
        });
    return op.getResult(0);
  }
  Value reduce(const Shape& out, llvm::ArrayRef<Value> inputs, llvm::ArrayRef<AffineMap> maps,
               llvm::ArrayRef<IteratorType> iterators) {
    Value initial = filled(out, 0);
    auto op = builder_.create<mlir::linalg::GenericOp>(loc(), initial.getType(), inputs, initial, maps, iterators,
                                                       [&](mlir::OpBuilder& b, mlir::Location at, mlir::ValueRange in) {
                                                         Value term = in[0];
                                                         if (inputs.size() == 2)
                                                           term = b.create<mlir::arith::MulFOp>(at, in[0], in[1]);
                                                         Value sum = b.create<mlir::arith::AddFOp>(at, in.back(), term);
                                                         b.create<mlir::linalg::YieldOp>(at, sum);
                                                       });
    return op.getResult(0);
  }

  void step() {
    const Shape image = shapes_[0], flat = shapes_[5], row = shapes_[8];
    const auto P = IteratorType::parallel, R = IteratorType::reduction;
    const AffineMap id = builder_.getMultiDimIdentityMap(4), last = map(4, {d(3)});
    switch (pick(14)) {
      case 0: {  // 3x3, same
        Value zero = number(0), source = any(image);
        auto pad = builder_.create<mlir::tensor::PadOp>(
            loc(), type({batch, side + 2, side + 2, channels}), source, llvm::ArrayRef<int64_t>{0, 1, 1, 0},
            llvm::ArrayRef<int64_t>{0, 1, 1, 0}, mlir::ValueRange{}, mlir::ValueRange{});
        {
          mlir::OpBuilder::InsertionGuard guard(builder_);
          mlir::Block* body = builder_.createBlock(&pad.getRegion());
          for (int i = 0; i < 4; ++i) body->addArgument(builder_.getIndexType(), loc());
          builder_.create<mlir::tensor::YieldOp>(loc(), zero);
        }
        Value out = reduce(image, {pad, any(shapes_[2])},
                           {map(7, {d(0), d(1) + d(4), d(2) + d(5), d(6)}), map(7, {d(4), d(5), d(6), d(3)}),
                            map(7, {d(0), d(1), d(2), d(3)})},
                           {P, P, P, P, R, R, R});
        values_.push_back(out);
        break;
      }
      case 1:  // 1x1
        values_.push_back(reduce(image, {any(image), any(shapes_[3])},
                                 {map(7, {d(0), d(1) + d(4), d(2) + d(5), d(6)}), map(7, {d(4), d(5), d(6), d(3)}),
                                  map(7, {d(0), d(1), d(2), d(3)})},
                                 {P, P, P, P, R, R, R}));
        break;
      case 2:
        values_.push_back(elementwise(image, any(image), {id}));
        break;
      case 3:
        values_.push_back(elementwise(image, {any(image), any(image)}, {id, id}));
        break;
      case 4:
        values_.push_back(elementwise(image, {any(image), any(shapes_[4])}, {id, last}));
        break;
      case 5:  // sum of each channel
        values_.push_back(reduce(shapes_[4], any(image), {map(4, {d(1), d(2), d(3), d(0)}), map(4, {d(0)})}, {P, R, R, R}));
        break;
      case 6:  // channel sums of a product
        values_.push_back(reduce(shapes_[4], {any(image), any(image)},
                                 {map(4, {d(1), d(2), d(3), d(0)}), map(4, {d(1), d(2), d(3), d(0)}), map(4, {d(0)})},
                                 {P, R, R, R}));
        break;
      case 7:
        values_.push_back(elementwise(shapes_[4], {any(shapes_[4]), any(shapes_[4])}, {map(1, {d(0)}), map(1, {d(0)})}));
        break;
      case 8:
        values_.push_back(builder_.create<mlir::tensor::CollapseShapeOp>(
            loc(), type(flat), any(image), llvm::ArrayRef<mlir::ReassociationIndices>{{0}, {1, 2, 3}}));
        break;
      case 9:
        values_.push_back(builder_.create<mlir::tensor::ExpandShapeOp>(
            loc(), type(image), any(flat), llvm::ArrayRef<mlir::ReassociationIndices>{{0}, {1, 2, 3}}));
        break;
      case 10:  // dense
        values_.push_back(reduce(row, {any(flat), any(shapes_[6])},
                                 {map(3, {d(0), d(2)}), map(3, {d(2), d(1)}), map(3, {d(0), d(1)})}, {P, P, R}));
        break;
      case 11:  // its filter gradient
        values_.push_back(reduce(shapes_[6], {any(flat), any(row)},
                                 {map(3, {d(2), d(0)}), map(3, {d(2), d(1)}), map(3, {d(0), d(1)})}, {P, P, R}));
        break;
      case 12:
        phases(image);
        break;
      default:
        values_.push_back(elementwise(flat, {any(flat), any(flat)}, {map(2, {d(0), d(1)}), map(2, {d(0), d(1)})}));
        break;
    }
  }

  // Every second row comes from one value, the others from another or from the fill.
  void phases(const Shape& image) {
    Value to = filled(image, 0.25);
    const int64_t count = 1 + pick(2);
    for (int64_t phase = 0; phase < count; ++phase) {
      llvm::SmallVector<mlir::OpFoldResult> offsets, sizes, strides;
      for (size_t i = 0; i < 4; ++i) {
        offsets.push_back(builder_.getIndexAttr(i == 1 ? phase : 0));
        sizes.push_back(builder_.getIndexAttr(i == 1 ? side / 2 : image[i]));
        strides.push_back(builder_.getIndexAttr(i == 1 ? 2 : 1));
      }
      Value part = builder_.create<mlir::tensor::ExtractSliceOp>(loc(), any(image), offsets, sizes, strides);
      if (pick(2)) part = elementwise({batch, side / 2, side, channels}, part, {builder_.getMultiDimIdentityMap(4)});
      to = builder_.create<mlir::tensor::InsertSliceOp>(loc(), part, to, offsets, sizes, strides);
    }
    values_.push_back(to);
  }

  void finish() {
    llvm::SmallVector<Value> results;
    llvm::SmallVector<mlir::Type> types;
    llvm::SmallVector<std::string> names;
    for (unsigned i = 1; i < shapes_.size(); ++i) {
      if (pick(3) == 0) continue;
      AffineMap id = builder_.getMultiDimIdentityMap(shapes_[i].size());
      Value update =
          pick(4) == 0 ? any(shapes_[i]) : elementwise(shapes_[i], {main_.getArgument(i), any(shapes_[i])}, {id, id});
      if (mlir::isa<mlir::BlockArgument>(update) && update != main_.getArgument(i)) continue;
      results.push_back(update);
      names.push_back("a" + std::to_string(i));
    }
    for (int i = 0; i < 3; ++i) {
      results.push_back(values_[pick(static_cast<int64_t>(values_.size()))]);
      names.push_back("out" + std::to_string(i));
    }
    for (Value result : results) types.push_back(result.getType());
    builder_.create<mlir::func::ReturnOp>(loc(), results);
    main_.setFunctionType(builder_.getFunctionType(main_.getArgumentTypes(), types));
    for (unsigned i = 0; i < results.size(); ++i) main_.setResultAttr(i, "fovea.name", builder_.getStringAttr(names[i]));
  }

  mlir::OpBuilder builder_;
  std::mt19937 random_;
  mlir::func::FuncOp main_;
  std::vector<Shape> shapes_;
  std::vector<Value> values_;
};

}  // namespace

mlir::OwningOpRef<mlir::ModuleOp> random_graph(mlir::MLIRContext& context, uint32_t seed, int steps) {
  return Generator(context, seed).run(steps);
}

}  // namespace fovea
