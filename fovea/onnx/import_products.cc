// Gemm and MatMul. A flattened feature map is not brought into the file's order: the rows of the weights that meet it are.
#include <algorithm>

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

// [..., k] times [k, n], and a matrix times a matrix.
void import_matmul(Importer& importer, const OnnxNode& node) {
  ImportedValue& a = importer.input(node, 0);
  ImportedValue& b = importer.input(node, 1);
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

}  // namespace

void add_product_imports(ImportTable& table) {
  table["Gemm"] = import_gemm;
  table["MatMul"] = import_matmul;
}

}  // namespace fovea
