// SPDX-License-Identifier: Apache-2.0
// Evaluates the linalg operations of a graph in double precision, whatever its element types: it is differentiated, lowered to
// linalg, and interpreted one element at a time, independently of code generation.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "fovea/core/random.h"
#include "fovea/core/tensor.h"
#include "fovea/graph/graph.h"

namespace fovea {

class Evaluator {
 public:
  explicit Evaluator(const Graph& graph);
  ~Evaluator();
  // Arguments and results are f64 for floating point and i32 for integers.
  std::vector<Tensor> run(const std::vector<Tensor>& arguments) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

std::vector<Tensor> evaluate(const Graph& graph, const std::vector<Tensor>& arguments);

// Records one or a few operators on the arguments' Refs, and returns the value to look at.
using Network = std::function<Ref(Graph&, const std::vector<Ref>&)>;

// The network's value. Arguments are f64 in the graph, or i32.
Tensor forward(const Network& network, const std::vector<Tensor>& arguments);

// The same in f32, by the compiler that networks run with.
Tensor compiled_forward(const Network& network, const std::vector<Tensor>& arguments);

// Expects both to be near `wanted`: the linalg operations within 1e-9, compiled code within the precision of f32.
void expect_value(const Network& network, const std::vector<Tensor>& arguments, const Tensor& wanted);

// Expects the gradients of a random weighting of the network's value by each f64 argument (or those in `wrt`) to agree with
// central differences along random directions, and the compiled gradients to agree with them.
void expect_gradients(const Network& network, const std::vector<Tensor>& arguments, const std::vector<size_t>& wrt = {});

// Expects equal shapes, and values within `tolerance` times the larger of 1 and the wanted value.
void expect_near(const Tensor& got, const Tensor& wanted, double tolerance = 1e-9);

// f64 numbers, uniform in [low, high).
Tensor random_tensor(const Shape& shape, uint64_t stream, double low = -1, double high = 1);
// f64 numbers that are all different, at least 1 / count apart, so that nothing is near a tie.
Tensor distinct_tensor(const Shape& shape, uint64_t stream);

}  // namespace fovea
