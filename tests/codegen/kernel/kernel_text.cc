// SPDX-License-Identifier: Apache-2.0
#include "tests/codegen/kernel/kernel_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

namespace fovea {
namespace {

std::string joined(const std::vector<std::string>& parts) { return fmt::format("{}", fmt::join(parts, ", ")); }

std::string loop_names(int loops) {
  std::vector<std::string> names;
  for (int i = 0; i < loops; ++i) names.push_back(fmt::format("d{}", i));
  return joined(names);
}

std::string identity(int loops) { return fmt::format("({0}) -> ({0})", loop_names(loops)); }

std::string list(const Sizes& sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

const std::string multiply_add = "%p = arith.mulf %i0, %i1 : {0}\n%s = arith.addf %o0, %p : {0}\nyield %s";

// The type in which images, filters and gradients of this element type are summed.
std::string sum_of(const std::string& element) { return element == "bf16" ? "f32" : element; }

std::string multiply_add_of(const std::string& element) {
  if (element == "bf16")
    return "%a = arith.extf %i0 : bf16 to f32\n%b = arith.extf %i1 : bf16 to f32\n"
           "%p = arith.mulf %a, %b : f32\n%s = arith.addf %o0, %p : f32\nyield %s";
  if (element.front() == 'i')
    return fmt::format("%p = arith.muli %i0, %i1 : {0}\n%s = arith.addi %o0, %p : {0}\nyield %s", element);
  return fmt::format(fmt::runtime(multiply_add), element);
}

int64_t at(const Sizes& sizes, size_t i, int64_t otherwise) { return i < sizes.size() ? sizes[i] : otherwise; }

// The same for a sum in f32 that is stored as bf16.
void finish_narrow(KernelText& k, const std::string& root, Epilogue epilogue) {
  const Sizes shape = k.shape(root);
  const int rank = static_cast<int>(shape.size());
  if (epilogue == Epilogue::bias_relu) {
    const std::string bias = k.argument({shape.back()});
    k.returns({k.elementwise({{root, ""}, {bias, fmt::format("({}) -> (d{})", loop_names(rank), rank - 1)}}, shape,
                             "%zero = arith.constant 0.0 : f32\n%a = arith.addf %i0, %i1 : f32\n"
                             "%m = arith.maximumf %a, %zero : f32\n%r = arith.truncf %m : f32 to bf16\nyield %r",
                             "bf16")});
    return;
  }
  const std::string other = k.argument(shape, "bf16");
  const std::string sum =
      "%o = arith.extf %i1 : bf16 to f32\n%a = arith.addf %i0, %o : f32\n"
      "%r = arith.truncf %a : f32 to bf16\n";
  if (epilogue == Epilogue::residual)
    return k.returns({k.elementwise({{root, ""}, {other, ""}}, shape, sum + "yield %r", "bf16")});
  k.returns(k.formula({{root, ""}, {other, ""}}, {{k.empty(shape, "bf16"), ""}, {k.empty(shape), ""}}, rank, rank,
                      sum + "yield %r, %i0"));
}

// Adds the result of a root and its epilogue.
void finish(KernelText& k, const std::string& root, Epilogue epilogue, const std::string& element = "f32") {
  const Sizes shape = k.shape(root);
  const int rank = static_cast<int>(shape.size());
  if (epilogue == Epilogue::none) return k.returns({root});
  if (element == "bf16") return finish_narrow(k, root, epilogue);
  if (epilogue == Epilogue::bias_relu) {
    const std::string bias = k.argument({shape.back()}, element);
    k.returns({k.elementwise({{root, ""}, {bias, fmt::format("({}) -> (d{})", loop_names(rank), rank - 1)}}, shape,
                             fmt::format("%zero = arith.constant 0.0 : {0}\n%a = arith.addf %i0, %i1 : {0}\n"
                                         "%m = arith.maximumf %a, %zero : {0}\nyield %m",
                                         element),
                             element)});
    return;
  }
  const std::string other = k.argument(shape, element);
  if (epilogue == Epilogue::residual) {
    k.returns({k.elementwise({{root, ""}, {other, ""}}, shape, fmt::format("%a = arith.addf %i0, %i1 : {0}\nyield %a", element),
                             element)});
    return;
  }
  const auto results = k.formula({{root, ""}, {other, ""}}, {{k.empty(shape, element), ""}, {k.empty(shape, element), ""}},
                                 rank, rank, fmt::format("%a = arith.mulf %i0, %i1 : {0}\nyield %a, %i0", element));
  k.returns(results);
}

}  // namespace

std::string tensor_type(const Sizes& shape, const std::string& element) {
  std::string text = "tensor<";
  for (const int64_t size : shape) text += fmt::format("{}x", size);
  return text + element + ">";
}

const KernelText::Value& KernelText::find(const std::string& name) const {
  for (const Value& value : values_)
    if (value.name == name) return value;
  throw std::runtime_error("no value " + name);
}

const Sizes& KernelText::shape(const std::string& value) const { return find(value).shape; }

std::string KernelText::define(const Sizes& shape, const std::string& element, const std::string& line) {
  const std::string name = fresh();
  values_.push_back({name, shape, element});
  body_ += fmt::format("  {} = {}\n", name, line);
  return name;
}

std::string KernelText::argument(const Sizes& shape, const std::string& element) {
  const std::string name = fresh();
  values_.push_back({name, shape, element});
  arguments_.push_back(fmt::format("{}: {}", name, tensor_type(shape, element)));
  return name;
}

std::string KernelText::scalar(const std::string& value, const std::string& element) {
  const std::string name = fresh();
  body_ += fmt::format("  {} = arith.constant {} : {}\n", name, value, element);
  return name;
}

std::string KernelText::pad(const std::string& value, const Sizes& low, const Sizes& high, const std::string& filler) {
  const Value& source = find(value);
  const std::string element = source.element, from = tensor_type(source.shape, element);
  Sizes shape = source.shape;
  std::vector<std::string> indices;
  for (size_t i = 0; i < shape.size(); ++i) {
    shape[i] += low[i] + high[i];
    indices.push_back(fmt::format("%p{}: index", i));
  }
  const std::string constant = scalar(filler, element);
  return define(shape, element,
                fmt::format("tensor.pad {} low{} high{} {{\n  ^bb0({}):\n    tensor.yield {} : {}\n  }} : {} to {}", value,
                            list(low), list(high), joined(indices), constant, element, from, tensor_type(shape, element)));
}

std::string KernelText::slice(const std::string& value, const Sizes& offsets, const Sizes& sizes, const Sizes& strides) {
  const Value source = find(value);
  return define(sizes, source.element,
                fmt::format("tensor.extract_slice {}{}{}{} : {} to {}", value, list(offsets), list(sizes), list(strides),
                            tensor_type(source.shape, source.element), tensor_type(sizes, source.element)));
}

std::string KernelText::insert(const std::string& value, const std::string& into, const Sizes& offsets, const Sizes& strides) {
  const Value source = find(value), target = find(into);
  return define(
      target.shape, target.element,
      fmt::format("tensor.insert_slice {} into {}{}{}{} : {} into {}", value, into, list(offsets), list(source.shape),
                  list(strides), tensor_type(source.shape, source.element), tensor_type(target.shape, target.element)));
}

std::string KernelText::empty(const Sizes& shape, const std::string& element) {
  return define(shape, element, fmt::format("tensor.empty() : {}", tensor_type(shape, element)));
}

std::string KernelText::fill(const Sizes& shape, const std::string& value, const std::string& element) {
  const std::string constant = scalar(value, element), start = empty(shape, element), type = tensor_type(shape, element);
  return define(shape, element,
                fmt::format("linalg.fill ins({} : {}) outs({} : {}) -> {}", constant, element, start, type, type));
}

std::vector<std::string> KernelText::formula(const std::vector<Operand>& inputs, const std::vector<Operand>& outputs, int loops,
                                             int parallel, const std::string& body) {
  std::vector<std::string> maps, kinds, block, in, in_types, out, out_types, elements;
  auto map_of = [&](const Operand& operand) {
    const std::string text = operand.map.empty() ? identity(loops) : operand.map;
    return fmt::format("affine_map<{}{}>",
                       text.find("->") == std::string::npos ? fmt::format("({}) -> ", loop_names(loops)) : "", text);
  };
  for (const Operand& input : inputs) {
    const Value& value = find(input.value);
    maps.push_back(map_of(input));
    block.push_back(fmt::format("%i{}: {}", in.size(), value.element));
    in.push_back(input.value);
    in_types.push_back(tensor_type(value.shape, value.element));
  }
  for (const Operand& output : outputs) {
    const Value& value = find(output.value);
    maps.push_back(map_of(output));
    block.push_back(fmt::format("%o{}: {}", out.size(), value.element));
    out.push_back(output.value);
    out_types.push_back(tensor_type(value.shape, value.element));
    elements.push_back(value.element);
  }
  for (int i = 0; i < loops; ++i) kinds.push_back(i < parallel ? "\"parallel\"" : "\"reduction\"");
  const size_t yield = body.rfind("yield");
  const std::string name = fresh();
  body_ += fmt::format("  {}{} = linalg.generic {{indexing_maps = [{}], iterator_types = [{}]}}", name,
                       out.size() > 1 ? fmt::format(":{}", out.size()) : "", joined(maps), joined(kinds));
  if (!in.empty()) body_ += fmt::format(" ins({} : {})", joined(in), joined(in_types));
  body_ += fmt::format(" outs({} : {}) {{\n  ^bb0({}):\n{}\nlinalg.{} : {}\n  }} -> ", joined(out), joined(out_types),
                       joined(block), body.substr(0, yield), body.substr(yield), joined(elements));
  body_ += out.size() > 1 ? fmt::format("({})\n", joined(out_types)) : out_types[0] + "\n";
  std::vector<std::string> results;
  for (size_t i = 0; i < out.size(); ++i) {
    const Value& value = find(outputs[i].value);
    results.push_back(out.size() > 1 ? fmt::format("{}#{}", name, i) : name);
    values_.push_back({results.back(), Sizes(value.shape), std::string(value.element)});
  }
  return results;
}

std::string KernelText::elementwise(const std::vector<Operand>& inputs, const Sizes& shape, const std::string& body,
                                    const std::string& element) {
  const int rank = static_cast<int>(shape.size());
  return formula(inputs, {{empty(shape, element), ""}}, rank, rank, body)[0];
}

std::string KernelText::text() const {
  std::vector<std::string> types;
  for (const std::string& value : returned_) types.push_back(tensor_type(find(value).shape, find(value).element));
  std::vector<std::string> results = types;
  for (auto [result, argument] : in_place_) results[result] += fmt::format(" {{fovea.in_place = {} : i64}}", argument);
  return fmt::format("func.func @{}({}) -> ({}) attributes {{fovea.kernel}} {{\n{}  return {} : {}\n}}\n", name_,
                     joined(arguments_), joined(results), body_, joined(returned_), joined(types));
}

Sizes ConvolutionCase::output() const {
  Sizes result;
  for (size_t i = 0; i < size.size(); ++i) {
    const int64_t reach = (kernel[i] - 1) * at(dilation, i, 1) + 1;
    result.push_back((size[i] + at(low, i, 0) + at(high, i, 0) - reach) / at(stride, i, 1) + 1);
  }
  return result;
}

std::string ConvolutionCase::describe() const {
  return fmt::format("batch {} size {} kernel {} stride {} dilation {} padding {} {} channels {} -> {} groups {}", batch,
                     list(size), list(kernel), list(stride), list(dilation), list(low), list(high), in, out, groups);
}

namespace {

// The loops of a convolution by name, so that a map reads like the linalg operation.
struct ConvolutionLoops {
  explicit ConvolutionLoops(const ConvolutionCase& conv) : conv(conv), rank(conv.size.size()) {}
  const ConvolutionCase& conv;
  size_t rank;

  // d<first>, d<first + 1>, ...
  std::vector<std::string> loops(size_t first) const {
    std::vector<std::string> names;
    for (size_t i = 0; i < rank; ++i) names.push_back(fmt::format("d{}", first + i));
    return names;
  }
  // o * stride + k * dilation, where o and k are sequences of loops.
  std::vector<std::string> window(size_t output, size_t tap) const {
    std::vector<std::string> sums;
    for (size_t i = 0; i < rank; ++i)
      sums.push_back(fmt::format("d{} * {} + d{} * {}", output + i, at(conv.stride, i, 1), tap + i, at(conv.dilation, i, 1)));
    return sums;
  }
};

std::string map_of(std::vector<std::vector<std::string>> parts) {
  std::vector<std::string> all;
  for (auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return "(" + joined(all) + ")";
}

std::string loop(size_t i) { return fmt::format("d{}", i); }

Sizes shape_of(int64_t first, const Sizes& middle, const Sizes& last) {
  Sizes shape{first};
  shape.insert(shape.end(), middle.begin(), middle.end());
  shape.insert(shape.end(), last.begin(), last.end());
  return shape;
}

Sizes filter_shape(const Sizes& kernel, const Sizes& channels) {
  Sizes shape = kernel;
  shape.insert(shape.end(), channels.begin(), channels.end());
  return shape;
}

// The image as the root reads it, padded if there is any padding.
std::string image_of(KernelText& k, const std::string& image, const ConvolutionCase& conv, const std::string& filler = "0.0") {
  Sizes low(k.shape(image).size(), 0), high = low;
  bool any = false;
  for (size_t i = 0; i < conv.size.size(); ++i) {
    low[i + 1] = at(conv.low, i, 0);
    high[i + 1] = at(conv.high, i, 0);
    any |= low[i + 1] != 0 || high[i + 1] != 0;
  }
  return any ? k.pad(image, low, high, filler) : image;
}

}  // namespace

std::string forward_text(const ConvolutionCase& conv, Epilogue epilogue, const std::string& element) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, f = r + 1, taps = r + 2, c = 2 * r + 2;
  const std::string zero = element.front() == 'i' ? "0" : "0.0";
  const std::string x = k.argument(shape_of(conv.batch, conv.size, {conv.in}), element);
  const std::string w = k.argument(filter_shape(conv.kernel, {conv.in, conv.out}), element);
  const std::string y = k.fill(shape_of(conv.batch, conv.output(), {conv.out}), zero, sum_of(element));
  finish(k,
         k.formula({{image_of(k, x, conv, zero), map_of({{"d0"}, l.window(1, taps), {loop(c)}})},
                    {w, map_of({l.loops(taps), {loop(c), loop(f)}})}},
                   {{y, map_of({{"d0"}, l.loops(1), {loop(f)}})}}, static_cast<int>(c + 1), static_cast<int>(taps),
                   multiply_add_of(element))[0],
         epilogue, element);
  return k.text();
}

namespace {

std::string integer_product(const IntegerForm& form) {
  const auto extension = [&](bool is_unsigned) { return is_unsigned && form.element == "i8" ? "extui" : "extsi"; };
  return fmt::format(
      "%a = arith.{} %i0 : {} to i32\n%b = arith.{} %i1 : {} to i32\n"
      "%p = arith.muli %a, %b : i32\n%s = arith.addi %o0, %p : i32\nyield %s",
      extension(form.unsigned_image), form.element, extension(form.unsigned_filter), form.element);
}

void finish_integers(KernelText& k, const std::string& sum, const IntegerForm& form) {
  if (!form.requantize) return k.returns({sum});
  const Sizes shape = k.shape(sum);
  const int rank = static_cast<int>(shape.size());
  const std::string channel = fmt::format("({}) -> (d{})", loop_names(rank), rank - 1);
  const std::string bias = k.argument({shape.back()}, "i32"), scale = k.argument({shape.back()});
  k.returns({k.elementwise({{sum, ""}, {bias, channel}, {scale, channel}}, shape,
                           "%low = arith.constant -118.0 : f32\n%high = arith.constant 120.0 : f32\n"
                           "%zero = arith.constant 7 : i32\n%half = arith.constant 0.0078125 : f32\n"
                           "%t = arith.addi %i0, %i1 : i32\n%f = arith.sitofp %t : i32 to f32\n"
                           "%c = arith.mulf %f, %half : f32\n%l = arith.maximumf %c, %low : f32\n"
                           "%h = arith.minimumf %l, %high : f32\n%e = math.roundeven %h : f32\n"
                           "%n = arith.fptosi %e : f32 to i32\n%z = arith.addi %n, %zero : i32\n"
                           "%r = arith.trunci %z : i32 to i8\nyield %r",
                           "i8")});
}

}  // namespace

std::string integer_forward_text(const ConvolutionCase& conv, const IntegerForm& form) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, f = r + 1, taps = r + 2, c = 2 * r + 2;
  const bool grouped = form.group > 1;
  Sizes image = shape_of(conv.batch, conv.size, {conv.in / form.group}),
        filter = filter_shape(conv.kernel, {conv.in / form.group, conv.out});
  std::vector<std::string> last{loop(c)}, both{loop(c), loop(f)};
  if (grouped) {
    for (Sizes* shape : {&image, &filter}) shape->push_back(form.group);
    for (auto* names : {&last, &both}) names->push_back(loop(c + 1));
  }
  const std::string x = k.argument(image, form.element), w = k.argument(filter, form.element);
  const std::string y = k.fill(shape_of(conv.batch, conv.output(), {conv.out}), "0", "i32");
  finish_integers(k,
                  k.formula({{image_of(k, x, conv, std::to_string(form.zero)), map_of({{"d0"}, l.window(1, taps), last})},
                             {w, map_of({l.loops(taps), both})}},
                            {{y, map_of({{"d0"}, l.loops(1), {loop(f)}})}}, static_cast<int>(c + (grouped ? 2 : 1)),
                            static_cast<int>(taps), integer_product(form))[0],
                  form);
  return k.text();
}

std::string integer_dense_text(int64_t rows, int64_t columns, int64_t depth, const IntegerForm& form) {
  KernelText k;
  const bool grouped = form.group > 1;
  Sizes left{rows, depth / form.group}, right{depth / form.group, columns};
  if (grouped)
    for (Sizes* shape : {&left, &right}) shape->push_back(form.group);
  const std::string x = k.argument(left, form.element), w = k.argument(right, form.element);
  const std::string y = k.fill({rows, columns}, "0", "i32");
  finish_integers(k,
                  k.formula({{x, grouped ? "(d0, d2, d3)" : "(d0, d2)"}, {w, grouped ? "(d2, d1, d3)" : "(d2, d1)"}},
                            {{y, "(d0, d1)"}}, grouped ? 4 : 3, 2, integer_product(form))[0],
                  form);
  return k.text();
}

std::string integer_depthwise_text(const ConvolutionCase& conv, const IntegerForm& form) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, c = r + 1, taps = r + 2;
  const std::string x = k.argument(shape_of(conv.batch, conv.size, {conv.groups}), "i8");
  const std::string w = k.argument(filter_shape(conv.kernel, {conv.groups}), "i8");
  const std::string sum = form.in_f32 ? "f32" : "i32";
  const std::string y = k.fill(shape_of(conv.batch, conv.output(), {conv.groups}), form.in_f32 ? "0.0" : "0", sum);
  const std::string body =
      form.in_f32 ? fmt::format(
                        "%zero = arith.constant {} : i32\n%a = arith.{} %i0 : i8 to i32\n%m = arith.subi %a, %zero : i32\n"
                        "%f = arith.sitofp %m : i32 to f32\n%b = arith.extsi %i1 : i8 to i32\n"
                        "%g = arith.sitofp %b : i32 to f32\n%p = arith.mulf %f, %g : f32\n"
                        "%s = arith.addf %o0, %p : f32\nyield %s",
                        form.zero, form.unsigned_image ? "extui" : "extsi")
                  : integer_product(form);
  std::string result =
      k.formula({{image_of(k, x, conv, std::to_string(form.zero)), map_of({{"d0"}, l.window(1, taps), {loop(c)}})},
                 {w, map_of({l.loops(taps), {loop(c)}})}},
                {{y, map_of({{"d0"}, l.loops(1), {loop(c)}})}}, static_cast<int>(taps + r), static_cast<int>(taps), body)[0];
  if (form.in_f32)
    result = k.elementwise({{result, ""}}, k.shape(result), "%i = arith.fptosi %i0 : f32 to i32\nyield %i", "i32");
  finish_integers(k, result, form);
  return k.text();
}

// dx[n, h, c] = sum over k, f of dy[n, h - k * dilation + low, f] * w[k, c, f], with dy padded so that every position exists.
std::string input_gradient_text(const ConvolutionCase& conv, const std::string& element) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, c = r + 1, taps = r + 2, f = 2 * r + 2;
  const Sizes output = conv.output();
  const std::string dy = k.argument(shape_of(conv.batch, output, {conv.out}), element);
  const std::string w = k.argument(filter_shape(conv.kernel, {conv.in, conv.out}), element);
  Sizes low(r + 2, 0), high(r + 2, 0);
  std::vector<std::string> places;
  for (size_t i = 0; i < r; ++i) {
    const int64_t reach = (conv.kernel[i] - 1) * at(conv.dilation, i, 1), first = at(conv.low, i, 0) - reach;
    low[i + 1] = std::max<int64_t>(0, -first);
    high[i + 1] = std::max<int64_t>(0, conv.size[i] - 1 + at(conv.low, i, 0) - (output[i] - 1));
    places.push_back(
        fmt::format("d{} - d{} * {} + {}", 1 + i, taps + i, at(conv.dilation, i, 1), at(conv.low, i, 0) + low[i + 1]));
  }
  const std::string padded = k.pad(dy, low, high);
  const std::string dx = k.fill(shape_of(conv.batch, conv.size, {conv.in}), "0.0");
  k.returns(k.formula({{padded, map_of({{"d0"}, places, {loop(f)}})}, {w, map_of({l.loops(taps), {loop(c), loop(f)}})}},
                      {{dx, map_of({{"d0"}, l.loops(1), {loop(c)}})}}, static_cast<int>(f + 1), static_cast<int>(taps),
                      multiply_add_of(element)));
  return k.text();
}

std::string filter_gradient_text(const ConvolutionCase& conv, const std::string& element) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, c = r, f = r + 1, n = r + 2, places = r + 3;
  const std::string x = k.argument(shape_of(conv.batch, conv.size, {conv.in}), element);
  const std::string dy = k.argument(shape_of(conv.batch, conv.output(), {conv.out}), element);
  const std::string dw = k.fill(filter_shape(conv.kernel, {conv.in, conv.out}), "0.0");
  k.returns(k.formula({{image_of(k, x, conv), map_of({{loop(n)}, l.window(places, 0), {loop(c)}})},
                       {dy, map_of({{loop(n)}, l.loops(places), {loop(f)}})}},
                      {{dw, map_of({l.loops(0), {loop(c), loop(f)}})}}, static_cast<int>(places + r), static_cast<int>(n),
                      multiply_add_of(element)));
  return k.text();
}

std::string depthwise_text(const ConvolutionCase& conv, Epilogue epilogue, const std::string& element) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, c = r + 1, taps = r + 2;
  const std::string x = k.argument(shape_of(conv.batch, conv.size, {conv.groups}), element);
  const std::string w = k.argument(filter_shape(conv.kernel, {conv.groups}), element);
  const std::string y = k.fill(shape_of(conv.batch, conv.output(), {conv.groups}), "0.0");
  finish(k,
         k.formula(
             {{image_of(k, x, conv), map_of({{"d0"}, l.window(1, taps), {loop(c)}})}, {w, map_of({l.loops(taps), {loop(c)}})}},
             {{y, map_of({{"d0"}, l.loops(1), {loop(c)}})}}, static_cast<int>(taps + r), static_cast<int>(taps),
             multiply_add_of(element))[0],
         epilogue, element);
  return k.text();
}

std::string depthwise_filter_gradient_text(const ConvolutionCase& conv, const std::string& element) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, c = r, n = r + 1, places = r + 2;
  const std::string x = k.argument(shape_of(conv.batch, conv.size, {conv.groups}), element);
  const std::string dy = k.argument(shape_of(conv.batch, conv.output(), {conv.groups}), element);
  const std::string dw = k.fill(filter_shape(conv.kernel, {conv.groups}), "0.0");
  k.returns(k.formula({{image_of(k, x, conv), map_of({{loop(n)}, l.window(places, 0), {loop(c)}})},
                       {dy, map_of({{loop(n)}, l.loops(places), {loop(c)}})}},
                      {{dw, map_of({l.loops(0), {loop(c)}})}}, static_cast<int>(places + r), static_cast<int>(n),
                      multiply_add_of(element)));
  return k.text();
}

std::string grouped_text(const ConvolutionCase& conv, const std::string& element) {
  KernelText k;
  const ConvolutionLoops l(conv);
  const size_t r = l.rank, g = r + 1, f = r + 2, taps = r + 3, c = 2 * r + 3;
  const std::string x = k.argument(shape_of(conv.batch, conv.size, {conv.groups, conv.in}), element);
  const std::string w = k.argument(filter_shape(conv.kernel, {conv.in, conv.groups, conv.out}), element);
  const std::string y = k.fill(shape_of(conv.batch, conv.output(), {conv.groups, conv.out}), "0.0");
  k.returns(k.formula({{image_of(k, x, conv), map_of({{"d0"}, l.window(1, taps), {loop(g), loop(c)}})},
                       {w, map_of({l.loops(taps), {loop(c), loop(g), loop(f)}})}},
                      {{y, map_of({{"d0"}, l.loops(1), {loop(g), loop(f)}})}}, static_cast<int>(c + 1), static_cast<int>(taps),
                      multiply_add_of(element)));
  return k.text();
}

std::string dense_text(int64_t rows, int64_t columns, int64_t depth, bool transpose_left, bool transpose_right,
                       Epilogue epilogue, const std::string& element) {
  KernelText k;
  const std::string left = k.argument(transpose_left ? Sizes{depth, rows} : Sizes{rows, depth}, element);
  const std::string right = k.argument(transpose_right ? Sizes{columns, depth} : Sizes{depth, columns}, element);
  const std::string y = k.fill({rows, columns}, element.front() == 'i' ? "0" : "0.0", sum_of(element));
  finish(k,
         k.formula({{left, transpose_left ? "(d2, d0)" : "(d0, d2)"}, {right, transpose_right ? "(d1, d2)" : "(d2, d1)"}},
                   {{y, "(d0, d1)"}}, 3, 2, multiply_add_of(element))[0],
         epilogue, element);
  return k.text();
}

std::string pool_text(const ConvolutionCase& window, Pool kind) {
  KernelText k;
  const ConvolutionLoops l(window);
  const size_t r = l.rank, c = r + 1, taps = r + 2;
  const std::string lowest = "-3.40282347E+38";
  const std::string x = k.argument(shape_of(window.batch, window.size, {window.in}));
  const std::string image = image_of(k, x, window, kind == Pool::average ? "0.0" : lowest);
  const Sizes shape = shape_of(window.batch, window.output(), {window.in});
  const std::string output = map_of({{"d0"}, l.loops(1), {loop(c)}});
  const std::vector<KernelText::Operand> inputs{{image, map_of({{"d0"}, l.window(1, taps), {loop(c)}})},
                                                {k.empty(window.kernel), map_of({l.loops(taps)})}};
  const int loops = static_cast<int>(taps + r), parallel = static_cast<int>(taps);
  if (kind == Pool::argmax) {
    std::string body = "%t0 = linalg.index " + std::to_string(taps) + " : index\n";
    std::string flat = "%t0";
    for (size_t i = 1; i < r; ++i) {
      body += fmt::format(
          "%size{0} = arith.constant {1} : index\n%m{0} = arith.muli {2}, %size{0} : index\n"
          "%x{0} = linalg.index {3} : index\n%t{0} = arith.addi %m{0}, %x{0} : index\n",
          i, window.kernel[i], flat, taps + i);
      flat = fmt::format("%t{}", i);
    }
    body += fmt::format(
        "%tap = arith.index_cast {} : index to i32\n%more = arith.cmpf ogt, %i0, %o0 : f32\n"
        "%v = arith.select %more, %i0, %o0 : f32\n%w = arith.select %more, %tap, %o1 : i32\nyield %v, %w",
        flat);
    k.returns(k.formula(inputs, {{k.fill(shape, lowest), output}, {k.fill(shape, "0", "i32"), output}}, loops, parallel, body));
    return k.text();
  }
  const char* combine = kind == Pool::max ? "maximumf" : "addf";
  const std::string pooled = k.formula(inputs, {{k.fill(shape, kind == Pool::max ? lowest : "0.0"), output}}, loops, parallel,
                                       fmt::format("%s = arith.{} %o0, %i0 : f32\nyield %s", combine))[0];
  if (kind == Pool::max) {
    k.returns({pooled});
  } else {
    k.returns({k.elementwise({{pooled, ""}}, shape,
                             "%share = arith.constant 0.125 : f32\n%m = arith.mulf %i0, %share : f32\nyield %m")});
  }
  return k.text();
}

std::string row_reduction_text(const Sizes& shape, RowReduction kind) {
  KernelText k;
  const int rank = static_cast<int>(shape.size());
  const std::string x = k.argument(shape);
  const Sizes rows(shape.begin(), shape.end() - 1);
  const std::string row = fmt::format("({}) -> ({})", loop_names(rank), loop_names(rank - 1));
  auto reduce = [&](std::vector<KernelText::Operand> more, std::vector<std::string> starts, const std::string& body) {
    std::vector<KernelText::Operand> inputs{{x, ""}}, outputs;
    inputs.insert(inputs.end(), more.begin(), more.end());
    for (const std::string& start : starts) outputs.push_back({k.fill(rows, start), row});
    k.returns(k.formula(inputs, outputs, rank, rank - 1, body));
  };
  switch (kind) {
    case RowReduction::max:
      reduce({}, {"-3.40282347E+38"}, "%s = arith.maximumf %i0, %o0 : f32\nyield %s");
      break;
    case RowReduction::sum:
      reduce({}, {"0.0"}, "%s = arith.addf %i0, %o0 : f32\nyield %s");
      break;
    case RowReduction::exp_sum:
      reduce({{k.argument(rows), row}}, {"0.0"},
             "%d = arith.subf %i0, %i1 : f32\n%e = math.exp %d : f32\n%s = arith.addf %e, %o0 : f32\nyield %s");
      break;
    case RowReduction::two_sums:
      reduce({{k.argument(shape), ""}}, {"0.0", "0.0"},
             "%p = arith.mulf %i0, %i1 : f32\n%s = arith.addf %i0, %o0 : f32\n%t = arith.addf %p, %o1 : f32\nyield %s, %t");
      break;
    case RowReduction::product:
      reduce({}, {"1.0"},
             "%one = arith.constant 1.0 : f32\n%a = arith.addf %one, %i0 : f32\n%s = arith.mulf %a, %o0 : f32\nyield %s");
      break;
  }
  return k.text();
}

std::string column_sums_text(const Sizes& shape) {
  KernelText k;
  const int rank = static_cast<int>(shape.size());
  const std::string x = k.argument(shape);
  std::vector<std::string> places{};
  for (int i = 1; i < rank; ++i) places.push_back(fmt::format("d{}", i));
  // The columns are loop 0, because the contract has the loops of the output first.
  places.emplace_back("d0");
  k.returns(k.formula(
      {{x, "(" + joined(places) + ")"}}, {{k.fill({shape.back()}, "0.0"), "(d0)"}, {k.fill({shape.back()}, "0.0"), "(d0)"}},
      rank, 1, "%q = arith.mulf %i0, %i0 : f32\n%s = arith.addf %i0, %o0 : f32\n%t = arith.addf %q, %o1 : f32\nyield %s, %t"));
  return k.text();
}

}  // namespace fovea
