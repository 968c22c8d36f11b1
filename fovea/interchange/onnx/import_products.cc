// SPDX-License-Identifier: Apache-2.0
// Gemm, MatMul and Einsum. A flattened feature map is not transposed to the file's order; instead the rows of the weights that
// read it are permuted.
#include <algorithm>
#include <cctype>
#include <set>

#include "fovea/core/tensor_permute.h"
#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

Tensor scaled(const Tensor& tensor, float factor) {
  if (factor == 1.0F) return tensor;
  Tensor result = tensor.clone();
  for (float& number : result.values<float>()) number *= factor;
  return result;
}

// x [m, k] times a known weight [k, n].
Ref dense(Importer& importer, const OnnxNode& node, ImportedValue& x, const std::string& weight_name, const Tensor& weight) {
  if (weight.shape().size() != 2 || weight.dtype() != DType::f32 || weight.shape()[0] != x.shape()[1])
    importer.complain(node, "weights {} {} for an input {}", to_string(weight.shape()), name(weight.dtype()),
                      to_string(x.shape()));
  const Shape shape = x.shape();
  if (!is_rows(x.layout)) {
    const Ref rows = importer.row_major(x);
    return importer.add(node, ops::Dense{rows, importer.parameter(weight_name, weight)});
  }
  const Ref parameter = importer.parameter(weight_name, matched_rows(weight, x.layout));
  const Ref rows = importer.shape_of(x.ref) == shape ? x.ref : importer.add(node, ops::Reshape{.input = x.ref, .shape = shape});
  return importer.add(node, ops::Dense{rows, parameter});
}

Ref scaled(Importer& importer, const OnnxNode& node, Ref x, float factor) {
  return factor == 1.0F ? x : importer.add(node, ops::Mul{x, importer.scalar(factor)});
}

void import_gemm(Importer& importer, const OnnxNode& node) {
  ImportedValue& a = importer.input(node, 0);
  ImportedValue& b = importer.input(node, 1);
  if (a.rank() != 2 || b.rank() != 2)
    importer.complain(node, "its inputs are {} and {}; matrices are needed", to_string(a.shape()), to_string(b.shape()));
  const bool transpose_a = importer.integer(node, "transA", 0) != 0, transpose_b = importer.integer(node, "transB", 0) != 0;
  const float alpha = importer.number(node, "alpha", 1.0F), beta = importer.number(node, "beta", 1.0F);
  Ref y;
  if (b.constant && !a.constant && !transpose_a) {
    const Tensor weight = transpose_b ? permuted(*b.constant, std::vector<int64_t>{1, 0}) : *b.constant;
    if (weight.dtype() != DType::f32) importer.complain(node, "weights are {}; f32 is needed", name(weight.dtype()));
    y = dense(importer, node, a, b.name, scaled(weight, alpha));
  } else {
    const Ref lhs = importer.row_major(a), rhs = importer.row_major(b);
    y = importer.add(node, ops::Matmul{.lhs = lhs, .rhs = rhs, .transpose_lhs = transpose_a, .transpose_rhs = transpose_b});
    y = scaled(importer, node, y, alpha);
  }
  if (importer.has_input(node, 2) && beta != 0) {
    ImportedValue& bias = importer.input(node, 2);
    const Shape shape = bias.shape();
    const bool row = shape.size() == 2 && shape[0] == 1;  // [1, n] is used as [n]
    const Ref term =
        bias.constant && row ? importer.parameter(bias.name, bias.constant->reshaped({shape[1]})) : importer.row_major(bias);
    y = importer.add(node, ops::Add{y, scaled(importer, node, term, beta)});
  }
  importer.set(node, 0, y, Layout::row_major(importer.shape_of(y)));
}

// Products of batches of matrices, such as those of attention heads. The batch dimensions broadcast. A vector is a row on the
// left and a column on the right, and its dimension is removed from the result.
void import_stacks(Importer& importer, const OnnxNode& node, ImportedValue& a, ImportedValue& b) {
  Shape left = a.shape(), right = b.shape();
  const bool row = left.size() == 1, column = right.size() == 1;
  if (left.empty() || right.empty()) importer.complain(node, "a product of {} and {}", to_string(left), to_string(right));
  if (row) left.insert(left.begin(), 1);
  if (column) right.push_back(1);
  const Shape stack = importer.broadcast(node, Shape(left.begin(), left.end() - 2), Shape(right.begin(), right.end() - 2));
  Composite c(importer, node);
  const auto whole = [&](ImportedValue& value, const Shape& own) {
    Shape shape = stack;
    shape.insert(shape.end(), own.end() - 2, own.end());
    const Ref matrices = c.reshape(importer.row_major(value), own);
    return own == shape ? matrices : c(ops::Broadcast{.input = matrices, .shape = shape});
  };
  const Ref lhs = whole(a, left), rhs = whole(b, right);
  const Ref y = c(ops::Matmul{lhs, rhs});
  Shape shape = stack;
  if (!row) shape.push_back(left[left.size() - 2]);
  if (!column) shape.push_back(right.back());
  importer.set(node, 0, c.reshape(y, shape), Layout::row_major(shape));
}

// [..., k] times [k, n], and a matrix times a matrix.
void import_matmul(Importer& importer, const OnnxNode& node) {
  ImportedValue& a = importer.input(node, 0);
  ImportedValue& b = importer.input(node, 1);
  if (a.rank() < 2 || b.rank() != 2) return import_stacks(importer, node, a, b);
  Shape shape = a.shape();
  const int64_t in = shape.back();
  ImportedValue rows = a;
  if (a.rank() > 2) {
    const Shape flat{element_count(shape) / std::max<int64_t>(in, 1), in};
    if (rows.constant) {
      rows.constant = rows.constant->reshaped(flat);
    } else {
      if (!rows.layout.reshaped(flat)) importer.row_major(rows);
      rows.layout = *rows.layout.reshaped(flat);
    }
  }
  Ref y;
  if (b.constant && !rows.constant) {
    y = dense(importer, node, rows, b.name, *b.constant);
  } else {
    const Ref lhs = importer.row_major(rows), rhs = importer.row_major(b);
    y = importer.add(node, ops::Matmul{lhs, rhs});
  }
  shape.back() = b.shape()[1];
  const Layout flat = Layout::row_major(importer.shape_of(y));
  const std::optional<Layout> layout = flat.reshaped(shape);
  importer.set(node, 0, y, layout ? *layout : flat);
}

// An equation such as "bhid,bhjd->bhij": the letters of the inputs and of the result.
struct Equation {
  std::vector<std::string> inputs;
  std::string result;
};

// Replaces the ellipsis, which stands for the dimensions before those with letters, by letters of its own, counted from the
// last.
std::string spelled_out(const std::string& term, int64_t hidden) {
  const size_t dots = term.find("...");
  if (dots == std::string::npos) return term;
  std::string letters;
  for (int64_t i = hidden; i-- > 0;) letters += static_cast<char>('0' + i);
  return term.substr(0, dots) + letters + term.substr(dots + 3);
}

Equation equation_of(Importer& importer, const OnnxNode& node) {
  std::string text = importer.text(node, "equation", "");
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  std::string left = text.substr(0, arrow);
  Equation equation;
  int64_t widest = 0;
  for (size_t start = 0, i = 0; start <= left.size(); ++i) {
    const size_t end = std::min(left.find(',', start), left.size());
    const std::string term = left.substr(start, end - start);
    const bool dots = term.find("...") != std::string::npos;
    const int64_t hidden = dots && i < node.inputs.size() ? importer.input(node, i).rank() - std::ssize(term) + 3 : 0;
    if (hidden < 0 || hidden > 8) importer.complain(node, "\"{}\" for an input with fewer dimensions", text);
    widest = std::max(widest, hidden);
    equation.inputs.push_back(spelled_out(term, hidden));
    start = end + 1;
  }
  if (equation.inputs.size() != node.inputs.size() || node.inputs.empty() || node.inputs.size() > 2)
    importer.complain(node, "\"{}\" of {} inputs; fovea has that of one or two", text, node.inputs.size());
  if (arrow != std::string::npos) {
    equation.result = spelled_out(text.substr(arrow + 2), widest);
  } else {
    // The implicit result: letters that occur once, in alphabetical order, after the ellipsis.
    std::map<char, int> occurrences;
    for (const std::string& letters : equation.inputs)
      for (const char letter : letters) ++occurrences[letter];
    for (int64_t i = widest; i-- > 0;) equation.result += static_cast<char>('0' + i);
    for (const auto& [letter, count] : occurrences)
      if (count == 1 && (letter < '0' || letter > '9')) equation.result += letter;
  }
  std::vector<std::string> terms = equation.inputs;
  terms.push_back(equation.result);
  for (const std::string& letters : terms) {
    const bool plain = std::ranges::all_of(letters, [](char l) { return std::isalnum(static_cast<unsigned char>(l)) != 0; });
    if (!plain || std::set(letters.begin(), letters.end()).size() != letters.size())
      importer.complain(node, "\"{}\": fovea has a letter for each dimension, none twice in one tensor", text);
  }
  return equation;
}

bool has(const std::string& letters, char letter) { return letters.find(letter) != std::string::npos; }

// A factor of a sum of products: its value, and the letters of its dimensions.
struct Factor {
  Ref ref;
  std::string letters;
};

// The factor without the letters that no other factor and not the result has; they are summed first.
Factor summed_alone(Importer& importer, const OnnxNode& node, size_t index, const std::string& letters,
                    const std::string& kept) {
  ImportedValue& x = importer.input(node, index);
  if (x.rank() != std::ssize(letters))
    importer.complain(node, "{} for the {} letters \"{}\"", to_string(x.shape()), letters.size(), letters);
  Composite c(importer, node);
  Factor factor{importer.row_major(x), {}};
  std::vector<int64_t> gone;
  for (size_t i = 0; i < letters.size(); ++i) {
    if (has(kept, letters[i]))
      factor.letters += letters[i];
    else
      gone.push_back(static_cast<int64_t>(i));
  }
  factor.ref = c.reduce<ops::ReduceSum>(factor.ref, gone, false);
  return factor;
}

// The factor with its dimensions in the order of `letters`.
Ref ordered(Composite& c, const Factor& factor, const std::string& letters) {
  if (factor.letters == letters) return factor.ref;
  std::vector<int64_t> order;
  for (const char letter : letters) order.push_back(static_cast<int64_t>(factor.letters.find(letter)));
  return c(ops::Transpose{.input = factor.ref, .permutation = order});
}

// A sum of products is a batch of matrix products: letters of both factors and the result are the batch, and letters of both
// factors alone are summed.
void import_einsum(Importer& importer, const OnnxNode& node) {
  const Equation equation = equation_of(importer, node);
  const std::string second = equation.inputs.size() == 2 ? equation.inputs[1] : "";
  const Factor a = summed_alone(importer, node, 0, equation.inputs[0], equation.result + second);
  Composite c(importer, node);
  std::map<char, int64_t> sizes;
  for (size_t i = 0; i < a.letters.size(); ++i) sizes[a.letters[i]] = importer.shape_of(a.ref)[i];
  Factor product = a;
  if (equation.inputs.size() == 2) {
    const Factor b = summed_alone(importer, node, 1, second, equation.result + equation.inputs[0]);
    for (size_t i = 0; i < b.letters.size(); ++i) {
      if (sizes.try_emplace(b.letters[i], importer.shape_of(b.ref)[i]).first->second != importer.shape_of(b.ref)[i])
        importer.complain(node, "{} and {} differ along \"{}\"", to_string(importer.shape_of(a.ref)),
                          to_string(importer.shape_of(b.ref)), b.letters[i]);
    }
    std::string stack, rows, columns, summed;
    for (const char letter : a.letters)
      (!has(b.letters, letter) ? rows : has(equation.result, letter) ? stack : summed) += letter;
    for (const char letter : b.letters)
      if (!has(a.letters, letter)) columns += letter;
    const auto count = [&](const std::string& letters) {
      int64_t total = 1;
      for (const char letter : letters) total *= sizes.at(letter);
      return total;
    };
    const Ref lhs = c.reshape(ordered(c, a, stack + rows + summed), {count(stack), count(rows), count(summed)});
    const Ref rhs = c.reshape(ordered(c, b, stack + summed + columns), {count(stack), count(summed), count(columns)});
    product.letters = stack + rows + columns;
    Shape shape;
    for (const char letter : product.letters) shape.push_back(sizes.at(letter));
    product.ref = c.reshape(c(ops::Matmul{lhs, rhs}), shape);
  }
  for (const char letter : equation.result)
    if (!has(product.letters, letter)) importer.complain(node, "\"{}\" of the result is of no input", letter);
  std::vector<int64_t> places;
  for (const char letter : product.letters) places.push_back(static_cast<int64_t>(equation.result.find(letter)));
  importer.set_in_order(node, 0, product.ref, places);
}

}  // namespace

void add_product_imports(ImportTable& table) {
  table["Gemm"] = import_gemm;
  table["MatMul"] = import_matmul;
  table["Einsum"] = import_einsum;
}

}  // namespace fovea
