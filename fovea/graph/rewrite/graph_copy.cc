// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/rewrite/graph_copy.h"

#include <algorithm>
#include <set>

#include "fovea/core/error.h"

namespace fovea {

GraphCopy::GraphCopy(const Graph& source, Graph& target) : source_(source), target_(target) {
  const std::vector<Graph::Argument>& arguments = source.arguments();
  for (size_t i = 0; i < arguments.size(); ++i) {
    arguments_[arguments[i].value.index] = i;
    if (arguments[i].role == Role::input) (*this)(arguments[i].value);
  }
}

Ref GraphCopy::operator()(Ref source) {
  const auto known = values_.find(source.index);
  if (known != values_.end()) return known->second;
  const auto argument = arguments_.find(source.index);
  if (argument == arguments_.end()) fail("a value of the graph was left out and is read later");
  const Graph::Argument& entry = source_.arguments()[argument->second];
  const Ref made = target_.argument(entry.name, entry.type, entry.role);
  values_.emplace(source.index, made);
  return made;
}

void GraphCopy::copy(const Graph::Node& node) {
  std::vector<Ref> operands;
  for (const Ref operand : node.operands) operands.push_back((*this)(operand));
  const std::vector<Ref> results = target_.add(node.op, operands, node.attributes, node.layer);
  for (size_t i = 0; i < results.size(); ++i) set(node.results[i], results[i]);
}

void GraphCopy::finish(std::vector<std::pair<std::string, Ref>> more) {
  std::vector<std::pair<std::string, Ref>> results;
  for (const Graph::Result& result : source_.results()) results.emplace_back(result.name, (*this)(result.value));
  results.insert(results.end(), more.begin(), more.end());
  target_.finish(results);
}

std::map<int32_t, std::string> argument_names(const Graph& graph) {
  std::map<int32_t, std::string> names;
  for (const Graph::Argument& argument : graph.arguments()) names[argument.value.index] = argument.name;
  return names;
}

std::map<int32_t, int> use_counts(const Graph& graph, const std::vector<Graph::Node>& nodes) {
  std::map<int32_t, int> counts;
  for (const Graph::Node& node : nodes) {
    for (const Ref operand : node.operands) ++counts[operand.index];
  }
  for (const Graph::Result& result : graph.results()) ++counts[result.value.index];
  return counts;
}

std::vector<Graph::Node> live_nodes(const Graph& graph) {
  std::vector<Graph::Node> nodes = graph.nodes(), live;
  std::set<int32_t> wanted;
  for (const Graph::Result& result : graph.results()) wanted.insert(result.value.index);
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    if (std::ranges::none_of(node->results, [&](Ref result) { return wanted.contains(result.index); })) continue;
    for (const Ref operand : node->operands) wanted.insert(operand.index);
    live.push_back(std::move(*node));
  }
  std::ranges::reverse(live);
  return live;
}

}  // namespace fovea
