// SPDX-License-Identifier: Apache-2.0
#include "tests/sweep/case.h"

#include <algorithm>
#include <sstream>

#include "fovea/core/error.h"

namespace fovea::sweep {
namespace {

const std::vector<std::string> operators{"conv", "conv_transpose", "max_pool", "avg_pool", "dense", "matmul"};
const std::vector<std::string> elements{"f32", "bf16", "i8", "u8"};
const std::vector<std::string> ways{"run", "gradients", "inference", "winograd_two", "winograd_four", "ahead_of_time"};

template <typename Enum>
Enum named(const std::vector<std::string>& names, const std::string& text, const char* what) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) refuse_unknown(what, text, names);
  return static_cast<Enum>(found - names.begin());
}

template <typename Enum>
const std::string& name(const std::vector<std::string>& names, Enum value) {
  return names[static_cast<size_t>(value)];
}

std::string listed(const std::vector<int64_t>& numbers) {
  std::string text;
  for (const int64_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

std::vector<int64_t> numbers_in(const std::string& text) {
  std::vector<int64_t> numbers;
  std::istringstream stream(text);
  for (std::string number; std::getline(stream, number, ',');) numbers.push_back(std::stoll(number));
  return numbers;
}

using Field = std::pair<std::string, std::string>;

void set_number(Case& layer, const Field& field) {
  const int64_t value = std::stoll(field.second);
  if (field.first == "batch") layer.batch = value;
  if (field.first == "in") layer.in = value;
  if (field.first == "out") layer.out = value;
  if (field.first == "groups") layer.groups = value;
}

void set_field(Case& layer, const Field& field) {
  static const std::vector<std::string> known{"cpu",     "batch",          "size", "kernel", "stride", "dilation",
                                              "padding", "output_padding", "in",   "out",    "groups"};
  if (std::ranges::find(known, field.first) == known.end()) refuse_unknown("field of a case", field.first, known);
  if (field.first == "cpu") layer.cpu = field.second;
  if (field.first == "size") layer.size = numbers_in(field.second);
  if (field.first == "kernel") layer.kernel = numbers_in(field.second);
  if (field.first == "stride") layer.stride = numbers_in(field.second);
  if (field.first == "dilation") layer.dilation = numbers_in(field.second);
  if (field.first == "output_padding") layer.output_padding = numbers_in(field.second);
  if (field.first == "padding" && field.second != "same") layer.padding = numbers_in(field.second);
  if (field.first == "batch" || field.first == "in" || field.first == "out" || field.first == "groups")
    set_number(layer, field);
}

void set_flag(Case& layer, const std::string& flag) {
  static const std::vector<std::string> known{"small_caches",  "count_padding", "transpose_lhs",
                                              "transpose_rhs", "before",        "after"};
  if (std::ranges::find(known, flag) == known.end()) refuse_unknown("word of a case", flag, known);
  if (flag == "small_caches") layer.small_caches = true;
  if (flag == "count_padding") layer.count_padding = true;
  if (flag == "transpose_lhs") layer.transpose_lhs = true;
  if (flag == "transpose_rhs") layer.transpose_rhs = true;
  if (flag == "before") layer.before = true;
  if (flag == "after") layer.after = true;
}

int64_t ceiling(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

std::string to_string(const Case& layer) {
  std::string text = name(operators, layer.op) + " " + name(elements, layer.element) + " " + name(ways, layer.way) +
                     " cpu=" + layer.cpu + (layer.small_caches ? " small_caches" : "") +
                     " batch=" + std::to_string(layer.batch);
  if (layer.is_window()) {
    text += " size=" + listed(layer.size) + " kernel=" + listed(layer.kernel) + " stride=" + listed(layer.stride) +
            " dilation=" + listed(layer.dilation) + " padding=" + (layer.padding.empty() ? "same" : listed(layer.padding));
    if (layer.is_transposed()) text += " output_padding=" + listed(layer.output_padding);
  }
  text += " in=" + std::to_string(layer.in) + " out=" + std::to_string(layer.out) + " groups=" + std::to_string(layer.groups);
  if (layer.count_padding) text += " count_padding";
  if (layer.transpose_lhs) text += " transpose_lhs";
  if (layer.transpose_rhs) text += " transpose_rhs";
  if (layer.before) text += " before";
  if (layer.after) text += " after";
  return text;
}

Case case_named(const std::string& text) {
  std::istringstream words(text);
  std::string op, element, way;
  words >> op >> element >> way;
  Case layer{.op = named<Operator>(operators, op, "operator"),
             .element = named<Element>(elements, element, "element type"),
             .way = named<Way>(ways, way, "way to compile")};
  for (std::string word; words >> word;) {
    const size_t sign = word.find('=');
    if (sign == std::string::npos)
      set_flag(layer, word);
    else
      set_field(layer, {word.substr(0, sign), word.substr(sign + 1)});
  }
  return layer;
}

std::vector<reference::Movement1d> movement(const Case& layer) {
  std::vector<reference::Movement1d> dims;
  for (size_t i = 0; i < layer.size.size(); ++i) {
    reference::Movement1d dim{layer.size[i], layer.kernel[i], layer.stride[i], layer.dilation[i], 0, layer.size[i]};
    const int64_t reach = (dim.kernel - 1) * dim.dilation + 1;
    const bool same = layer.padding.empty();
    const int64_t around = same ? 0 : layer.padding[2 * i] + layer.padding[2 * i + 1];
    if (layer.is_transposed()) {
      dim.input = same ? dim.output * dim.stride - layer.output_padding[i]
                       : (dim.output - 1) * dim.stride + reach - around + layer.output_padding[i];
    } else if (same) {
      dim.output = ceiling(dim.input, dim.stride);
    } else {
      dim.output = dim.input + around < reach ? 0 : (dim.input + around - reach) / dim.stride + 1;
    }
    if (same)
      dim.before = std::max<int64_t>((dim.output - 1) * dim.stride + reach - dim.input, 0) / 2;
    else
      dim.before = layer.padding[2 * i];
    dims.push_back(dim);
  }
  return dims;
}

reference::Movement attributes_of(const Case& layer) {
  reference::Movement result{.strides = layer.stride, .dilations = layer.dilation, .padding = "same", .groups = layer.groups};
  if (!layer.padding.empty()) {
    result.padding = "valid";
    result.cells = layer.padding;
  }
  return result;
}

bool fits(const Case& layer) {
  return std::ranges::all_of(movement(layer), [](const auto& dim) { return dim.input >= 1 && dim.output >= 1; });
}

int64_t work(const Case& layer) {
  int64_t products = layer.batch * layer.in * layer.out * layer.groups;
  if (layer.is_pool()) products = layer.batch * layer.in;
  for (const auto& dim : movement(layer)) products *= dim.output * dim.kernel;
  return products;
}

}  // namespace fovea::sweep
