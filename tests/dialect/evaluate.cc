// SPDX-License-Identifier: Apache-2.0
#include "tests/dialect/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "fovea/codegen/driver/compile.h"
#include "fovea/graph/graph_implementation.h"
#include "fovea/passes/pass_pipeline.h"
#include "fovea/passes/passes.h"
#include "fovea/runtime/thread_pool.h"
#include "tests/support/interpreter.h"

namespace fovea {

struct Evaluator::Implementation {
  std::shared_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
};

Evaluator::Evaluator(const Graph& graph) : implementation_(std::make_unique<Implementation>()) {
  implementation_->context = graph.implementation().context;
  implementation_->module = graph.implementation().module->clone();
  PassPipeline pipeline(implementation_->context.get(), [](mlir::PassManager& passes) {
    passes.addNestedPass<mlir::func::FuncOp>(create_differentiate_pass());
    passes.addNestedPass<mlir::func::FuncOp>(create_convert_to_linalg_pass());
  });
  pipeline.run(*implementation_->module, "the graph\n" + graph.text());
  implementation_->function = *implementation_->module->getOps<mlir::func::FuncOp>().begin();
}

Evaluator::~Evaluator() = default;

std::vector<Tensor> Evaluator::run(const std::vector<Tensor>& arguments) const {
  std::vector<Array> arrays;
  for (const Tensor& argument : arguments) {
    Array array{argument.shape(), {}};
    if (argument.dtype() == DType::i32)
      array.values.assign(argument.values<int32_t>().begin(), argument.values<int32_t>().end());
    else
      array.values.assign(argument.values<double>().begin(), argument.values<double>().end());
    arrays.push_back(std::move(array));
  }
  const std::vector<Array> computed = interpret(implementation_->function, arrays);
  std::vector<Tensor> results;
  for (size_t index = 0; index < computed.size(); ++index) {
    const bool real = mlir::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(implementation_->function.getResultTypes()[index]));
    Tensor result(computed[index].shape, real ? DType::f64 : DType::i32);
    if (real)
      std::copy(computed[index].values.begin(), computed[index].values.end(), result.data<double>());
    else
      std::transform(computed[index].values.begin(), computed[index].values.end(), result.data<int32_t>(),
                     [](double value) { return static_cast<int32_t>(value); });
    results.push_back(std::move(result));
  }
  return results;
}

std::vector<Tensor> evaluate(const Graph& graph, const std::vector<Tensor>& arguments) {
  return Evaluator(graph).run(arguments);
}

namespace {

Tensor converted(const Tensor& tensor, DType dtype) {
  if (tensor.dtype() == DType::i32 || tensor.dtype() == dtype) return tensor;
  Tensor result(tensor.shape(), dtype);
  if (dtype == DType::f32)
    std::copy_n(tensor.data<double>(), tensor.size(), result.data<float>());
  else
    std::copy_n(tensor.data<float>(), tensor.size(), result.data<double>());
  return result;
}

std::vector<Tensor> all_converted(const std::vector<Tensor>& tensors, DType dtype) {
  std::vector<Tensor> result;
  for (const Tensor& tensor : tensors) result.push_back(converted(tensor, dtype));
  return result;
}

// Arguments are f32 or i32, results f64 or i32.
std::vector<Tensor> run_compiled(const Graph& graph, const std::vector<Tensor>& arguments) {
  Program program = compile(graph);
  ThreadPool threads(2);
  std::vector<Tensor> inputs = arguments, results;
  for (const ProgramPort& port : program.plan().results) results.emplace_back(port.shape, port.dtype);
  std::vector<Tensor*> input_pointers, result_pointers;
  for (Tensor& input : inputs) input_pointers.push_back(&input);
  for (Tensor& result : results) result_pointers.push_back(&result);
  program.run(input_pointers, result_pointers, threads);
  return all_converted(results, DType::f64);
}

std::vector<Ref> add_arguments(Graph& graph, const std::vector<Tensor>& arguments) {
  std::vector<Ref> refs;
  for (const Tensor& argument : arguments) {
    std::string name = "argument" + std::to_string(refs.size());
    refs.push_back(graph.argument(std::move(name), {argument.shape(), argument.dtype()}, Role::input));
  }
  return refs;
}

Shape dims_of(const Shape& shape) {
  Shape dims(shape.size());
  std::iota(dims.begin(), dims.end(), 0);
  return dims;
}

// The sum of the network's value times the last argument, which the network does not read.
Ref weighted(Graph& graph, const Network& network, const std::vector<Ref>& arguments) {
  const Ref value = network(graph, {arguments.begin(), arguments.end() - 1}), weights = arguments.back();
  const Ref product = graph.add("mul", {value, weights}, {}, "weighting")[0];
  return graph.add("reduce_sum", {product}, {{"dims", dims_of(graph.type(value).shape)}}, "weighting")[0];
}

double dot(const Tensor& a, const Tensor& b) {
  return std::inner_product(a.values<double>().begin(), a.values<double>().end(), b.values<double>().begin(), 0.0);
}

Tensor moved(const Tensor& from, const Tensor& direction, double step) {
  Tensor result = from.clone();
  for (int64_t index = 0; index < result.size(); ++index)
    result.data<double>()[index] += step * direction.data<double>()[index];
  return result;
}

}  // namespace

Tensor forward(const Network& network, const std::vector<Tensor>& arguments) {
  Graph graph;
  const std::vector<Ref> refs = add_arguments(graph, arguments);
  graph.finish({{"value", network(graph, refs)}});
  return evaluate(graph, arguments)[0];
}

Tensor compiled_forward(const Network& network, const std::vector<Tensor>& arguments) {
  Graph graph;
  const std::vector<Tensor> narrow = all_converted(arguments, DType::f32);
  const std::vector<Ref> refs = add_arguments(graph, narrow);
  graph.finish({{"value", network(graph, refs)}});
  return run_compiled(graph, narrow)[0];
}

void expect_value(const Network& network, const std::vector<Tensor>& arguments, const Tensor& wanted) {
  {
    SCOPED_TRACE("the formulas");
    expect_near(forward(network, arguments), wanted);
  }
  SCOPED_TRACE("the compiled code");
  expect_near(compiled_forward(network, arguments), wanted, 2e-5);
}

namespace {

// A graph of the gradients of the weighted value by the chosen arguments.
Graph gradient_graph(const Network& network, const std::vector<Tensor>& arguments, const std::vector<size_t>& chosen) {
  Graph graph;
  const std::vector<Ref> refs = add_arguments(graph, arguments);
  std::vector<Ref> operands{weighted(graph, network, refs)};
  for (size_t index : chosen) operands.push_back(refs[index]);
  std::vector<std::pair<std::string, Ref>> results;
  for (Ref gradient : graph.add("gradients", operands, {}, ""))
    results.emplace_back("g" + std::to_string(results.size()), gradient);
  graph.finish(results);
  return graph;
}

}  // namespace

void expect_gradients(const Network& network, const std::vector<Tensor>& arguments, const std::vector<size_t>& wrt) {
  std::vector<size_t> chosen = wrt;
  if (chosen.empty()) {
    for (size_t index = 0; index < arguments.size(); ++index)
      if (arguments[index].dtype() == DType::f64) chosen.push_back(index);
  }
  std::vector<Tensor> with_weights = arguments;
  with_weights.push_back(random_tensor(forward(network, arguments).shape(), 99));
  Graph value_graph;
  const std::vector<Ref> refs = add_arguments(value_graph, with_weights);
  value_graph.finish({{"value", weighted(value_graph, network, refs)}});
  const std::vector<Tensor> gradients = evaluate(gradient_graph(network, with_weights, chosen), with_weights);
  const std::vector<Tensor> narrow = all_converted(with_weights, DType::f32);
  const std::vector<Tensor> compiled = run_compiled(gradient_graph(network, narrow, chosen), narrow);
  const Evaluator value(value_graph);
  for (size_t position = 0; position < chosen.size(); ++position) {
    const size_t index = chosen[position];
    ASSERT_EQ(gradients[position].shape(), arguments[index].shape());
    {
      SCOPED_TRACE("compiled, by argument " + std::to_string(index));
      expect_near(compiled[position], gradients[position], 5e-5);
    }
    for (uint64_t trial = 0; trial < 3; ++trial) {
      const Tensor direction = random_tensor(arguments[index].shape(), 1000 + trial);
      constexpr double step = 1e-6;
      std::vector<Tensor> ahead = with_weights, behind = with_weights;
      ahead[index] = moved(arguments[index], direction, step);
      behind[index] = moved(arguments[index], direction, -step);
      const double numeric = (value.run(ahead)[0].data<double>()[0] - value.run(behind)[0].data<double>()[0]) / (2 * step);
      const double analytic = dot(gradients[position], direction);
      EXPECT_NEAR(analytic, numeric, 1e-6 * std::max(1.0, std::abs(numeric)))
          << "by argument " << index << ", direction " << trial;
    }
  }
}

void expect_near(const Tensor& got, const Tensor& wanted, double tolerance) {
  ASSERT_EQ(got.shape(), wanted.shape());
  for (int64_t index = 0; index < got.size(); ++index) {
    const double value = wanted.data<double>()[index];
    ASSERT_NEAR(got.data<double>()[index], value, tolerance * std::max(1.0, std::abs(value))) << "at " << index;
  }
}

Tensor random_tensor(const Shape& shape, uint64_t stream, double low, double high) {
  Random random(7, stream);
  Tensor tensor(shape, DType::f64);
  for (double& value : tensor.values<double>()) value = low + (high - low) * random.uniform();
  return tensor;
}

Tensor distinct_tensor(const Shape& shape, uint64_t stream) {
  Random random(7, stream);
  Tensor tensor(shape, DType::f64);
  const auto values = tensor.values<double>();
  for (size_t index = 0; index < values.size(); ++index)
    values[index] = (static_cast<double>(index) + 0.25) * 2 / static_cast<double>(values.size()) - 1;
  for (size_t index = values.size(); index > 1; --index)
    std::swap(values[index - 1], values[random.below(static_cast<uint32_t>(index))]);
  return tensor;
}

}  // namespace fovea
