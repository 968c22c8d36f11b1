// SPDX-License-Identifier: Apache-2.0
// A case with its numbers: the inputs, and the results of plain loops.
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
  reference::Numbers values;  // integers for quantized results
  double tolerance;           // relative to the larger of 1 and the value
};

struct Problem {
  Case layer;
  std::vector<Argument> arguments;
  std::vector<Wanted> results;
};

// The problem of a case; arguments and results are named "PREFIX.something".
Problem problem_of(const Case& layer, const std::string& prefix);

// Records the case; the arguments must be the graph's. Returns the values that `problem.results` lists.
std::vector<Ref> record(Graph& graph, const Problem& problem, const std::map<std::string, Ref>& arguments);

}  // namespace fovea::sweep
