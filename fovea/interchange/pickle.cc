// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include "fovea/core/error.h"
#include "fovea/core/text.h"

namespace fovea {

using Kind = PickleValue::Kind;

namespace {

// Names that occur around tensors, and in what training loops save beside them. Element types and storages of torch are
// recognized by their form.
constexpr std::array<std::string_view, 17> known_names{"_codecs encode",
                                                       "collections OrderedDict",
                                                       "collections Counter",
                                                       "collections defaultdict",
                                                       "builtins dict",
                                                       "__builtin__ dict",
                                                       "builtins set",
                                                       "__builtin__ set",
                                                       "builtins list",
                                                       "__builtin__ list",
                                                       "torch._utils _rebuild_tensor",
                                                       "torch._utils _rebuild_tensor_v2",
                                                       "torch._utils _rebuild_parameter",
                                                       "torch.nn.parameter Parameter",
                                                       "torch Size",
                                                       "torch device",
                                                       "torch Tensor"};
constexpr std::array<std::string_view, 17> torch_types{"float32",  "float", "float64", "double",    "float16", "half",
                                                       "bfloat16", "uint8", "int8",    "int16",     "short",   "int32",
                                                       "int",      "int64", "long",    "complex64", "bool"};

bool is_known(std::string_view module, std::string_view name) {
  const std::string both = fmt::format("{} {}", module, name);
  if (std::ranges::find(known_names, both) != known_names.end()) return true;
  if (module == "torch.storage") return name == "TypedStorage" || name == "UntypedStorage";
  if (module != "torch") return false;
  return (name.ends_with("Storage") && name.find_first_of(". ") == name.npos) ||
         std::ranges::find(torch_types, name) != torch_types.end();
}

bool makes_dictionary(const PickleValue& name) { return name.text.ends_with("Dict") || name.text.ends_with(" dict"); }

}  // namespace

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != Kind::dictionary) return nullptr;
  const PickleValue* found = nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i]->is(Kind::text) && items[i]->text == key) found = items[i + 1];  // the last one counts
  return found;
}

// The opcodes of protocols 0 to 5 with which plain data are written (described in Lib/pickletools.py).
class PickleMachine {
 public:
  PickleMachine(std::span<const std::byte> bytes, const std::string& file, Pickle& pickle)
      : bytes_(bytes), file_(file), pickle_(pickle) {}

  void run() {
    while (step(byte())) {
    }
    if (stack_.size() != 1 || !marks_.empty())
      fail(ErrorCode::data_loss, "{}: damaged pickle: {} values are left", file_, stack_.size());
    pickle_.root_ = stack_.back();
    pickle_.length_ = at_;
  }

 private:
  // The next bytes of the file.
  std::string_view take(uint64_t count) {
    if (count > bytes_.size() - at_)
      fail(ErrorCode::data_loss, "{}: truncated pickle: {} bytes are announced at byte {}", file_, count, at_);
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + at_, count);
    at_ += count;
    return text;
  }
  uint8_t byte() { return static_cast<uint8_t>(take(1)[0]); }
  uint64_t number(size_t count) {  // little-endian
    uint64_t value = 0;
    const std::string_view digits = take(count);
    for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(digits[i]);
    return value;
  }
  std::string_view line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
    const size_t end = rest.find('\n');
    if (end == rest.npos) fail(ErrorCode::data_loss, "{}: truncated pickle: a line does not end", file_);
    at_ += end + 1;
    return rest.substr(0, end);
  }

  // Operations on the stack; marks are positions in it.
  PickleValue& make(Kind kind) {
    pickle_.values_.push_back({.kind = kind});
    return pickle_.values_.back();
  }
  PickleValue& push(Kind kind) {
    PickleValue& value = make(kind);
    stack_.push_back(&value);
    return value;
  }
  bool push_integer(int64_t value) {
    push(Kind::integer).integer = value;
    return true;
  }
  bool push_text(std::string_view text) {
    push(Kind::text).text = text;
    return true;
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue* pop() {
    if (stack_.size() <= floor()) fail(ErrorCode::data_loss, "{}: damaged pickle: nothing to take at byte {}", file_, at_);
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue& top(Kind kind, const char* what) {
    if (stack_.size() <= floor() || !stack_.back()->is(kind))
      fail(ErrorCode::data_loss, "{}: damaged pickle: no {} at byte {}", file_, what, at_);
    return *stack_.back();
  }
  std::vector<const PickleValue*> pop_to_mark() {
    if (marks_.empty()) fail(ErrorCode::data_loss, "{}: damaged pickle: no mark at byte {}", file_, at_);
    std::vector<const PickleValue*> values(stack_.begin() + static_cast<ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return values;
  }
  bool push_items(Kind kind, std::vector<const PickleValue*> items) {
    if (kind == Kind::dictionary && items.size() % 2 != 0)
      fail(ErrorCode::data_loss, "{}: damaged pickle: a key without a value", file_);
    push(kind).items = std::move(items);
    return true;
  }
  bool add_items(Kind kind, const char* what, const std::vector<const PickleValue*>& items) {
    PickleValue& to = top(kind, what);
    if (kind == Kind::dictionary && items.size() % 2 != 0)
      fail(ErrorCode::data_loss, "{}: damaged pickle: a key without a value", file_);
    to.items.insert(to.items.end(), items.begin(), items.end());
    return true;
  }
  bool push_tuple(size_t count) {
    std::vector<const PickleValue*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return push_items(Kind::tuple, std::move(items));
  }
  bool remember(uint64_t index) {
    if (stack_.size() <= floor()) fail(ErrorCode::data_loss, "{}: damaged pickle: nothing to remember at byte {}", file_, at_);
    memo_[index] = stack_.back();
    return true;
  }
  bool recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail(ErrorCode::data_loss, "{}: damaged pickle: value {} was never remembered", file_, index);
    stack_.push_back(found->second);
    return true;
  }

  // What is memoized can be copied again and again by a few bytes, which honest files hardly do; so copies are counted.
  void spend(size_t items) {
    copied_ += items;
    if (copied_ > 16 * bytes_.size()) fail(ErrorCode::data_loss, "{}: damaged pickle: it repeats itself without end", file_);
  }

  bool push_name(std::string_view module, std::string_view name) {
    if (!is_known(module, name)) {
      fail("{}: it names {}.{}, which is not of tensors and is never executed; save the state_dict alone, or as .safetensors",
           file_, utf8_of(module), utf8_of(name));
    }
    push(Kind::name).text = fmt::format("{} {}", module, name);
    return true;
  }
  bool push_stack_name() {
    const PickleValue* name = pop();
    const PickleValue* module = pop();
    if (!name->is(Kind::text) || !module->is(Kind::text))
      fail(ErrorCode::data_loss, "{}: damaged pickle: a name that is no text", file_);
    return push_name(module->text, name->text);
  }

  // A call computes nothing: collections become their items, and everything else remains the callee and its arguments.
  bool call() {
    const PickleValue* arguments = pop();
    const PickleValue* name = pop();
    if (!arguments->is(Kind::tuple) || !name->is(Kind::name))
      fail(ErrorCode::data_loss, "{}: damaged pickle: a call of no name at byte {}", file_, at_);
    const PickleValue* first = arguments->items.empty() ? nullptr : arguments->items[0];
    if (first != nullptr) spend(first->items.size());
    if (makes_dictionary(*name) || name->is_name("collections Counter")) return push_items(Kind::dictionary, pairs_of(first));
    if (name->is_name("collections defaultdict")) return push_items(Kind::dictionary, {});
    if (name->text.ends_with(" set") || name->text.ends_with(" list"))
      return push_items(Kind::list, first != nullptr ? first->items : std::vector<const PickleValue*>());
    if (name->is_name("torch Size") && first != nullptr && first->is(Kind::tuple)) return push_items(Kind::tuple, first->items);
    PickleValue& value = push(Kind::call);
    value.items = {name};
    spend(arguments->items.size());
    value.items.insert(value.items.end(), arguments->items.begin(), arguments->items.end());
    return true;
  }
  // The items of OrderedDict([(key, value), ...]) or of a dictionary.
  std::vector<const PickleValue*> pairs_of(const PickleValue* given) {
    std::vector<const PickleValue*> items;
    if (given == nullptr) return items;
    if (given->is(Kind::dictionary)) return given->items;
    for (const PickleValue* pair : given->items) {
      if (pair->items.size() != 2)
        fail(ErrorCode::data_loss, "{}: damaged pickle: a pair of {} values", file_, pair->items.size());
      items.insert(items.end(), pair->items.begin(), pair->items.end());
    }
    return items;
  }
  // Drops the attributes of an object, which do not concern its tensors: _metadata of a state_dict.
  bool build() {
    pop();
    PickleValue* object = pop();
    if (!object->is(Kind::dictionary) && !object->is(Kind::call))
      fail(ErrorCode::data_loss, "{}: damaged pickle: attributes of what has none at byte {}", file_, at_);
    stack_.push_back(object);
    return true;
  }

  bool push_long(uint64_t count) {
    const std::string_view digits = take(count);
    if (count > 8) return push_text(digits);
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | static_cast<uint8_t>(digits[i]);
    const bool negative = count > 0 && (digits[count - 1] & 0x80) != 0;
    if (negative && count < 8) value |= ~uint64_t{0} << (8 * count);
    return push_integer(static_cast<int64_t>(value));
  }
  bool push_decimal(std::string_view digits) {
    if (digits == "00" || digits == "01") {  // how protocol 0 writes False and True
      push(Kind::boolean).integer = digits == "01";
      return true;
    }
    if (digits.ends_with('L')) digits.remove_suffix(1);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size())
      fail(ErrorCode::data_loss, "{}: damaged pickle: \"{}\" is no whole number", file_, utf8_of(digits));
    return push_integer(value);
  }
  bool push_real() {
    uint64_t bits = 0;
    for (const char part : take(8)) bits = bits << 8 | static_cast<uint8_t>(part);
    push(Kind::real).real = std::bit_cast<double>(bits);
    return true;
  }

  bool step(uint8_t opcode) {
    switch (opcode) {
      case '.':
        return false;
      case 0x80:
        if (const int protocol = byte(); protocol > 5) fail("{}: pickle of protocol {}; 0 to 5 are read", file_, protocol);
        return true;
      case 0x95:  // a frame, whose length is not needed
        take(8);
        return true;
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case '0':
        pop();
        return true;
      case '1':
        pop_to_mark();
        return true;
      case '2':
        stack_.push_back(pop());
        stack_.push_back(stack_.back());
        return true;
      default:
        return step_names(opcode) || step_collections(opcode) || step_scalars(opcode) || refuse_opcode(opcode);
    }
  }

  bool step_names(uint8_t opcode) {
    switch (opcode) {
      case 'c': {
        const std::string_view module = line();
        return push_name(module, line());
      }
      case 0x93:
        return push_stack_name();
      case 'R':
      case 0x81:
        return call();
      case 'b':
        return build();
      case 'Q': {
        const PickleValue* id = pop();
        spend(id->items.size());
        push(Kind::persistent).items = id->items;
        return true;
      }
      case 'q':
        return remember(byte());
      case 'r':
        return remember(number(4));
      case 0x94:
        return remember(memo_.size());
      case 'h':
        return recall(byte());
      case 'j':
        return recall(number(4));
      default:
        return false;
    }
  }

  bool step_collections(uint8_t opcode) {
    switch (opcode) {
      case ')':
        return push_items(Kind::tuple, {});
      case 0x85:
        return push_tuple(1);
      case 0x86:
        return push_tuple(2);
      case 0x87:
        return push_tuple(3);
      case 't':
        return push_items(Kind::tuple, pop_to_mark());
      case ']':
      case 0x8f:
        return push_items(Kind::list, {});
      case 'l':
      case 0x91:
        return push_items(Kind::list, pop_to_mark());
      case 'a': {
        const PickleValue* item = pop();
        return add_items(Kind::list, "list", {item});
      }
      case 'e':
      case 0x90:
        return add_items(Kind::list, "list", pop_to_mark());
      case '}':
        return push_items(Kind::dictionary, {});
      case 'd':
        return push_items(Kind::dictionary, pop_to_mark());
      case 's': {
        const PickleValue* value = pop();
        const PickleValue* key = pop();
        return add_items(Kind::dictionary, "dictionary", {key, value});
      }
      case 'u':
        return add_items(Kind::dictionary, "dictionary", pop_to_mark());
      default:
        return false;
    }
  }

  bool step_scalars(uint8_t opcode) {
    switch (opcode) {
      case 'N':
        push(Kind::none);
        return true;
      case 0x88:
      case 0x89:
        push(Kind::boolean).integer = opcode == 0x88;
        return true;
      case 'J':
        return push_integer(static_cast<int32_t>(number(4)));
      case 'K':
        return push_integer(byte());
      case 'M':
        return push_integer(static_cast<int64_t>(number(2)));
      case 0x8a:
        return push_long(byte());
      case 0x8b:
        return push_long(number(4));
      case 'I':
      case 'L':
        return push_decimal(line());
      case 'G':
        return push_real();
      case 'X':
      case 'T':
      case 'B':
        return push_text(take(number(4)));
      case 0x8c:
      case 'U':
      case 'C':
        return push_text(take(byte()));
      case 0x8d:
      case 0x8e:
        return push_text(take(number(8)));
      default:
        return false;
    }
  }

  [[noreturn]] bool refuse_opcode(uint8_t opcode) {
    static constexpr std::array<std::pair<uint8_t, const char*>, 15> names{{{'i', "INST"},
                                                                            {'o', "OBJ"},
                                                                            {'P', "PERSID"},
                                                                            {'p', "PUT"},
                                                                            {'g', "GET"},
                                                                            {'S', "STRING"},
                                                                            {'V', "UNICODE"},
                                                                            {'F', "FLOAT"},
                                                                            {0x82, "EXT1"},
                                                                            {0x83, "EXT2"},
                                                                            {0x84, "EXT4"},
                                                                            {0x92, "NEWOBJ_EX"},
                                                                            {0x96, "BYTEARRAY8"},
                                                                            {0x97, "NEXT_BUFFER"},
                                                                            {0x98, "READONLY_BUFFER"}}};
    const auto known = std::ranges::find(names, opcode, &std::pair<uint8_t, const char*>::first);
    fail(
        "{}: not a pickle of weights: it has the opcode {} at byte {}, which is not read; save a state_dict by torch.save, or "
        "as .safetensors",
        file_, known != names.end() ? std::string(known->second) : fmt::format("{:#04x}", opcode), at_ - 1);
  }

  std::span<const std::byte> bytes_;
  const std::string& file_;
  Pickle& pickle_;
  size_t at_ = 0;
  uint64_t copied_ = 0;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

Pickle::Pickle(std::span<const std::byte> bytes, const std::string& file) { PickleMachine(bytes, file, *this).run(); }

}  // namespace fovea
