// SPDX-License-Identifier: Apache-2.0
// Operators that fovea does not have, composed of those it has: `y = c.mul(c.add(x, 3), 0.5)`. Internal to
// fovea/interchange/onnx.
#pragma once

#include <string>
#include <vector>

#include "fovea/interchange/onnx/importer.h"

namespace fovea {

// Adds operators for one node of the file.
class Composite {
 public:
  // `dtype` is the type of plain numbers among the operands.
  Composite(Importer& importer, const OnnxNode& node, DType dtype = DType::f32)
      : importer_(importer), node_(node), dtype_(dtype) {}

  // An operand: a value, or a number.
  struct Term {
    Term(Ref ref) : ref(ref) {}              // NOLINT: a value is a term
    Term(double number) : number(number) {}  // NOLINT: and so is a number
    Ref ref = {};
    double number = 0;
  };

  Ref value(Term term) { return term.ref.index >= 0 ? term.ref : importer_.scalar(term.number, dtype_); }
  template <Operator Op>
  typename Op::Results operator()(const Op& op) {
    return importer_.add(node_, op);
  }

  Ref add(Term a, Term b) { return (*this)(ops::Add{value(a), value(b)}); }
  Ref sub(Term a, Term b) { return (*this)(ops::Sub{value(a), value(b)}); }
  Ref mul(Term a, Term b) { return (*this)(ops::Mul{value(a), value(b)}); }
  Ref div(Term a, Term b) { return (*this)(ops::Div{value(a), value(b)}); }
  Ref pow(Term a, Term b) { return (*this)(ops::Pow{value(a), value(b)}); }
  Ref maximum(Term a, Term b) { return (*this)(ops::Maximum{value(a), value(b)}); }
  Ref minimum(Term a, Term b) { return (*this)(ops::Minimum{value(a), value(b)}); }
  Ref square(Ref a) { return mul(a, a); }
  Ref sqrt(Ref a) { return (*this)(ops::Sqrt{a}); }
  Ref exp(Ref a) { return (*this)(ops::Exp{a}); }
  Ref log(Ref a) { return (*this)(ops::Log{a}); }
  Ref abs(Ref a) { return (*this)(ops::Abs{a}); }
  // a COMPARISON b ? yes : no
  Ref select(Term a, const char* comparison, Term b, Term yes, Term no) {
    return (*this)(ops::Select{
        .lhs = value(a), .rhs = value(b), .on_true = value(yes), .on_false = value(no), .comparison = std::string(comparison)});
  }
  Ref cast(Ref a, DType to) {
    if (importer_.type_of(a).dtype == to) return a;
    return (*this)(ops::Cast{.input = a, .dtype = to});
  }
  Ref reshape(Ref a, const Shape& shape) {
    return importer_.shape_of(a) == shape ? a : (*this)(ops::Reshape{.input = a, .shape = shape});
  }
  Shape shape_of(Ref a) const { return importer_.shape_of(a); }
  template <Operator Reduction>
  Ref reduce(Ref a, const std::vector<int64_t>& dims, bool keep = true) {
    if (dims.empty()) return a;
    return (*this)(Reduction{.input = a, .dims = dims, .keep_dims = keep});
  }

  void spend(int64_t bytes) { importer_.spend(node_, static_cast<uint64_t>(bytes)); }

  // 0, 1, 2, ... along a dimension of a tensor of that rank, for broadcasting.
  Ref positions(int64_t count, int64_t dimension, int64_t rank, DType dtype = DType::i64);

 private:
  Importer& importer_;
  const OnnxNode& node_;
  DType dtype_;
};

// For operators that work on each element alone: the value in the graph (a constant as a parameter), and its layout.
Ref data_of(Importer& importer, ImportedValue& x);
Layout layout_of(const ImportedValue& x);
DType dtype_of(Importer& importer, const ImportedValue& x);

// The order with `axis` last, because fovea's softmax, argmax and layer norm work along the last dimension.
std::vector<int64_t> with_last(Importer& importer, const ImportedValue& x, int64_t axis);

// Several values of any rank, arranged so that they broadcast, and the order of the result's dimensions.
struct Placed {
  std::vector<Ref> refs;
  std::vector<int64_t> order;
  Shape shape;  // in the file's order
};
Placed placed_together(Importer& importer, const OnnxNode& node, std::vector<ImportedValue*> values);

// Sets the node's result, computed from its arranged inputs.
void set_placed(Importer& importer, const OnnxNode& node, const Placed& placed, Ref y);

}  // namespace fovea
