// SPDX-License-Identifier: Apache-2.0
// Comparisons, logic and selection. Booleans are the f32 numbers 0 and 1.
#include "fovea/interchange/onnx/composite.h"

namespace fovea {
namespace {

void check_same_type(Importer& importer, const OnnxNode& node, const Ref a, const Ref b) {
  const DType left = importer.type_of(a).dtype, right = importer.type_of(b).dtype;
  if (left != right) importer.complain(node, "{} beside {}", name(left), name(right));
}

void import_comparison(Importer& importer, const OnnxNode& node, const char* comparison) {
  const Placed placed = placed_together(importer, node, {&importer.input(node, 0), &importer.input(node, 1)});
  check_same_type(importer, node, placed.refs[0], placed.refs[1]);
  Composite c(importer, node);
  set_placed(importer, node, placed, c.select(placed.refs[0], comparison, placed.refs[1], 1, 0));
}

void import_logic(Importer& importer, const OnnxNode& node) {
  const Placed placed = placed_together(importer, node, {&importer.input(node, 0), &importer.input(node, 1)});
  Composite c(importer, node);
  const Ref a = placed.refs[0], b = placed.refs[1];
  const Ref y = node.type == "And" ? c.minimum(a, b) : node.type == "Or" ? c.maximum(a, b) : c.select(a, "ne", b, 1, 0);
  set_placed(importer, node, placed, y);
}

void import_where(Importer& importer, const OnnxNode& node) {
  const Placed placed =
      placed_together(importer, node, {&importer.input(node, 0), &importer.input(node, 1), &importer.input(node, 2)});
  check_same_type(importer, node, placed.refs[1], placed.refs[2]);
  Composite c(importer, node);
  set_placed(importer, node, placed, c.select(placed.refs[0], "ne", 0, placed.refs[1], placed.refs[2]));
}

}  // namespace

void add_comparison_imports(ImportTable& table) {
  const std::pair<const char*, const char*> comparisons[] = {
      {"Equal", "eq"}, {"Less", "lt"}, {"LessOrEqual", "le"}, {"Greater", "gt"}, {"GreaterOrEqual", "ge"}};
  for (const auto& [type, comparison] : comparisons)
    table[type] = [comparison](Importer& importer, const OnnxNode& node) { import_comparison(importer, node, comparison); };
  for (const char* type : {"And", "Or", "Xor"}) table[type] = import_logic;
  table["Where"] = import_where;
}

}  // namespace fovea
