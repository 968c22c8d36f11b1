// SPDX-License-Identifier: Apache-2.0
#include "fovea/graph/operators.h"

#include <algorithm>

#include "fovea/core/error.h"

namespace fovea::ops {
namespace {

template <typename T>
void put(Attributes& attributes, const char* name, const T& value) {
  attributes.emplace_back(name, value);
}
// Element types are named in attributes.
void put(Attributes& attributes, const char* name, DType value) {
  attributes.emplace_back(name, std::string(fovea::name(value)));
}
void put(Attributes& attributes, const char* name, const Padding& value) {
  if (const std::vector<int64_t>* cells = value.cells())
    attributes.emplace_back(name, *cells);
  else
    attributes.emplace_back(name, std::string(value.rule()));
}

template <typename T>
void read(const Attribute& attribute, T& value) {
  value = std::get<T>(attribute);
}
void read(const Attribute& attribute, DType& value) { value = dtype_named(std::get<std::string>(attribute)); }
void read(const Attribute& attribute, Padding& value) { value = Padding(attribute); }
template <typename T>
void read(const Attribute& attribute, std::optional<T>& value) {
  read(attribute, value.emplace());
}

const Attribute* find(const Attributes& attributes, std::string_view name) {
  const auto found = std::ranges::find(attributes, name, &std::pair<std::string, Attribute>::first);
  return found == attributes.end() ? nullptr : &found->second;
}

template <typename T>
void take_if_given(const Attributes& attributes, std::string_view name, T& value) {
  if (const Attribute* attribute = find(attributes, name)) read(*attribute, value);
}

template <typename T>
void take(const Attributes& attributes, std::string_view name, T& value) {
  const Attribute* attribute = find(attributes, name);
  if (!attribute) fail("an operator of a network lacks its attribute {}", name);
  read(*attribute, value);
}

}  // namespace

Padding::Padding(const Attribute& attribute) {
  if (const auto* numbers = std::get_if<std::vector<int64_t>>(&attribute))
    emplace<std::vector<int64_t>>(*numbers);
  else
    emplace<std::string>(std::get<std::string>(attribute));
}

#include "fovea/graph/OperatorStructs.cc.inc"

}  // namespace fovea::ops
