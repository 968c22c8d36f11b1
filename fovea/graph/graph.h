// SPDX-License-Identifier: Apache-2.0
// A recorded network: one MLIR function in the fovea dialect, seen without MLIR.
//
// The layers of fovea/nn record into a Graph by operator name; the compiler (fovea/codegen/driver/compile.h) turns it into a
// Program. Nothing here includes MLIR, so a file that writes a model compiles in a second. Operators are documented in
// docs/operators.md, generated from Ops.td.
#pragma once

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

struct TensorType {
  Shape shape;
  DType dtype = DType::f32;
  std::optional<Quantization> quantization = {};  // of i8, u8 and i32: integers that stand for real numbers
  bool operator==(const TensorType&) const = default;
};

std::string to_string(const TensorType& type);  // "[128, 28, 28, 1] f32", "[1, 224, 224, 3] u8 (scale 0.0078125, zero 128)"

// The element type of a result that no operand tells: what a quantized operator writes. In MLIR `!quant.uniform<...>`.
struct QuantizedType {
  DType storage = DType::i8;
  Quantization quantization;
};

// A value of one graph: an index into it. Meaningless in another graph.
struct Ref {
  int32_t index = -1;
  bool operator==(const Ref&) const = default;
};

// What an argument of the function is for. It travels as the argument attribute `fovea.role`.
enum class Role : uint8_t {
  input,      // given at every run: images, labels, the rate, the step
  parameter,  // trained: weights, biases, scales, shifts
  state,      // kept between runs, not trained: running statistics, momenta
};

using Attribute = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, Tensor, QuantizedType>;
using Attributes = std::vector<std::pair<std::string, Attribute>>;

class Graph {
 public:
  struct Argument {
    std::string name;  // "conv1.weight"; stable, and unique within the graph
    TensorType type;
    Role role;
    Ref value = {};
  };
  struct Result {
    // The name of an argument of role parameter or state: the result replaces that argument (in place). Otherwise an output's
    // name.
    std::string name;
    TensorType type;
    Ref value = {};
  };
  // An operator as it was added. Attributes are those that were given: one left out has its default (docs/operators.md).
  struct Node {
    std::string op;  // "conv"
    std::vector<Ref> operands, results;
    Attributes attributes;
    std::string layer;

    const Attribute* find(std::string_view name) const;  // null when left out
    template <typename T>
    T get(std::string_view name, T otherwise) const {
      const Attribute* attribute = find(name);
      return attribute ? std::get<T>(*attribute) : std::move(otherwise);
    }
  };

  explicit Graph(std::string name = "main");
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;
  ~Graph();

  Ref argument(std::string name, TensorType type, Role role);

  // Appends operator `fovea.OPERATOR`; result types are inferred by its shape rule. `layer` names it in errors and in every
  // later stage. Throws Error (exit status 2) with the operator's own message: `conv "layer1.0.conv1": filter 7x7 is larger
  // than ...`.
  std::vector<Ref> add(std::string_view operator_name, const std::vector<Ref>& operands, const Attributes& attributes,
                       std::string_view layer);

  // The function's results, in order. Called once, last.
  void finish(const std::vector<std::pair<std::string, Ref>>& results);

  TensorType type(Ref value) const;
  const std::vector<Argument>& arguments() const;
  const std::vector<Result>& results() const;
  std::vector<Node> nodes() const;  // in order, each after those it reads; also of a parsed graph

  std::string text() const;                                               // MLIR's text, with the layer names as locations
  static Graph parse(std::string_view text, std::string_view file_name);  // fails with file, line and reason

  struct Implementation;  // the MLIR side, in graph_implementation.h
  Implementation& implementation() const { return *implementation_; }

 private:
  explicit Graph(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace fovea
