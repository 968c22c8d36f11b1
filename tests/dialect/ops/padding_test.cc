// SPDX-License-Identifier: Apache-2.0
// Padding alone, compiled, against plain loops: tensors whose padded rows have every length around that of a vector.
#include <gtest/gtest.h>

#include "fovea/codegen/driver/compile.h"
#include "fovea/runtime/thread_pool.h"
#include "tests/dialect/evaluate.h"

namespace fovea {
namespace {

struct Padding {
  Shape shape;
  std::vector<int64_t> cells;  // before and after each dimension
};

constexpr float filler = -7;

Tensor numbers(const Shape& shape, DType dtype) {
  Tensor tensor(shape, dtype);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    if (dtype == DType::f32)
      tensor.data<float>()[i] = static_cast<float>(i + 1);
    else
      tensor.data<int32_t>()[i] = static_cast<int32_t>(i + 1);
  }
  return tensor;
}

Tensor padded(const Tensor& x, const Padding& padding) {
  Shape shape = x.shape();
  for (size_t d = 0; d < shape.size(); ++d) shape[d] += padding.cells[2 * d] + padding.cells[2 * d + 1];
  Tensor result(shape, DType::f64);
  for (int64_t i = 0; i < result.size(); ++i) {
    int64_t rest = i, from = 0, stride = 1;
    bool inside = true;
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d]) {
      const int64_t at = rest % shape[d] - padding.cells[2 * d];
      inside &= at >= 0 && at < x.shape()[d];
      from += at * stride;
      stride *= x.shape()[d];
    }
    double& to = result.data<double>()[i];
    if (!inside)
      to = filler;
    else
      to = x.dtype() == DType::f32 ? static_cast<double>(x.data<float>()[from]) : static_cast<double>(x.data<int32_t>()[from]);
  }
  return result;
}

Tensor widened(const Tensor& tensor) {
  Tensor result(tensor.shape(), DType::f64);
  for (int64_t i = 0; i < tensor.size(); ++i)
    result.data<double>()[i] = tensor.dtype() == DType::f32 ? static_cast<double>(tensor.data<float>()[i])
                                                            : static_cast<double>(tensor.data<int32_t>()[i]);
  return result;
}

// Compiles all of them in one network, each with an argument and a result of its own.
void expect_padded(const std::vector<Padding>& paddings, DType dtype) {
  Graph graph;
  std::vector<Tensor> arguments, results;
  std::vector<std::pair<std::string, Ref>> named;
  for (const Padding& padding : paddings) {
    const std::string number = std::to_string(arguments.size());
    arguments.push_back(numbers(padding.shape, dtype));
    const Ref x = graph.argument("x" + number, {padding.shape, dtype}, Role::input);
    const Attributes attributes{{"padding", padding.cells}, {"value", static_cast<double>(filler)}};
    named.emplace_back("y" + number, graph.add("pad", {x}, attributes, "pad" + number).front());
  }
  graph.finish(named);
  Program program = compile(graph);
  ThreadPool threads(1);
  std::vector<Tensor*> inputs, outputs;
  for (const ProgramPort& port : program.plan().results) results.emplace_back(port.shape, port.dtype);
  for (Tensor& argument : arguments) inputs.push_back(&argument);
  for (Tensor& result : results) outputs.push_back(&result);
  program.run(inputs, outputs, threads);
  for (size_t i = 0; i < paddings.size(); ++i) {
    SCOPED_TRACE(to_string(paddings[i].shape) + " padded by " + to_string(Shape(paddings[i].cells)));
    expect_near(widened(results[i]), padded(arguments[i], paddings[i]));
  }
}

TEST(Padding, LinesOfEveryLength) {
  std::vector<Padding> paddings;
  for (int64_t length = 1; length <= 33; ++length) {
    for (const int64_t before : {0, 1, 3}) {
      for (const int64_t after : {0, 2}) {
        if (before + after > 0) paddings.push_back({{length}, {before, after}});
      }
    }
  }
  expect_padded(paddings, DType::f32);
  expect_padded(paddings, DType::i32);
}

TEST(Padding, EveryDimension) {
  std::vector<Padding> paddings;
  for (const int64_t rows : {1, 3, 4}) {
    for (const int64_t columns : {1, 2, 5, 7, 8}) {
      paddings.push_back({{rows, columns}, {1, 0, 1, 2}});
      paddings.push_back({{rows, columns}, {0, 1, 0, 0}});
      paddings.push_back({{2, rows, columns}, {0, 1, 1, 1, 2, 1}});
    }
  }
  expect_padded(paddings, DType::f32);
}

}  // namespace
}  // namespace fovea
