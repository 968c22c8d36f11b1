// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/patterns.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace fovea {
namespace {

class Patterns {
 public:
  explicit Patterns(OnnxFile& file) : file_(file) {
    for (size_t i = 0; i < file.nodes.size(); ++i) {
      for (const std::string& output : file.nodes[i].outputs) makers_[output] = i;
      for (const std::string& input : names_read(file.nodes[i])) ++readers_[input];
    }
    for (const OnnxPort& port : file.outputs) ++readers_[port.name];
  }

  void run() {
    for (OnnxNode& node : file_.nodes) {
      if (node.type == "Mul" && node.inputs.size() == 2) {
        if (!gelu(node) && !gated(node, "Sigmoid", "fovea.Swish")) gated(node, "HardSigmoid", "HardSwish");
      }
    }
    remove_unused();
  }

 private:
  // The node that computes a value with only one reader; null for other values.
  const OnnxNode* maker(const std::string& value, const char* type) const {
    const auto found = makers_.find(value);
    const auto readers = readers_.find(value);
    if (found == makers_.end() || readers == readers_.end() || readers->second != 1) return nullptr;
    const OnnxNode& node = file_.nodes[found->second];
    return node.type == type && !node.inputs.empty() ? &node : nullptr;
  }

  const Tensor* constant(const std::string& value) const {
    const auto initializer = file_.initializers.find(value);
    if (initializer != file_.initializers.end()) return &initializer->second;
    const auto found = makers_.find(value);
    if (found == makers_.end() || file_.nodes[found->second].type != "Constant") return nullptr;
    const auto attribute = file_.nodes[found->second].attributes.find("value");
    return attribute == file_.nodes[found->second].attributes.end() ? nullptr : std::get_if<Tensor>(&attribute->second);
  }

  bool is_number(const std::string& value, float wanted) const {
    const Tensor* tensor = constant(value);
    return tensor != nullptr && tensor->size() == 1 && tensor->dtype() == DType::f32 &&
           std::abs(tensor->data<float>()[0] - wanted) <= 1e-4F * std::abs(wanted);
  }

  // The operand that is multiplied with or added to a number; "" when neither operand is that number.
  std::string beside(const OnnxNode& node, float number) const {
    if (node.inputs.size() != 2) return "";
    if (is_number(node.inputs[1], number)) return node.inputs[0];
    return is_number(node.inputs[0], number) ? node.inputs[1] : "";
  }

  bool gated(OnnxNode& node, const char* gate, const char* whole) {
    for (const size_t side : {0, 1}) {
      const OnnxNode* inner = maker(node.inputs[side], gate);
      if (inner == nullptr || inner->inputs[0] != node.inputs[1 - side]) continue;
      if (std::string(gate) == "HardSigmoid" && !is_mobile(*inner)) continue;
      replace(node, whole, node.inputs[1 - side]);
      return true;
    }
    return false;
  }

  static bool is_mobile(const OnnxNode& hard_sigmoid) {
    const auto number = [&](const char* name, float otherwise) {
      const auto found = hard_sigmoid.attributes.find(name);
      const auto* value = found == hard_sigmoid.attributes.end() ? nullptr : std::get_if<float>(&found->second);
      return value == nullptr ? otherwise : *value;
    };
    return std::abs(number("alpha", 0.2F) - 1.0F / 6) < 1e-6F && number("beta", 0.5F) == 0.5F;
  }

  // (x * (1 + erf(x / sqrt 2))) * 0.5, as PyTorch writes it.
  bool gelu(OnnxNode& node) {
    const OnnxNode* product = maker(beside(node, 0.5F), "Mul");
    if (product == nullptr || product->inputs.size() != 2) return false;
    for (const size_t side : {0, 1}) {
      const std::string& x = product->inputs[1 - side];
      const OnnxNode* sum = maker(product->inputs[side], "Add");
      const OnnxNode* erf = sum == nullptr ? nullptr : maker(beside(*sum, 1.0F), "Erf");
      const OnnxNode* quotient = erf == nullptr ? nullptr : maker(erf->inputs[0], "Div");
      if (quotient == nullptr || quotient->inputs.size() != 2 || quotient->inputs[0] != x ||
          !is_number(quotient->inputs[1], 1.41421356F))
        continue;
      replace(node, "Gelu", std::string(x));
      return true;
    }
    return false;
  }

  void replace(OnnxNode& node, const char* type, const std::string& x) {
    node.type = type;
    node.inputs = {x};
    node.attributes.clear();
  }

  // Backwards from the results: a node stays if one of its results is needed.
  void remove_unused() {
    std::set<std::string> needed;
    for (const OnnxPort& port : file_.outputs) needed.insert(port.name);
    std::vector<OnnxNode> kept;
    for (size_t i = file_.nodes.size(); i-- > 0;) {
      OnnxNode& node = file_.nodes[i];
      if (std::ranges::none_of(node.outputs, [&](const std::string& output) { return needed.contains(output); })) continue;
      const std::vector<std::string> read = names_read(node);
      needed.insert(read.begin(), read.end());
      kept.push_back(std::move(node));
    }
    std::ranges::reverse(kept);
    file_.nodes = std::move(kept);
  }

  OnnxFile& file_;
  std::map<std::string, size_t> makers_;
  std::map<std::string, int> readers_;
};

}  // namespace

void simplify(OnnxFile& file) { Patterns(file).run(); }

}  // namespace fovea
