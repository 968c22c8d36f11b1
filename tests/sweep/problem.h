// SPDX-License-Identifier: Apache-2.0
// A case with its numbers: what goes in, and what plain loops make of it.
#pragma once

#include <map>

#include "fovea/graph/graph.h"
#include "tests/sweep/case.h"

namespace fovea::sweep {

struct Argument {
  std::string name;
  TensorType type;
  Role role;
  Tensor value;
};

struct Wanted {
  std::string name;
  Shape shape;
  reference::Numbers values;  // integers of quantized results
  double tolerance;           // of the larger of 1 and the value
};

struct Problem {
  Case layer;
  std::vector<Argument> arguments;
  std::vector<Wanted> results;
};

// Arguments and results are named "PREFIX.something".
Problem problem_of(const Case& layer, const std::string& prefix);

// The arguments must be the graph's. Gives the values that `problem.results` lists.
std::vector<Ref> record(Graph& graph, const Problem& problem, const std::map<std::string, Ref>& arguments);

}  // namespace fovea::sweep
