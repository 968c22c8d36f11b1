// SPDX-License-Identifier: Apache-2.0
// A TableGen backend: the operators of the dialect as plain structs (fovea/graph/operators.h), for code that knows no MLIR.
//
// It runs while the project is built, on fovea/dialect/ops/AllOps.td. -gen-structs writes the declarations, -gen-functions the
// definitions of their functions.
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TableGen/Error.h"
#include "llvm/TableGen/Main.h"
#include "llvm/TableGen/Record.h"
#include "mlir/TableGen/Argument.h"
#include "mlir/TableGen/Attribute.h"
#include "mlir/TableGen/Operator.h"

namespace {

using llvm::formatv;
using llvm::raw_ostream;
using llvm::StringRef;
using mlir::tblgen::NamedAttribute;
using mlir::tblgen::NamedTypeConstraint;
using mlir::tblgen::Operator;

// A member of a struct.
struct Field {
  std::string name;
  std::string type;           // in C++, without std::optional
  std::string default_value;  // of an attribute that may be left out; empty: none
  bool optional = false;      // an attribute without a default that may be left out
  bool operand = false;
  bool variadic = false;  // operands
};

[[noreturn]] void refuse(const Operator& op, const llvm::Twine& reason) {
  llvm::PrintFatalError(op.getDef().getLoc(), "operator " + op.getOperationName() + ": " + reason);
}

// The C++ type of an attribute, of those that fovea::Attribute can hold.
std::string attribute_type(const Operator& op, const NamedAttribute& named) {
  const mlir::tblgen::Attribute base = named.attr.getBaseAttr();
  const StringRef storage = base.getStorageType();
  if (storage == "::mlir::BoolAttr") return "bool";
  if (storage == "::mlir::IntegerAttr" && base.getAttrDefName() == "I64Attr") return "int64_t";
  if (storage == "::mlir::FloatAttr" && base.getAttrDefName() == "F64Attr") return "double";
  if (storage == "::mlir::StringAttr") return "std::string";
  if (storage == "::mlir::DenseI64ArrayAttr") return "std::vector<int64_t>";
  if (storage == "::mlir::ElementsAttr") return "Tensor";
  // Element types are plain ones where they are called dtype, and quantized ones otherwise.
  if (storage == "::mlir::TypeAttr") return named.name == "dtype" ? "DType" : "QuantizedType";
  if (base.getAttrDefName() == "Fovea_Padding") return "Padding";
  refuse(op, "attribute " + named.name + " has a type that the structs have no counterpart of, " + base.getAttrDefName());
}

Field operand_field(const Operator& op, const NamedTypeConstraint& operand) {
  if (operand.name.empty()) refuse(op, "an operand has no name");
  if (operand.isOptional() || operand.isVariadicOfVariadic()) refuse(op, "operand " + operand.name + " is optional");
  Field field;
  field.name = operand.name.str();
  field.operand = true;
  field.variadic = operand.isVariadic();
  field.type = field.variadic ? "std::vector<Ref>" : "Ref";
  return field;
}

Field attribute_field(const Operator& op, const NamedAttribute& named) {
  Field field;
  field.name = named.name.str();
  field.type = attribute_type(op, named);
  if (named.attr.hasDefaultValue())
    field.default_value = named.attr.getDefaultValue().str();
  else
    field.optional = named.attr.isOptional();
  return field;
}

// The operands and attributes in the order of their declaration. Only the last operand may be variadic.
std::vector<Field> fields_of(const Operator& op) {
  std::vector<Field> fields;
  bool ended = false;
  for (int i = 0; i < op.getNumArgs(); ++i) {
    const mlir::tblgen::Argument argument = op.getArg(i);
    if (const auto* operand = llvm::dyn_cast_if_present<NamedTypeConstraint*>(argument)) {
      if (ended) refuse(op, "an operand follows a variadic one");
      fields.push_back(operand_field(op, *operand));
      ended = fields.back().variadic;
    } else if (const auto* attribute = llvm::dyn_cast_if_present<NamedAttribute*>(argument)) {
      fields.push_back(attribute_field(op, *attribute));
    } else {
      refuse(op, "an argument is neither an operand nor an attribute");
    }
  }
  return fields;
}

std::string struct_name(const Operator& op) {
  StringRef name = op.getCppClassName();
  if (!name.consume_back("Op")) refuse(op, "its class name does not end in Op");
  return name.str();
}

std::string mnemonic(const Operator& op) { return StringRef(op.getOperationName()).split('.').second.str(); }

bool one_result(const Operator& op) { return op.getNumResults() == 1 && !op.getResult(0).isVariadic(); }
bool variadic_results(const Operator& op) { return op.getNumResults() == 1 && op.getResult(0).isVariadic(); }

void write_results_type(const Operator& op, raw_ostream& out) {
  if (one_result(op)) {
    out << "  using Results = Ref;  ///< what Graph::add returns: " << op.getResultName(0) << "\n";
  } else if (variadic_results(op)) {
    out << "  using Results = std::vector<Ref>;  ///< what Graph::add returns: " << op.getResultName(0) << "\n";
  } else {
    out << "  /// What Graph::add returns.\n  struct Results {\n";
    for (int i = 0; i < op.getNumResults(); ++i) {
      if (op.getResult(i).isVariadic()) refuse(op, "one of several results is variadic");
      out << formatv("    Ref {0};  ///< result {1}\n", op.getResultName(i), i);
    }
    out << "  };\n";
  }
}

void write_visit(const Operator& op, raw_ostream& out) {
  std::string calls;
  for (const Field& field : fields_of(op))
    if (!field.operand) calls += formatv("    visit(\"{0}\", {0});\n", field.name);
  out << formatv(
      "  /// Calls visit(name, member) for every attribute.\n"
      "  template <typename Visit>\n  void visit_attributes(Visit&&{0}) {{\n{1}  }\n",
      calls.empty() ? "" : " visit", calls);
}

void write_struct(const Operator& op, raw_ostream& out) {
  const std::string name = struct_name(op);
  out << formatv("/// {0}; fovea.{1} of docs/operators.md.\nstruct {2} {{\n", op.getSummary(), mnemonic(op), name);
  out << formatv("  static constexpr std::string_view name = \"{0}\";  ///< of the operator\n\n", mnemonic(op));
  for (const Field& field : fields_of(op)) {
    const std::string type = field.optional ? "std::optional<" + field.type + ">" : field.type;
    const std::string value = field.default_value.empty() ? "{}" : field.default_value;
    const std::string what = field.variadic                                   ? "operands"
                             : field.operand                                  ? "operand"
                             : field.optional || !field.default_value.empty() ? "may be left out"
                                                                              : "has to be given";
    out << formatv("  {0} {1} = {2};  ///< {3}\n", type, field.name, value, what);
  }
  out << "\n";
  write_results_type(op, out);
  out << "  std::vector<Ref> operands() const;  ///< in the operator's order\n"
         "  Attributes attributes() const;      ///< those that differ from their defaults\n"
         "  /// The operator with these operands and attributes.\n";
  out << formatv("  static {0} from(const std::vector<Ref>& operands, const Attributes& attributes);\n", name);
  out << "  static Results results_from(const std::vector<Ref>& results);  ///< results by name\n";
  write_visit(op, out);
  out << "};\n\n";
}

void write_operands(const Operator& op, raw_ostream& out) {
  out << formatv("std::vector<Ref> {0}::operands() const {{\n", struct_name(op));
  std::vector<std::string> single;
  std::string rest;
  for (const Field& field : fields_of(op)) {
    if (!field.operand) continue;
    if (field.variadic)
      rest = field.name;
    else
      single.push_back(field.name);
  }
  if (rest.empty()) {
    out << formatv("  return {{{0}};\n}\n", llvm::join(single, ", "));
  } else {
    out << formatv("  std::vector<Ref> all{{{0}};\n  all.insert(all.end(), {1}.begin(), {1}.end());\n  return all;\n}\n",
                   llvm::join(single, ", "), rest);
  }
}

void write_attributes(const Operator& op, raw_ostream& out) {
  out << formatv("Attributes {0}::attributes() const {{\n  Attributes given;\n", struct_name(op));
  for (const Field& field : fields_of(op)) {
    if (field.operand) continue;
    if (field.optional) {
      out << formatv("  if ({0}) put(given, \"{0}\", *{0});\n", field.name);
    } else if (!field.default_value.empty()) {
      const std::string standard = field.default_value == "{}" ? field.type + "{}" : field.default_value;
      out << formatv("  if ({0} != {1}) put(given, \"{0}\", {0});\n", field.name, standard);
    } else {
      out << formatv("  put(given, \"{0}\", {0});\n", field.name);
    }
  }
  out << "  return given;\n}\n";
}

void write_from(const Operator& op, raw_ostream& out) {
  bool has_operands = false, has_attributes = false;
  for (const Field& field : fields_of(op)) (field.operand ? has_operands : has_attributes) = true;
  out << formatv("{0} {0}::from(const std::vector<Ref>&{1}, const Attributes&{2}) {{\n  {0} op;\n", struct_name(op),
                 has_operands ? " operands" : "", has_attributes ? " attributes" : "");
  int index = 0;
  for (const Field& field : fields_of(op)) {
    if (field.variadic) {
      out << formatv("  op.{0}.assign(operands.begin() + {1}, operands.end());\n", field.name, index++);
    } else if (field.operand) {
      out << formatv("  op.{0} = operands.at({1});\n", field.name, index++);
    } else {
      const bool given = !field.optional && field.default_value.empty();
      out << formatv("  {1}(attributes, \"{0}\", op.{0});\n", field.name, given ? "take" : "take_if_given");
    }
  }
  out << "  return op;\n}\n";
}

void write_results(const Operator& op, raw_ostream& out) {
  const std::string name = struct_name(op);
  out << formatv("{0}::Results {0}::results_from(const std::vector<Ref>& results) {{\n  return ", name);
  if (one_result(op)) {
    out << "results.at(0);\n}\n\n";
  } else if (variadic_results(op)) {
    out << "results;\n}\n\n";
  } else {
    std::vector<std::string> entries;
    for (int i = 0; i < op.getNumResults(); ++i) entries.push_back(formatv("results.at({0})", i));
    out << "{" << llvm::join(entries, ", ") << "};\n}\n\n";
  }
}

enum class Part : uint8_t { structs, functions };

bool write(raw_ostream& out, const llvm::RecordKeeper& records, Part part) {
  std::vector<std::string> names;
  out << "// Written by fovea/dialect/tablegen/operator_structs.cc from fovea/dialect/ops/AllOps.td.\n\n";
  for (const llvm::Record* record : records.getAllDerivedDefinitions("Op")) {
    const Operator op(record);
    names.push_back(struct_name(op));
    if (part == Part::structs) {
      write_struct(op, out);
    } else {
      write_operands(op, out);
      write_attributes(op, out);
      write_from(op, out);
      write_results(op, out);
    }
  }
  if (part == Part::structs)
    out << "/// Every operator of the dialect.\nusing All = List<\n    " << llvm::join(names, ",\n    ") << ">;\n";
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  static llvm::cl::opt<Part> part(
      llvm::cl::desc("what is written"), llvm::cl::Required,
      llvm::cl::values(clEnumValN(Part::structs, "gen-structs", "the declarations of the structs"),
                       clEnumValN(Part::functions, "gen-functions", "the definitions of their functions")));
  llvm::cl::ParseCommandLineOptions(count, arguments);
  return llvm::TableGenMain(arguments[0],
                            [](raw_ostream& out, const llvm::RecordKeeper& records) { return write(out, records, part); });
}
