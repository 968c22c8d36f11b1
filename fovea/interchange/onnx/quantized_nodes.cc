// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/onnx/quantized_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace fovea {
namespace {

const Tensor* constant_of(const OnnxFile& file, const std::string& name) {
  const auto initializer = file.initializers.find(name);
  if (initializer != file.initializers.end()) return &initializer->second;
  for (const OnnxNode& node : file.nodes) {
    if (node.type != "Constant" || node.outputs.empty() || node.outputs[0] != name) continue;
    const auto found = node.attributes.find("value");
    return found == node.attributes.end() ? nullptr : std::get_if<Tensor>(&found->second);
  }
  return nullptr;
}

// A node of ONNX or ONNX Runtime, with the inputs in the order of its schema.
class Spelling {
 public:
  Spelling(OnnxFile& file, const OnnxNode& node) : file_(file), node_(node) {}

  // True if the node was one of these; its replacement is in `nodes`.
  bool spell(std::vector<OnnxNode>& nodes) {
    nodes_ = &nodes;
    const std::string& type = node_.type;
    if (type == "QLinearConv" && node_.inputs.size() >= 8) return conv(), true;
    if (type == "QLinearMatMul" && node_.inputs.size() >= 8) return pair("MatMul"), true;
    if (node_.domain != "com.microsoft") return false;
    if (type == "QLinearAdd" || type == "QLinearMul") return pair(type.substr(7)), true;
    if (type == "QGemm" && node_.inputs.size() >= 6) return gemm(), true;
    if (type == "QLinearConcat" && node_.inputs.size() >= 5) return concat(), true;
    for (const char* single : {"GlobalAveragePool", "AveragePool", "Sigmoid", "LeakyRelu", "Softmax", "ReduceMean"})
      if (type == std::string("QLinear") + single && node_.inputs.size() >= 4) return unary(single), true;
    if (type == "QLinearWhere" && node_.inputs.size() >= 8) return where(), true;
    if (type == "QuantizeLinear" || type == "DequantizeLinear") return same(), true;
    if (type == "MatMulIntegerToFloat" && node_.inputs.size() >= 4) return integer_product(), true;
    if (type == "DynamicQuantizeMatMul" && node_.inputs.size() >= 3) return dynamic_product(), true;
    return false;
  }

 private:
  std::string input(size_t index) const { return index < node_.inputs.size() ? node_.inputs[index] : ""; }
  int64_t integer(const std::string& name, int64_t otherwise) const {
    const auto found = node_.attributes.find(name);
    const auto* number = found == node_.attributes.end() ? nullptr : std::get_if<int64_t>(&found->second);
    return number == nullptr ? otherwise : *number;
  }
  std::string value(const std::string& what) { return fmt::format("{}\n{} {}", node_.title(), what, count_++); }

  std::string add(const std::string& type, std::vector<std::string> inputs,
                  std::map<std::string, OnnxAttribute> attributes = {}, const std::string& output = "") {
    while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
    const std::string result = output.empty() ? value(type) : output;
    nodes_->push_back({.name = node_.title(),
                       .type = type,
                       .domain = "",
                       .inputs = std::move(inputs),
                       .outputs = {result},
                       .attributes = std::move(attributes)});
    return result;
  }

  std::string real(size_t at, std::optional<int64_t> axis = {}) {
    std::map<std::string, OnnxAttribute> attributes;
    if (axis) attributes["axis"] = *axis;
    return add("DequantizeLinear", {input(at), input(at + 1), input(at + 2)}, attributes);
  }

  // Without a zero point, the result has the type of the first input.
  void finish(const std::string& reals, size_t scale, const std::string& like) {
    std::map<std::string, OnnxAttribute> attributes;
    if (input(scale + 1).empty()) attributes["fovea.like"] = like;
    add("QuantizeLinear", {reals, input(scale), input(scale + 1)}, attributes, node_.outputs.at(0));
  }

  // The bias, i32 in units of the product of two scales.
  std::string bias(size_t at, size_t first, size_t second) {
    if (input(at).empty()) return "";
    const Tensor *a = constant_of(file_, input(first)), *b = constant_of(file_, input(second));
    if (a == nullptr || b == nullptr || a->dtype() != DType::f32 || b->dtype() != DType::f32 || a->size() != 1) {
      const std::string scale = add("Mul", {input(first), input(second)});
      return add("DequantizeLinear", {input(at), scale}, {{"axis", int64_t{0}}});
    }
    Tensor scales(b->shape(), DType::f32);
    for (int64_t i = 0; i < b->size(); ++i) scales.data<float>()[i] = a->data<float>()[0] * b->data<float>()[i];
    const std::string name = value("bias scale");
    file_.initializers[name] = scales;
    return add("DequantizeLinear", {input(at), name}, {{"axis", int64_t{0}}});
  }

  void conv() {
    const std::string x = real(0), w = real(3, 0);
    finish(add("Conv", {x, w, bias(8, 1, 4)}, node_.attributes), 6, input(0));
  }

  void pair(const std::string& type) {
    const std::string a = real(0), b = type == "MatMul" ? real(3, -1) : real(3);
    finish(add(type, {a, b}, node_.attributes), 6, input(0));
  }

  void gemm() {
    const std::string a = real(0), b = real(3, integer("transB", 0) != 0 ? 0 : 1);
    const std::vector<std::string> inputs{a, b, bias(6, 1, 4)};
    if (input(7).empty())
      add("Gemm", inputs, node_.attributes, node_.outputs.at(0));
    else
      finish(add("Gemm", inputs, node_.attributes), 7, input(0));
  }

  void concat() {
    std::vector<std::string> parts;
    for (size_t at = 2; at + 1 < node_.inputs.size(); at += 3) parts.push_back(real(at));
    finish(add("Concat", parts, node_.attributes), 0, input(2));
  }

  // Images in ONNX Runtime's own layout are transposed to ONNX's and back.
  void unary(const std::string& type) {
    std::map<std::string, OnnxAttribute> attributes = node_.attributes;
    const bool is_last = integer("channels_last", 0) == 1;
    if (integer("opset", 13) < 13) attributes.try_emplace("axis", int64_t{1});
    attributes.erase("channels_last");
    attributes.erase("opset");
    if (type == "Softmax") attributes["fovea.integers"] = int64_t{1};
    std::string x = real(0);
    if (is_last) x = add("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
    std::string y = add(type, {x}, attributes);
    if (is_last) y = add("Transpose", {y}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}});
    finish(y, 3, input(0));
  }

  void where() {
    const std::string x = real(1), y = real(4);
    finish(add("Where", {input(0), x, y}), 7, input(1));
  }

  void same() { add(node_.type, node_.inputs, node_.attributes, node_.outputs.at(0)); }

  void scaled(const std::string& integers, const std::string& a, const std::string& b, const std::string& bias) {
    const std::string reals = add("Cast", {integers}, {{"to", int64_t{1}}}), scale = add("Mul", {a, b});
    if (bias.empty()) {
      add("Mul", {reals, scale}, {}, node_.outputs.at(0));
      return;
    }
    add("Add", {add("Mul", {reals, scale}), bias}, {}, node_.outputs.at(0));
  }

  void integer_product() {
    scaled(add("MatMulInteger", {input(0), input(1), input(4), input(5)}), input(2), input(3), input(6));
  }

  void dynamic_product() {
    const std::string scale = value("scale"), zero = value("zero"), q = value("integers");
    nodes_->push_back({.name = node_.title(),
                       .type = "DynamicQuantizeLinear",
                       .domain = "",
                       .inputs = {input(0)},
                       .outputs = {q, scale, zero},
                       .attributes = {}});
    scaled(add("MatMulInteger", {q, input(1), zero, input(3)}), scale, input(2), input(4));
  }

  OnnxFile& file_;
  const OnnxNode& node_;
  std::vector<OnnxNode>* nodes_ = nullptr;
  int count_ = 0;
};

}  // namespace

void spell_out_quantized(OnnxFile& file) {
  std::vector<OnnxNode> nodes;
  for (const OnnxNode& node : file.nodes) {
    if (node.outputs.size() != 1 || !Spelling(file, node).spell(nodes)) nodes.push_back(node);
  }
  file.nodes = std::move(nodes);
}

namespace {

// The only scale and zero point of a QuantizeLinear or DequantizeLinear of bytes, both of which are given.
struct OneScale {
  float scale = 0;
  int64_t zero = 0, least = 0;
  bool operator==(const OneScale&) const = default;
};

std::optional<OneScale> scale_of(const OnnxFile& file, const OnnxNode& node) {
  if (node.inputs.size() != 3) return std::nullopt;
  const Tensor *scale = constant_of(file, node.inputs[1]), *zero = constant_of(file, node.inputs[2]);
  if (scale == nullptr || zero == nullptr || scale->size() != 1 || zero->size() != 1 || scale->dtype() != DType::f32)
    return std::nullopt;
  if (zero->dtype() != DType::u8 && zero->dtype() != DType::i8) return std::nullopt;
  const bool bytes = zero->dtype() == DType::u8;
  return OneScale{.scale = scale->data<float>()[0],
                  .zero = bytes ? int64_t{zero->data<uint8_t>()[0]} : int64_t{zero->data<int8_t>()[0]},
                  .least = bytes ? 0 : -128};
}

// The pair for the range that both have in common; nothing when there is none.
std::optional<OneScale> common(const OneScale& a, const OneScale& b) {
  if (a.least != b.least) return std::nullopt;
  const auto end = [](const OneScale& one, int64_t q) { return static_cast<float>(q - one.zero) * one.scale; };
  const float least = std::max(end(a, a.least), end(b, b.least));
  const float most = std::min(end(a, a.least + 255), end(b, b.least + 255));
  OneScale result{.scale = (most - least) / 255, .zero = 0, .least = a.least};
  if (!(result.scale > 0)) return std::nullopt;
  result.zero = std::lround(static_cast<float>(a.least) - least / result.scale);
  return result.zero >= a.least && result.zero <= a.least + 255 ? std::optional(result) : std::nullopt;
}

class Pairs {
 public:
  explicit Pairs(OnnxFile& file) : file_(file) {
    for (size_t i = 0; i < file.nodes.size(); ++i) {
      for (const std::string& output : file.nodes[i].outputs) makers_[output] = i;
      for (const std::string& input : file.nodes[i].inputs) ++readers_[input];
    }
    for (const OnnxPort& port : file.outputs) readers_[port.name] += 2;  // so that a result is never removed
  }

  void merge() {
    for (OnnxNode& last : file_.nodes) {
      OnnxNode* second = before(last, "DequantizeLinear", "QuantizeLinear");
      OnnxNode* first = second == nullptr ? nullptr : before(*second, "QuantizeLinear", "DequantizeLinear");
      OnnxNode* start = first == nullptr ? nullptr : before(*first, "DequantizeLinear", "QuantizeLinear");
      if (start != nullptr) merge(*start, *first, *second, last);
    }
  }

 private:
  // The node whose only result is read by this node alone.
  OnnxNode* before(const OnnxNode& node, const char* type, const char* wanted) {
    if (node.type != type || node.inputs.empty() || readers_[node.inputs[0]] != 1) return nullptr;
    const auto found = makers_.find(node.inputs[0]);
    if (found == makers_.end() || file_.nodes[found->second].type != wanted) return nullptr;
    return &file_.nodes[found->second];
  }

  void merge(OnnxNode& start, const OnnxNode& first, const OnnxNode& second, OnnxNode& last) {
    const std::optional<OneScale> outer = scale_of(file_, start), inner = scale_of(file_, second);
    if (!outer || !inner || outer != scale_of(file_, first) || inner != scale_of(file_, last)) return;
    if (outer != inner) {
      const std::optional<OneScale> one = common(*outer, *inner);
      if (!one) return;
      const std::string scale = start.title() + "\ncommon scale", zero = start.title() + "\ncommon zero";
      file_.initializers[scale] = Tensor::of<float>({}, {one->scale});
      Tensor byte({}, one->least == 0 ? DType::u8 : DType::i8);
      *byte.raw() = static_cast<std::byte>(one->zero & 255);
      file_.initializers[zero] = byte;
      for (OnnxNode* node : {&start, &last}) node->inputs = {node->inputs[0], scale, zero};
    }
    readers_[last.inputs[0]] = 0;
    last.inputs[0] = start.outputs[0];
  }

  OnnxFile& file_;
  std::map<std::string, size_t> makers_;
  std::map<std::string, int> readers_;
};

}  // namespace

void merge_quantized_pairs(OnnxFile& file) { Pairs(file).merge(); }

}  // namespace fovea
