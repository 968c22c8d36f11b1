// SPDX-License-Identifier: Apache-2.0
// Writes a network down: operators into the graph, parameters by name, layers by scope. Every Value knows its recorder.
//
// For those who write layers. A layer enters its scope, asks for its parameters, and records operators by way of
// fovea/nn/operators.h:
//
//   Layer scale(std::string name) {
//     return named_layer("scale", name, [](Value x) {
//       return x * x.recorder().parameter({.name = "weight", .shape = {x.extent(-1)}, .initializer = initializers::ones});
//     });
//   }
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

enum class Mode : uint8_t { inference, training };

// One operator of the network as written, for tables and counts.
struct Operation {
  std::string name;   // "conv"
  std::string layer;  // "layer1.0.conv1"
  std::vector<TensorType> operands;
  TensorType result;
  int64_t macs = 0;  // multiply-accumulates of contractions, for the whole batch
};

class Recorder {
 public:
  // A layer's place in the graph while it is entered.
  class Scope {
   public:
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { recorder_.leave(); }

   private:
    friend class Recorder;
    explicit Scope(Recorder& recorder) : recorder_(recorder) {}
    Recorder& recorder_;
  };

  explicit Recorder(std::string graph_name, Mode mode = Mode::inference);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  Mode mode() const { return mode_; }
  bool training() const { return mode_ == Mode::training; }
  Graph& graph() { return graph_; }

  // Enters the scope of the layer `identity` stands for: the one it had before, or NAME in the current scope, or KIND and the
  // next number. Refuses a name that another layer of the scope has.
  [[nodiscard]] Scope enter(const std::shared_ptr<const void>& identity, const std::string& kind, const std::string& name);
  const std::string& path() const { return frames_.back().path; }  // "layer1.0.conv1"

  Value input(const std::string& name, TensorType type);

  // The tensor NAME of the current scope (NAME alone outside of scopes); made at first use. Refuses another shape at a later
  // use.
  Value parameter(ParameterSpec spec);
  const std::vector<ParameterSpec>& parameters() const { return parameters_; }  // trained and kept, in the order of first use
  Value value_of(const std::string& full_name) const;

  // Parameters whose full names match one of `patterns` (fovea/core/glob.h) are not trained from here on, and a batch norm
  // whose scale is frozen goes by its running statistics.
  void freeze(std::vector<std::string> patterns);
  bool frozen(const std::string& name) const;           // of the current scope
  std::vector<std::string> unmatched_patterns() const;  // those that no parameter matched

  // Says that `value` [batch, features] is the maps [spatial..., channels] flattened, side by side. Element-wise operators and
  // joining keep that known, so that a dense layer can tell how its features were ordered.
  void mark_flattened(Value value, std::vector<Shape> maps);
  std::vector<Shape> flattened_maps(Value value) const;  // empty: none

  // The new value of a kept tensor of the current scope: what the program writes back after the step.
  void update(const std::string& name, Value value);
  const std::vector<std::pair<std::string, Value>>& updates() const { return updates_; }

  // Numbers that random operators are a function of; inputs of the graph, made at first use.
  Value step();  // [] i32: the training step
  Value seed();  // [] i32: the run's seed

  std::vector<Value> add(std::string_view operator_name, const std::vector<Value>& operands, const Attributes& attributes = {});
  const std::vector<Operation>& operations() const { return operations_; }

  // The first result of operator number `operation`.
  Value result_of(int64_t operation) const { return first_results_.at(static_cast<size_t>(operation)); }
  // The operator that will be number `operation` of operations() gives `value` in place of its first result: what was recorded
  // before stands for nothing, and is compiled away. Refuses a value of another type.
  void substitute(int64_t operation, Value value);
  void count_macs(int64_t macs) { operations_.back().macs = macs; }  // of the operator added last

 private:
  struct Frame {
    std::string path;
    std::map<std::string, int> numbers;  // of the layers of each kind so far
    bool again = false;                  // a layer used before: the names in it are the same ones
  };

  void leave() { frames_.pop_back(); }
  std::string name_in_scope(const std::string& name) const;
  void carry_flattened(const std::string& operator_name, const std::vector<Value>& operands, Value result);
  std::string choose_path(const std::string& kind, const std::string& name, bool& again);

  Graph graph_;
  Mode mode_;
  std::vector<Frame> frames_{1};
  std::map<std::shared_ptr<const void>, std::string> paths_;  // holds on to the layers: an address must not be used twice
  std::set<std::string> taken_;
  std::vector<ParameterSpec> parameters_;
  std::map<std::string, Value> values_;
  std::vector<std::pair<std::string, Value>> updates_;
  std::vector<std::string> frozen_patterns_;
  std::map<int32_t, std::vector<Shape>> flattened_;  // by the value's number in the graph
  std::optional<Value> step_, seed_;
  std::vector<Value> first_results_;      // of each operator; nothing of one without
  std::map<int64_t, Value> substitutes_;  // by the number of an operator
  std::vector<Operation> operations_;
};

// A layer that records in a scope of its own: NAME, or KIND and a number. Its copies are the same layer.
Layer named_layer(std::string kind, std::string name, std::function<Value(Value)> body);

}  // namespace fovea
