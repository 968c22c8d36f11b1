// SPDX-License-Identifier: Apache-2.0
/// \file
/// A recorded network: one MLIR function in the fovea dialect, used without MLIR.
///
/// The layers of fovea/nn record into a Graph, and the compiler (fovea/codegen/driver/compile.h) turns it into a Program.
/// Nothing here includes MLIR, so a file that defines a model compiles in a second. The operators are structs in
/// fovea/graph/operators.h, documented in docs/operators.md; both are generated from AllOps.td.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fovea/core/tensor.h"
#include "fovea/graph/quantization.h"

namespace fovea {

/// The type of a value.
struct TensorType {
  Shape shape;                                    ///< static extents
  DType dtype = DType::f32;                       ///< element type
  std::optional<Quantization> quantization = {};  ///< for i8, u8 and i32: how the integers stand for real numbers
  /// Equal in shape, element type and quantization.
  bool operator==(const TensorType&) const = default;
};

std::string to_string(const TensorType& type);  ///< "[128, 28, 28, 1] f32", "[1, 224, 224, 3] u8 (scale 0.0078125, zero 128)"

/// The element type of a result that does not follow from operands: that of a quantized operator. In MLIR it is
/// `!quant.uniform<...>`.
struct QuantizedType {
  DType storage = DType::i8;  ///< type of the integers
  Quantization quantization;  ///< what they stand for
};

/// A value of one graph, as an index. It has no meaning in another graph.
struct Ref {
  int32_t index = -1;  ///< -1 for none
  /// Equal indices.
  bool operator==(const Ref&) const = default;
};

/// What an argument of the function is for. In MLIR it is the argument attribute `fovea.role`.
enum class Role : uint8_t {
  input,      ///< given at every run: images, labels, the learning rate, the step
  parameter,  ///< trained: weights, biases, scales, shifts
  state,      ///< kept between runs, not trained: running statistics, momenta
};

/// The value of an operator's attribute.
using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, Tensor, QuantizedType>;
/// Attributes by name, in any order.
using Attributes = std::vector<std::pair<std::string, Attribute>>;

/// One of the structs of fovea/graph/operators.h.
template <typename T>
concept Operator = requires(const T& op) {
  { op.operands() } -> std::same_as<std::vector<Ref>>;
  { op.attributes() } -> std::same_as<Attributes>;
  std::string_view(T::name);
};

/// A network under construction or finished. It is for one thread at a time, and moved rather than copied.
class Graph {
 public:
  /// An argument of the function.
  struct Argument {
    std::string name;  ///< "conv1.weight"; stable, and unique within the graph
    TensorType type;   ///< its type
    Role role;         ///< what it is for
    Ref value = {};    ///< to be used as an operand
  };
  /// A result of the function.
  struct Result {
    /// The name of an argument of role parameter or state, which the result replaces in place; otherwise the name of an output.
    std::string name;
    TensorType type;  ///< its type
    Ref value = {};   ///< the value that is returned
  };
  /// An operator as it was added. Attributes that were left out have their defaults (docs/operators.md).
  struct Node {
    std::string op;             ///< "conv"
    std::vector<Ref> operands;  ///< in the order of docs/operators.md
    std::vector<Ref> results;   ///< likewise
    Attributes attributes;      ///< those that were given
    std::string layer;          ///< "layer1.0.conv1"

    /// The attribute of that name; null when it was left out. Valid as long as the node.
    const Attribute* find(std::string_view name) const;
    /// The attribute's value, or `otherwise` when it was left out. Throws std::bad_variant_access for another type than T.
    template <typename T>
    T get(std::string_view name, T otherwise) const {
      const Attribute* attribute = find(name);
      return attribute ? std::get<T>(*attribute) : std::move(otherwise);
    }

    /// Whether this is one of these operators: `node.is<ops::Conv, ops::Dense>()`.
    template <Operator... Ops>
    bool is() const {
      return ((op == Ops::name) || ...);
    }
    /// The operator with its operands and attributes by name, defaults included; nothing when this is another one.
    template <Operator Op>
    std::optional<Op> as() const {
      if (!is<Op>()) return std::nullopt;
      return Op::from(operands, attributes);
    }
  };

  /// An empty function of that name.
  explicit Graph(std::string name = "main");
  /// Leaves the other graph empty.
  Graph(Graph&&) noexcept;
  /// Leaves the other graph empty.
  Graph& operator=(Graph&&) noexcept;
  /// Frees the function.
  ~Graph();

  /// Declares an argument. Refuses a name that is taken.
  Ref argument(std::string name, TensorType type, Role role);

  /// Appends operator `fovea.OPERATOR` and returns its results, whose types its shape rule infers. `layer` names the operator
  /// in errors and in every later stage. Refuses with the operator's own message: `conv "layer1.0.conv1": filter 7x7 is larger
  /// than ...`.
  std::vector<Ref> add(std::string_view operator_name, const std::vector<Ref>& operands, const Attributes& attributes,
                       std::string_view layer);
  /// The same for an operator that is known where the call is written, `graph.add(ops::Relu{x}, "act1")`. Returns its result,
  /// or a struct of its results.
  template <Operator Op>
  typename Op::Results add(const Op& op, std::string_view layer) {
    return Op::results_from(add(Op::name, op.operands(), op.attributes(), layer));
  }

  /// Sets the function's results, in order. Called once, as the last step.
  void finish(const std::vector<std::pair<std::string, Ref>>& results);

  /// The type of a value.
  TensorType type(Ref value) const;
  /// In the order of their declaration; valid as long as the graph.
  const std::vector<Argument>& arguments() const;
  /// In the order of finish(); valid as long as the graph.
  const std::vector<Result>& results() const;
  std::vector<Node> nodes() const;  ///< All operators in an order of execution, also of a parsed graph.

  std::string text() const;  ///< The function as MLIR's text, with the layer names as locations.
  /// A graph from MLIR's text; fails with file, line and reason.
  static Graph parse(std::string_view text, std::string_view file_name);

  struct Implementation;  ///< the MLIR side, in graph_implementation.h
  /// For the passes and code generation.
  Implementation& implementation() const { return *implementation_; }

 private:
  explicit Graph(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fovea
