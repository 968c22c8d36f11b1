// SPDX-License-Identifier: Apache-2.0
// Writes the operators of one graph into another: the base of whatever turns a graph into a changed one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/graph/graph.h"

namespace fovea {

class GraphCopy {
 public:
  // Declares the source's inputs in the target. Its other arguments are declared when they are first asked for.
  GraphCopy(const Graph& source, Graph& target);

  // The value of the target that stands for the source's.
  Ref operator()(Ref source);
  bool has(Ref source) const { return values_.contains(source.index); }
  void set(Ref source, Ref target) { values_[source.index] = target; }

  // The operator as it is, on what stands for its operands.
  void copy(const Graph::Node& node);
  // The target's results: the source's, and `more`, values of the target.
  void finish(std::vector<std::pair<std::string, Ref>> more = {});

 private:
  const Graph& source_;
  Graph& target_;
  std::map<int32_t, Ref> values_;
  std::map<int32_t, size_t> arguments_;  // of the source, by value
};

// How often each value of the graph is read, by operators and as a result; by the value's number.
std::map<int32_t, int> use_counts(const Graph& graph, const std::vector<Graph::Node>& nodes);

// The nodes that results depend on, in order.
std::vector<Graph::Node> live_nodes(const Graph& graph);

}  // namespace fovea
