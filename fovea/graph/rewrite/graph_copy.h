// SPDX-License-Identifier: Apache-2.0
/// \file
/// Copies the operators of one graph into another, which is the base of all graph rewrites.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fovea/graph/graph.h"

namespace fovea {

/// A copy in progress. Both graphs must outlive it.
class GraphCopy {
 public:
  /// Declares the source's inputs in the target. Its other arguments are declared when they are first used.
  GraphCopy(const Graph& source, Graph& target);

  /// The value of the target that corresponds to the source's.
  Ref operator()(Ref source);
  /// Whether the source's value has a counterpart.
  bool has(Ref source) const { return values_.contains(source.index); }
  /// Sets the counterpart of a source's value.
  void set(Ref source, Ref target) { values_[source.index] = target; }

  /// Adds the operator unchanged, on the counterparts of its operands.
  void copy(const Graph::Node& node);
  /// Sets the target's results: those of the source, and `more`, which are values of the target.
  void finish(std::vector<std::pair<std::string, Ref>> more = {});

 private:
  const Graph& source_;
  Graph& target_;
  std::map<int32_t, Ref> values_;
  std::map<int32_t, size_t> arguments_;  // of the source, by value
};

/// The names of the graph's arguments, by the value's index.
std::map<int32_t, std::string> argument_names(const Graph& graph);

/// How often each value of the graph is used by operators and as a result, by the value's index.
std::map<int32_t, int> use_counts(const Graph& graph, const std::vector<Graph::Node>& nodes);

/// The nodes that results depend on, in order.
std::vector<Graph::Node> live_nodes(const Graph& graph);

}  // namespace fovea
