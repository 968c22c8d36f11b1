// SPDX-License-Identifier: Apache-2.0
// Networks computed by the interpreter of formulas, and compiled results held against it.
#pragma once

#include <map>
#include <string>

#include "fovea/codegen/driver/stages.h"
#include "fovea/graph/inference_model.h"
#include "tests/support/interpreter.h"

namespace fovea {

using Arrays = std::map<std::string, Array>;  // results by name

// Every result of the graph, taken as far as `stage`. Integers are sign-extended. `values`: of every argument.
Arrays interpreted(const Graph& graph, Stage stage, const CompileOptions& options, const std::map<std::string, Tensor>& values,
                   const Target& target = {}, Noise* noise = nullptr);

Array array_of(const Tensor& tensor);

// Results to be held against: those of the graph's formulas, and how far they move when arithmetic is a little off.
class Reference {
 public:
  Reference(const Graph& graph, const CompileOptions& options, std::map<std::string, Tensor> values);

  // What is wrong with a result, in words; "" where nothing is. `precision`: the relative error of one operation.
  std::string compare(const std::string& name, const Array& got, double precision);
  bool has(const std::string& name) const { return results_.contains(name); }
  const Arrays& results() const { return results_; }
  // How far each number moved, at most, over a few runs with errors of such a size.
  const Arrays& movement(double precision);
  int unstable = 0;  // results whose numbers a last bit changes wholly: not compared

 private:
  const Graph& graph_;
  CompileOptions options_;
  std::map<std::string, Tensor> values_;
  Arrays results_;
  std::map<double, Arrays> movements_;
};

}  // namespace fovea
