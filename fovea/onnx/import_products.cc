// Gemm, MatMul and Einsum. A flattened feature map is not brought into the file's order: the rows of the weights that meet it
// are.
#include <algorithm>
#include <set>

#include "fovea/onnx/importer.h"

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
    return importer.add(node, "dense", {rows, importer.parameter(weight_name, weight)}).front();
  }
  const Ref parameter = importer.parameter(weight_name, matched_rows(weight, x.layout));
  const Ref rows =
      importer.shape_of(x.ref) == shape ? x.ref : importer.add(node, "reshape", {x.ref}, {{"shape", shape}}).front();
  return importer.add(node, "dense", {rows, parameter}).front();
}

Ref scaled(Importer& importer, const OnnxNode& node, Ref x, float factor) {
  return factor == 1.0F ? x : importer.add(node, "mul", {x, importer.scalar(factor)}).front();
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
    const Tensor weight = transpose_b ? transposed(*b.constant, {1, 0}) : *b.constant;
    if (weight.dtype() != DType::f32) importer.complain(node, "weights are {}; f32 is needed", name(weight.dtype()));
    y = dense(importer, node, a, b.name, scaled(weight, alpha));
  } else {
    const Ref lhs = importer.row_major(a), rhs = importer.row_major(b);
    y = importer.add(node, "matmul", {lhs, rhs}, {{"transpose_lhs", transpose_a}, {"transpose_rhs", transpose_b}}).front();
    y = scaled(importer, node, y, alpha);
  }
  if (importer.has_input(node, 2)) {
    ImportedValue& bias = importer.input(node, 2);
    const Shape shape = bias.shape();
    const bool row = shape.size() == 2 && shape[0] == 1;  // [1, n] is [n]
    const Ref term =
        bias.constant && row ? importer.parameter(bias.name, bias.constant->reshaped({shape[1]})) : importer.row_major(bias);
    y = importer.add(node, "add", {y, scaled(importer, node, term, beta)}).front();
  }
  importer.set(node, 0, y, Layout::row_major(importer.shape_of(y)));
}

// Matrices of equal stacks, one by one: those of an attention's heads.
void import_stacks(Importer& importer, const OnnxNode& node, ImportedValue& a, ImportedValue& b) {
  const Shape left = a.shape(), right = b.shape();
  if (left.size() != right.size() || !std::equal(left.begin(), left.end() - 2, right.begin()))
    importer.complain(node, "a product of {} and {}; fovea has [..., k] times [k, n], and equal stacks of matrices",
                      to_string(left), to_string(right));
  const Ref lhs = importer.row_major(a), rhs = importer.row_major(b);
  const Ref y = importer.add(node, "matmul", {lhs, rhs}).front();
  importer.set(node, 0, y, Layout::row_major(importer.shape_of(y)));
}

// [..., k] times [k, n], and a matrix times a matrix.
void import_matmul(Importer& importer, const OnnxNode& node) {
  ImportedValue& a = importer.input(node, 0);
  ImportedValue& b = importer.input(node, 1);
  if (a.rank() >= 2 && b.rank() > 2) return import_stacks(importer, node, a, b);
  if (a.rank() < 2 || b.rank() != 2)
    importer.complain(node, "a product of {} and {}; fovea has [..., k] times [k, n]", to_string(a.shape()),
                      to_string(b.shape()));
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
    y = importer.add(node, "matmul", {lhs, rhs}).front();
  }
  shape.back() = b.shape()[1];
  const Layout flat = Layout::row_major(importer.shape_of(y));
  const std::optional<Layout> layout = flat.reshaped(shape);
  importer.set(node, 0, y, layout ? *layout : flat);
}

// "bhid,bhjd->bhij": the letters of the inputs and the result.
struct Equation {
  std::string a, b, result;
};

Equation equation_of(Importer& importer, const OnnxNode& node) {
  std::string text = importer.text(node, "equation", "");
  std::erase(text, ' ');
  const size_t comma = text.find(','), arrow = text.find("->");
  const bool good = comma != std::string::npos && arrow != std::string::npos && comma < arrow &&
                    text.find(',', comma + 1) == std::string::npos && text.find('.') == std::string::npos;
  if (!good || node.inputs.size() != 2)
    importer.complain(node, "\"{}\"; fovea has products of two tensors, a letter a dimension", text);
  Equation equation{text.substr(0, comma), text.substr(comma + 1, arrow - comma - 1), text.substr(arrow + 2)};
  for (const std::string& letters : {equation.a, equation.b, equation.result})
    if (std::set(letters.begin(), letters.end()).size() != letters.size())
      importer.complain(node, "\"{}\" repeats a letter", text);
  return equation;
}

bool has(const std::string& letters, char letter) { return letters.find(letter) != std::string::npos; }

// The value's dimensions in the order of `letters`, as [stack, rows, columns] or the other way about.
Ref stacked(Importer& importer, const OnnxNode& node, ImportedValue& x, const std::string& own, const std::string& letters,
            const Shape& shape) {
  std::vector<int64_t> order;
  for (const char letter : letters) order.push_back(static_cast<int64_t>(own.find(letter)));
  return importer.add(node, "reshape", {importer.in_order(x, order)}, {{"shape", shape}}).front();
}

// A sum of products is a stack of matrix products: letters of both and the result are the stack, those of both alone are
// summed.
void import_einsum(Importer& importer, const OnnxNode& node) {
  const Equation equation = equation_of(importer, node);
  ImportedValue& a = importer.input(node, 0);
  ImportedValue& b = importer.input(node, 1);
  if (a.rank() != std::ssize(equation.a) || b.rank() != std::ssize(equation.b))
    importer.complain(node, "{} and {} for {} and {} letters", to_string(a.shape()), to_string(b.shape()), equation.a.size(),
                      equation.b.size());
  std::map<char, int64_t> sizes;
  for (size_t i = 0; i < equation.a.size(); ++i) sizes[equation.a[i]] = a.shape()[i];
  for (size_t i = 0; i < equation.b.size(); ++i) {
    if (sizes.try_emplace(equation.b[i], b.shape()[i]).first->second != b.shape()[i])
      importer.complain(node, "{} and {} differ along \"{}\"", to_string(a.shape()), to_string(b.shape()), equation.b[i]);
  }
  std::string stack, rows, columns, summed;
  for (const char letter : equation.a)
    (!has(equation.b, letter) ? rows : has(equation.result, letter) ? stack : summed) += letter;
  for (const char letter : equation.b)
    if (!has(equation.a, letter)) columns += letter;
  const std::string order = stack + rows + columns;
  for (const char letter : order + equation.result)
    if (!has(equation.result, letter) || !has(order, letter)) importer.complain(node, "\"{}\" is summed alone", letter);
  const auto count = [&](const std::string& letters) {
    int64_t product = 1;
    for (const char letter : letters) product *= sizes.at(letter);
    return product;
  };
  const Ref lhs = stacked(importer, node, a, equation.a, stack + rows + summed, {count(stack), count(rows), count(summed)});
  const Ref rhs =
      stacked(importer, node, b, equation.b, stack + summed + columns, {count(stack), count(summed), count(columns)});
  const Ref product = importer.add(node, "matmul", {lhs, rhs}).front();
  Shape shape;
  std::vector<int64_t> places;
  for (const char letter : order) {
    shape.push_back(sizes.at(letter));
    places.push_back(static_cast<int64_t>(equation.result.find(letter)));
  }
  importer.set_in_order(node, 0, importer.add(node, "reshape", {product}, {{"shape", shape}}).front(), places);
}

}  // namespace

void add_product_imports(ImportTable& table) {
  table["Gemm"] = import_gemm;
  table["MatMul"] = import_matmul;
  table["Einsum"] = import_einsum;
}

}  // namespace fovea
