// SPDX-License-Identifier: Apache-2.0
/// \file
/// Records a network: operators into the graph, parameters by name, layers by scope. Every Value knows its recorder.
///
/// This is for authors of layers. A layer enters its scope, asks for its parameters, and records operators with
/// fovea/nn/operators.h:
///
///     Layer scale(std::string name) {
///       return named_layer("scale", name, [](Value x) {
///         return x * x.recorder().parameter({.name = "weight", .shape = {x.extent(-1)}, .initializer = initializers::ones});
///       });
///     }
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/graph/graph.h"
#include "fovea/nn/initializer.h"
#include "fovea/nn/value.h"

namespace fovea {

/// What a graph is recorded for; layers such as dropout and batch normalization depend on it.
enum class Mode : uint8_t { inference, training };

/// One operator of the network as it was written, for tables and counts.
struct Operation {
  std::string name;                  ///< "conv"
  std::string layer;                 ///< "layer1.0.conv1"
  std::vector<TensorType> operands;  ///< types of its operands
  TensorType result;                 ///< type of its result
  int64_t macs = 0;                  ///< multiply-accumulates of contractions, for the whole batch
};

/// Records one graph. For one thread at a time; its Values are valid as long as it.
class Recorder {
 public:
  /// A layer's place in the graph; it is left when the object is destroyed.
  class Scope {
   public:
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    /// Leaves the scope.
    ~Scope() { recorder_.leave(); }

   private:
    friend class Recorder;
    explicit Scope(Recorder& recorder) : recorder_(recorder) {}
    Recorder& recorder_;
  };

  /// Starts an empty graph.
  explicit Recorder(std::string graph_name, Mode mode = Mode::inference);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// What the graph is recorded for.
  Mode mode() const { return mode_; }
  /// Whether that is training.
  bool training() const { return mode_ == Mode::training; }
  /// The graph so far; valid as long as this object.
  Graph& graph() { return graph_; }

  /// Enters the scope of the layer that `identity` stands for: the scope it had before, or NAME within the current one, or KIND
  /// and the next number. Refuses a name that another layer of the current scope has.
  [[nodiscard]] Scope enter(const std::shared_ptr<const void>& identity, const std::string& kind, const std::string& name);
  const std::string& path() const { return frames_.back().path; }  ///< "layer1.0.conv1"

  /// A new input of the graph.
  Value input(const std::string& name, TensorType type);

  /// The tensor NAME of the current scope (NAME alone outside of all scopes), created at its first use. Refuses another shape
  /// at a later use.
  Value parameter(ParameterSpec spec);
  /// Trained and kept tensors in the order of first use.
  const std::vector<ParameterSpec>& parameters() const { return parameters_; }
  /// The tensor of that full name; it must exist.
  Value value_of(const std::string& full_name) const;

  /// From here on, parameters whose full names match one of `patterns` (fovea/core/glob.h) are not trained, and a batch norm
  /// with a frozen scale uses its running statistics.
  void freeze(std::vector<std::string> patterns);
  bool frozen(const std::string& name) const;           ///< Whether NAME of the current scope is frozen.
  std::vector<std::string> unmatched_patterns() const;  ///< The patterns of freeze() that no parameter matched.

  /// Says that `value` [batch, features] consists of the maps [spatial..., channels], flattened and concatenated. Element-wise
  /// operators and concatenation carry this along, so that a dense layer knows how its features are ordered.
  void mark_flattened(Value value, std::vector<Shape> maps);
  std::vector<Shape> flattened_maps(Value value) const;  ///< The maps of which a value consists; empty when they are not known.

  /// The new value of a kept tensor of the current scope, which the program writes back after the step.
  void update(const std::string& name, Value value);
  /// All updates so far, by full name.
  const std::vector<std::pair<std::string, Value>>& updates() const { return updates_; }

  /// The numbers that random operators are a function of. They are inputs of the graph, created at first use.
  Value step();  ///< The training step, [] i32.
  Value seed();  ///< The seed of the run, [] i32.

  /// Records an operator; returns its results. Operands that do not fit are refused with the layer's name.
  std::vector<Value> add(std::string_view operator_name, const std::vector<Value>& operands, const Attributes& attributes = {});
  /// The same with the attributes of one of the structs of fovea/graph/operators.h, whose operands are left out:
  /// `recorder.add(ops::Clamp{.low = 0, .high = 1}, {x})`.
  template <Operator Op>
  std::vector<Value> add(const Op& op, const std::vector<Value>& operands) {
    return add(Op::name, operands, op.attributes());
  }
  /// The operators so far.
  const std::vector<Operation>& operations() const { return operations_; }

  /// The first result of operator number `operation`.
  Value result_of(int64_t operation) const { return first_results_.at(static_cast<size_t>(operation)); }
  /// Makes the operator that will be number `operation` of operations() return `value` in place of its first result. The
  /// operators recorded before it then have no use and are removed by the compiler. Refuses a value of another type.
  void substitute(int64_t operation, Value value);
  /// Sets the multiply-accumulates of the operator that was added last.
  void count_macs(int64_t macs) { operations_.back().macs = macs; }

 private:
  struct Frame {
    std::string path;
    std::map<std::string, int> numbers;  // how many layers of each kind there are so far
    bool again = false;                  // whether the layer was used before, so that the names in it are the same ones
  };

  void leave() { frames_.pop_back(); }
  std::string name_in_scope(const std::string& name) const;
  void carry_flattened(const std::string& operator_name, const std::vector<Value>& operands, Value result);
  std::string choose_path(const std::string& kind, const std::string& name, bool& again);

  Graph graph_;
  Mode mode_;
  std::vector<Frame> frames_{1};
  std::map<std::shared_ptr<const void>, std::string> paths_;  // owns the layers, so that no address is used twice
  std::set<std::string> taken_;
  std::vector<ParameterSpec> parameters_;
  std::map<std::string, Value> values_;
  std::vector<std::pair<std::string, Value>> updates_;
  std::vector<std::string> frozen_patterns_;
  std::map<int32_t, std::vector<Shape>> flattened_;  // by the number of the value in the graph
  std::optional<Value> step_, seed_;
  std::vector<Value> first_results_;      // of each operator; nothing of one without
  std::map<int64_t, Value> substitutes_;  // by the number of an operator
  std::vector<Operation> operations_;
};

/// A layer that records in a scope of its own: NAME, or KIND and a number. Copies of it are the same layer.
Layer named_layer(std::string kind, std::string name, std::function<Value(Value)> body);

}  // namespace fovea
