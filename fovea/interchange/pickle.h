// SPDX-License-Identifier: Apache-2.0
/// \file
/// Python's pickles, as far as weights need them: an interpreter for plain data (numbers, text, tuples, lists, dictionaries)
/// and for the few names that PyTorch writes around tensors. Nothing is ever executed: a name is a text, and a call is kept as
/// that text and its arguments. Any other opcode or name is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// A value of a pickle.
struct PickleValue {
  /// What a value is.
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,  ///< an integer that does not fit 64 bits is a text of its bytes
    real,
    text,  ///< or bytes
    tuple,
    list,        ///< or a set
    dictionary,  ///< items: key, value, key, value, ...
    name,        ///< text: "torch FloatStorage"
    call,        ///< items: the name, then its arguments
    persistent   ///< items: what identifies an object outside of the pickle
  };
  Kind kind = Kind::none;                 ///< which of the members below is meant
  int64_t integer = 0;                    ///< of booleans, too
  double real = 0;                        ///< of a real number
  std::string text;                       ///< of texts and names
  std::vector<const PickleValue*> items;  ///< of everything with parts; valid as long as the Pickle

  /// Whether the value is of this kind.
  bool is(Kind wanted) const { return kind == wanted; }
  /// Whether the value is this name.
  bool is_name(std::string_view wanted) const { return kind == Kind::name && text == wanted; }
  /// Whether the value is a call of this name.
  bool is_call(std::string_view wanted) const { return kind == Kind::call && items[0]->text == wanted; }
  /// The value of a key of a dictionary; null when there is none.
  const PickleValue* find(std::string_view key) const;
};

/// One pickle with its values, which may contain themselves: whoever follows them has to limit the depth.
class Pickle {
 public:
  /// Reads from the start of `bytes`. Fails, naming `file`, on anything that is not supported.
  Pickle(std::span<const std::byte> bytes, const std::string& file);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  /// The value of the pickle, valid as long as this object.
  const PickleValue& root() const { return *root_; }
  size_t length() const { return length_; }  ///< Its length in bytes; another pickle may follow.
  /// All values, also those that no other value contains.
  const std::deque<PickleValue>& values() const { return values_; }

 private:
  friend class PickleMachine;
  std::deque<PickleValue> values_;
  const PickleValue* root_ = nullptr;
  size_t length_ = 0;
};

}  // namespace fovea
