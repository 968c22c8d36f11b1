// SPDX-License-Identifier: Apache-2.0
// Networks computed by the interpreter of linalg operations, and compiled results compared with it.
#pragma once

#include <map>
#include <string>

#include "fovea/codegen/driver/stages.h"
#include "fovea/graph/inference_model.h"
#include "tests/support/interpreter.h"

namespace fovea {

using Arrays = std::map<std::string, Array>;  // results by name

// Every result of the graph, interpreted at `stage`. Integers are sign-extended. `values` has every argument.
Arrays interpreted(const Graph& graph, Stage stage, const CompileOptions& options, const std::map<std::string, Tensor>& values,
                   const Target& target = {}, Noise* noise = nullptr);

Array array_of(const Tensor& tensor);

// Reference results: those of the graph's linalg operations, and how far they move when arithmetic has small errors.
class Reference {
 public:
  Reference(const Graph& graph, const CompileOptions& options, std::map<std::string, Tensor> values);

  // What is wrong with a result, or "". `precision` is the relative error of one operation.
  std::string compare(const std::string& name, const Array& got, double precision);
  bool has(const std::string& name) const { return results_.contains(name); }
  const Arrays& results() const { return results_; }
  // How far each number moved, at most, over a few runs with errors of that size.
  const Arrays& movement(double precision);
  int unstable = 0;  // results that depend on the last bit and are not compared

 private:
  const Graph& graph_;
  CompileOptions options_;
  std::map<std::string, Tensor> values_;
  Arrays results_;
  std::map<double, Arrays> movements_;
};

}  // namespace fovea
