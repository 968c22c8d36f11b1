// SPDX-License-Identifier: Apache-2.0
#include "fovea/core/tensor_arithmetic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "fovea/core/error.h"

namespace fovea {
namespace {

template <typename T>
std::vector<T> numbers(const Tensor& tensor) {
  return {tensor.values<T>().begin(), tensor.values<T>().end()};
}

TEST(TensorArithmetic, OperandsAreBroadcast) {
  const Tensor rows = Tensor::of<float>({2, 1}, {1, 2}), columns = Tensor::of<float>({3}, {10, 20, 30});
  const Tensor sum = computed(BinaryFunction::add, rows, columns);
  EXPECT_EQ(sum.shape(), (Shape{2, 3}));
  EXPECT_EQ(numbers<float>(sum), (std::vector<float>{11, 21, 31, 12, 22, 32}));
  EXPECT_EQ(numbers<float>(computed(BinaryFunction::divide, columns, Tensor::of<float>({}, {10}))),
            (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(broadcast_shape(Shape{2, 1}, Shape{3}), (Shape{2, 3}));
  EXPECT_EQ(broadcast_shape(Shape{2}, Shape{3}), std::nullopt);
  EXPECT_THROW(computed(BinaryFunction::add, Tensor::of<float>({2}, {1, 2}), columns), Error);
  EXPECT_THROW(computed(BinaryFunction::add, Tensor::of<int32_t>({3}, {1, 2, 3}), columns), Error);
  EXPECT_THROW(computed(BinaryFunction::add, Tensor::of<int8_t>({1}, {1}), Tensor::of<int8_t>({1}, {1})), Error);
}

TEST(TensorArithmetic, IntegersWrapAndDivideBothWays) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  const auto one = [](BinaryFunction function, int64_t a, int64_t b) {
    return numbers<int64_t>(computed(function, Tensor::of<int64_t>({}, {a}), Tensor::of<int64_t>({}, {b})))[0];
  };
  EXPECT_EQ(one(BinaryFunction::add, most, 1), least);
  EXPECT_EQ(one(BinaryFunction::subtract, least, 1), most);
  EXPECT_EQ(one(BinaryFunction::multiply, most, 2), -2);
  EXPECT_EQ(one(BinaryFunction::divide, -7, 2), -3);
  EXPECT_EQ(one(BinaryFunction::floor_divide, -7, 2), -4);
  EXPECT_EQ(one(BinaryFunction::divide, least, -1), least);
  EXPECT_EQ(one(BinaryFunction::divide, 7, 0), 0);
  EXPECT_EQ(one(BinaryFunction::remainder, -7, 2), -1);
  EXPECT_EQ(one(BinaryFunction::floored_modulo, -7, 2), 1);
  EXPECT_EQ(one(BinaryFunction::floored_modulo, 7, -2), -1);
  EXPECT_EQ(one(BinaryFunction::remainder, least, -1), 0);
  EXPECT_EQ(one(BinaryFunction::maximum, -7, 2), 2);
  EXPECT_THROW(one(BinaryFunction::power, 2, 2), Error);
}

TEST(TensorArithmetic, FunctionsOfOneNumber) {
  const Tensor x = Tensor::of<double>({2}, {4, 0.25});
  EXPECT_EQ(numbers<double>(computed(UnaryFunction::reciprocal_square_root, x)), (std::vector<double>{0.5, 2}));
  EXPECT_EQ(numbers<double>(computed(UnaryFunction::exponential, x)), (std::vector<double>{std::exp(4.0), std::exp(0.25)}));
  EXPECT_EQ(
      numbers<int32_t>(computed(UnaryFunction::negate, Tensor::of<int32_t>({2}, {3, std::numeric_limits<int32_t>::min()}))),
      (std::vector<int32_t>{-3, std::numeric_limits<int32_t>::min()}));
  EXPECT_THROW(computed(UnaryFunction::floor, Tensor::of<int32_t>({}, {3})), Error);
}

TEST(TensorArithmetic, RelationsOfANanAreFalse) {
  const Tensor a = Tensor::of<float>({3}, {1, 2, NAN}), b = Tensor::of<float>({}, {2});
  const auto truth = [&](Comparison comparison) {
    const Tensor result = compared(comparison, a, b);
    EXPECT_EQ(result.dtype(), DType::boolean);
    std::string text;
    for (int64_t i = 0; i < 3; ++i) text += result.raw()[i] == std::byte{1} ? 'y' : 'n';
    return text;
  };
  EXPECT_EQ(truth(Comparison::less), "ynn");
  EXPECT_EQ(truth(Comparison::less_or_equal), "yyn");
  EXPECT_EQ(truth(Comparison::equal), "nyn");
  EXPECT_EQ(truth(Comparison::greater_or_equal), "nyn");
  EXPECT_EQ(truth(Comparison::greater), "nnn");
}

TEST(TensorArithmetic, RoundingOnce) {
  const Tensor third =
      computed(BinaryFunction::divide, as_f64(Tensor::of<float>({}, {1})), as_f64(Tensor::of<int32_t>({}, {3})));
  EXPECT_EQ(numbers<double>(third)[0], 1.0 / 3);
  EXPECT_EQ(numbers<float>(rounded_to_f32(third))[0], 1.0F / 3);
}

TEST(TensorArithmetic, Moving) {
  const Tensor x = Tensor::of<int64_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(numbers<int64_t>(broadcast_to(Tensor::of<int64_t>({2, 1}, {7, 8}), {2, 2})), (std::vector<int64_t>{7, 7, 8, 8}));
  EXPECT_THROW(broadcast_to(x, {3, 2}), Error);
  EXPECT_EQ(numbers<int64_t>(strided_slice(x, {1, 2}, {1, 2}, {1, -2})), (std::vector<int64_t>{6, 4}));
  EXPECT_THROW(strided_slice(x, {1, 2}, {1, 2}, {1, 1}), Error);
  const Tensor taken = gathered(x, std::vector<int64_t>{-1, 0}, {2, 1}, 1);
  EXPECT_EQ(taken.shape(), (Shape{2, 2, 1}));
  EXPECT_EQ(numbers<int64_t>(taken), (std::vector<int64_t>{3, 1, 6, 4}));
  EXPECT_THROW(gathered(x, std::vector<int64_t>{3}, {1}, 1), Error);
  const Tensor both = concatenated(std::vector<Tensor>{x, Tensor::of<int64_t>({2, 1}, {9, 8})}, 1);
  EXPECT_EQ(both.shape(), (Shape{2, 4}));
  EXPECT_EQ(numbers<int64_t>(both), (std::vector<int64_t>{1, 2, 3, 9, 4, 5, 6, 8}));
  EXPECT_THROW(concatenated(std::vector<Tensor>{x, x.reshaped({3, 2})}, 1), Error);
}

}  // namespace
}  // namespace fovea
