// SPDX-License-Identifier: Apache-2.0
// Python's pickles, as far as weights need them: a machine for plain data - numbers, text, tuples, lists, dictionaries - and
// for the few names that PyTorch writes around tensors. Nothing is ever executed: a name is a word, and what would be a call is
// kept as that word and its arguments. Any other opcode or name is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

struct PickleValue {
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,  // one that does not fit 64 bits is text, its bytes
    real,
    text,  // or bytes
    tuple,
    list,        // or a set
    dictionary,  // items: key, value, key, value, ...
    name,        // text: "torch FloatStorage"
    call,        // items: the name, then its arguments
    persistent   // items: what names an object outside of the pickle
  };
  Kind kind = Kind::none;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<const PickleValue*> items;

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_name(std::string_view wanted) const { return kind == Kind::name && text == wanted; }
  bool is_call(std::string_view wanted) const { return kind == Kind::call && items[0]->text == wanted; }
  // Of a dictionary; null where there is none.
  const PickleValue* find(std::string_view key) const;
};

// One pickle, with its values. They may hold themselves: whoever follows them has to bound the depth.
class Pickle {
 public:
  // Reads from the start of `bytes`. Fails naming `file` and what was met.
  Pickle(std::span<const std::byte> bytes, const std::string& file);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleValue& root() const { return *root_; }
  size_t length() const { return length_; }  // in bytes; another pickle may follow
  const std::deque<PickleValue>& values() const { return values_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
  size_t length_ = 0;
};

}  // namespace fovea
