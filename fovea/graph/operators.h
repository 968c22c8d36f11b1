// SPDX-License-Identifier: Apache-2.0
/// \file
/// The operators of the dialect as structs, without MLIR: operands and attributes by name, with the defaults of
/// docs/operators.md.
///
///     const Ref y = graph.add(ops::Conv{.input = x, .filter = w, .strides = {2, 2}, .padding = "same"}, "conv1");
///     const auto [maximum, tap] = graph.add(ops::MaxPool{.input = y, .window = {2, 2}}, "pool1");
///     for (const Graph::Node& node : graph.nodes())
///       if (const auto conv = node.as<ops::Conv>()) count(conv->groups);
///
/// The structs are generated from fovea/dialect/ops/AllOps.td by fovea/dialect/tablegen. Each has a member for every operand
/// and attribute, in the order of docs/operators.md, and
///
///     name                  the operator's name, for tables and where the operator is chosen at run time
///     Results               what Graph::add returns: a Ref, a struct of them, or a list
///     operands()            in the order of docs/operators.md
///     attributes()          those that differ from their defaults
///     from(...)             the struct of operands and attributes; throws std::bad_variant_access for one of another type
///     results_from(...)     results by name
///     visit_attributes(v)   calls v(name, member) for each attribute
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/graph/graph.h"

/// The operators of the dialect as structs.
namespace fovea::ops {

/// Where windows may lie: "valid", "same", or the cells before and after each spatial dimension in turn.
struct Padding : std::variant<std::string, std::vector<int64_t>> {
  using variant::variant;
  /// A rule, "valid" or "same".
  Padding(const char* rule) : variant(std::string(rule)) {}
  /// A rule or numbers; throws std::bad_variant_access for anything else.
  explicit Padding(const Attribute& attribute);
  /// The rule; empty for numbers.
  std::string_view rule() const {
    const auto* text = std::get_if<std::string>(this);
    return text ? std::string_view(*text) : std::string_view();
  }
  /// The numbers; null for a rule.
  const std::vector<int64_t>* cells() const { return std::get_if<std::vector<int64_t>>(this); }
};

/// Types as an argument of a template.
template <typename... Ops>
struct List {};

#include "fovea/graph/OperatorStructs.h.inc"

}  // namespace fovea::ops
