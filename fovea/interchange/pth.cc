// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/pth.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/text.h"
#include "fovea/interchange/pickle.h"
#include "fovea/interchange/zip_archive.h"

namespace fovea {
namespace {

using Bytes = std::span<const std::byte>;
using Kind = PickleValue::Kind;

constexpr int deepest = 4;  // dictionaries inside dictionaries on the way to a state_dict
// A few bytes can ask for one storage many times over; tied weights and moving averages do that only a few times.
constexpr uint64_t most_copies = 8, free_bytes = 64 << 20;

// 0x1950a86a20f9469cfc6c as it begins a pickle of protocol 2.
constexpr std::array<uint8_t, 14> legacy_start{0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c,
                                               0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

struct StorageType {
  std::string_view name;  // the class in torch
  DType dtype;
};
constexpr std::array<StorageType, 10> storage_types{{{"FloatStorage", DType::f32},
                                                     {"DoubleStorage", DType::f64},
                                                     {"HalfStorage", DType::f16},
                                                     {"BFloat16Storage", DType::bf16},
                                                     {"LongStorage", DType::i64},
                                                     {"IntStorage", DType::i32},
                                                     {"ShortStorage", DType::i16},
                                                     {"CharStorage", DType::i8},
                                                     {"ByteStorage", DType::u8},
                                                     {"BoolStorage", DType::boolean}}};

bool is_tensor(const PickleValue& value) {
  return value.is_call("torch._utils _rebuild_tensor_v2") || value.is_call("torch._utils _rebuild_tensor") ||
         value.is_call("torch._utils _rebuild_parameter") || value.is_call("torch.nn.parameter Parameter");
}

bool holds_tensors(const PickleValue& dictionary) {
  for (size_t i = 1; i < dictionary.items.size(); i += 2)
    if (is_tensor(*dictionary.items[i])) return true;
  return false;
}

// The state_dict within what was saved, under the names that training loops use; the network's own comes before its averages.
const PickleValue* state_dict(const PickleValue& value, int depth) {
  if (!value.is(Kind::dictionary) || depth > deepest) return nullptr;
  for (const char* key : {"state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "params",
                          "params_ema", "state_dict_ema", "model_ema", "ema_state_dict", "ema"}) {
    const PickleValue* inner = value.find(key);
    if (const PickleValue* found = inner != nullptr ? state_dict(*inner, depth + 1) : nullptr) return found;
  }
  return holds_tensors(value) ? &value : nullptr;
}

class TensorReader {
 public:
  using Storages = std::map<std::string, Bytes>;  // the bytes of their elements, by key

  TensorReader(const std::string& file, uint64_t file_bytes, const Storages& storages)
      : file_(file), left_(most_copies * file_bytes + free_bytes), storages_(storages) {}

  std::map<std::string, Tensor> read(const PickleValue& root) {
    const PickleValue* weights = state_dict(root, 0);
    if (weights == nullptr) {
      fail("{}: no weights are in it; a state_dict is wanted, as torch.save or .safetensors has it{}", file_,
           is_tensor(root) ? ", and this is one tensor without a name" : "");
    }
    std::map<std::string, Tensor> tensors;
    for (size_t i = 0; i + 1 < weights->items.size(); i += 2) {
      const PickleValue &key = *weights->items[i], &value = *weights->items[i + 1];
      if (!key.is(Kind::text) || !is_tensor(value)) continue;  // a number beside the weights
      tensors[key.text] = tensor(value, key.text, 0);
    }
    return tensors;
  }

 private:
  template <typename... Arguments>
  [[noreturn]] void fail_at(const std::string& name, fmt::format_string<Arguments...> format, Arguments&&... arguments) const {
    fail(ErrorCode::data_loss, "{}: tensor \"{}\": {}", file_, utf8_of(name),
         fmt::format(format, std::forward<Arguments>(arguments)...));
  }

  Tensor tensor(const PickleValue& value, const std::string& name, int depth) {
    // A parameter is a tensor with two values about training.
    if (value.is_call("torch._utils _rebuild_parameter") || value.is_call("torch.nn.parameter Parameter")) {
      if (value.items.size() < 2 || !is_tensor(*value.items[1]) || depth > deepest) fail_at(name, "a parameter of no tensor");
      return tensor(*value.items[1], name, depth + 1);
    }
    if (value.items.size() < 5 || !value.items[1]->is(Kind::persistent) || !value.items[2]->is(Kind::integer))
      fail_at(name, "it is not put together of a storage, an offset, a size and strides");
    const Shape shape = extents(*value.items[3], name), strides = extents(*value.items[4], name);
    if (shape.size() != strides.size()) fail_at(name, "{} extents and {} strides", shape.size(), strides.size());
    return laid_out(value.items[1]->items, value.items[2]->integer, shape, strides, name);
  }

  Shape extents(const PickleValue& value, const std::string& name) const {
    Shape extents;
    if (!value.is(Kind::tuple) && !value.is(Kind::list)) fail_at(name, "its shape is no tuple");
    for (const PickleValue* item : value.items) {
      if (!item->is(Kind::integer) || item->integer < 0) fail_at(name, "its shape is not of whole numbers");
      extents.push_back(item->integer);
    }
    return extents;
  }

  // A storage is ("storage", type, key, location, count, and in old files a view: (key, offset, count)).
  Tensor laid_out(const std::vector<const PickleValue*>& id, int64_t offset, const Shape& shape, const Shape& strides,
                  const std::string& name) {
    if (id.size() < 5 || !id[0]->is(Kind::text) || id[0]->text != "storage" || !id[1]->is(Kind::name) || !id[2]->is(Kind::text))
      fail_at(name, "its storage is not described as PyTorch does");
    const std::string type = id[1]->text.substr(id[1]->text.find(' ') + 1);
    const auto known = std::ranges::find(storage_types, type, &StorageType::name);
    if (known == storage_types.end()) fail_at(name, "its type is torch.{}, which is not read", utf8_of(type));
    const auto storage = storages_.find(id[2]->text);
    if (storage == storages_.end()) fail_at(name, "its storage \"{}\" is missing", utf8_of(id[2]->text));
    if (id.size() > 5 && id[5]->is(Kind::tuple)) {
      const std::vector<const PickleValue*>& view = id[5]->items;
      if (view.size() != 3 || !view[1]->is(Kind::integer) || __builtin_add_overflow(offset, view[1]->integer, &offset))
        fail_at(name, "the view of its storage is not understood");
    }
    check_range(storage->second.size() / byte_size(known->dtype), offset, shape, strides, name);
    Tensor tensor(shape, known->dtype);
    copy(storage->second, offset, strides, tensor);
    return tensor;
  }

  // Checks that every element is in the storage, and that all tensors together take no more than such a file can mean.
  void check_range(uint64_t elements, int64_t offset, const Shape& shape, const Shape& strides, const std::string& name) {
    uint64_t count = 1;
    uint64_t last = static_cast<uint64_t>(offset);
    bool overflow = offset < 0;
    for (size_t i = 0; i < shape.size(); ++i) {
      const auto extent = static_cast<uint64_t>(shape[i]);
      overflow |= __builtin_mul_overflow(count, extent, &count);
      uint64_t way = 0;
      overflow |= extent > 0 && __builtin_mul_overflow(extent - 1, static_cast<uint64_t>(strides[i]), &way);
      overflow |= __builtin_add_overflow(last, way, &last);
    }
    if (overflow || (count > 0 && last >= elements))
      fail_at(name, "shape {} with strides {} from element {} on does not lie in its storage of {} elements", to_string(shape),
              to_string(strides), offset, elements);
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(count, uint64_t{8}, &bytes) || bytes > left_)
      fail_at(name, "the tensors repeat their storages without end");
    left_ -= bytes;
  }

  static void copy(Bytes storage, int64_t offset, const Shape& strides, Tensor& tensor) {
    const auto size = static_cast<int64_t>(byte_size(tensor.dtype()));
    if (tensor.empty()) return;
    const Shape& shape = tensor.shape();
    int64_t plain = 1;
    bool contiguous = true;
    for (size_t i = shape.size(); i-- > 0;) {
      contiguous &= shape[i] == 1 || strides[i] == plain;
      plain *= shape[i];
    }
    if (contiguous) {
      std::memcpy(tensor.raw(), storage.data() + offset * size, tensor.bytes());
      return;
    }
    Shape index(shape.size());
    std::byte* to = tensor.raw();
    for (int64_t i = 0; i < tensor.size(); ++i, to += size) {
      int64_t from = offset;
      for (size_t dim = 0; dim < shape.size(); ++dim) from += index[dim] * strides[dim];
      std::memcpy(to, storage.data() + from * size, static_cast<size_t>(size));
      for (size_t dim = shape.size(); dim-- > 0 && ++index[dim] == shape[dim];) index[dim] = 0;
    }
  }

  const std::string& file_;
  uint64_t left_;  // bytes that tensors may still take
  const Storages& storages_;
};

std::map<std::string, Tensor> read_zip(Bytes bytes, const std::string& file) {
  const std::optional<ZipArchive> archive = ZipArchive::find(bytes, file);
  if (!archive) fail(ErrorCode::data_loss, "{}: truncated zip archive: it has no directory", file);
  const std::vector<std::string> names = archive->names();
  const auto pickled = std::ranges::find_if(
      names, [](const std::string& name) { return name.ends_with("/data.pkl") && name.find('/') == name.rfind('/'); });
  if (pickled == names.end())
    fail(ErrorCode::data_loss, "{}: a zip archive, but none of PyTorch's: no data.pkl is in it", file);
  const std::string folder = pickled->substr(0, pickled->find('/') + 1);
  if (archive->contains(folder + "constants.pkl"))
    fail("{}: a TorchScript program, whose code is never executed; save the state_dict by torch.save, or as .safetensors",
         file);
  if (const std::string order = folder + "byteorder"; archive->contains(order)) {
    const Bytes content = archive->stored(order);
    const std::string word(reinterpret_cast<const char*>(content.data()), content.size());
    if (word != "little") fail("{}: saved on a {}-endian machine, which is not read", file, utf8_of(word));
  }
  TensorReader::Storages storages;
  const std::string prefix = folder + "data/";
  for (const std::string& name : names)
    if (name.starts_with(prefix)) storages[name.substr(prefix.size())] = archive->stored(name);
  const Pickle pickle(archive->stored(*pickled), file);
  return TensorReader(file, bytes.size(), storages).read(pickle.root());
}

// The element sizes are known where a tensor is, from what the object says about each storage; notes them by key.
void note_storages(const Pickle& pickle, const std::string& file, std::map<std::string, uint64_t>& sizes) {
  for (const PickleValue& value : pickle.values()) {
    if (!value.is(Kind::persistent) || value.items.size() < 5 || !value.items[1]->is(Kind::name) ||
        !value.items[2]->is(Kind::text))
      continue;
    const std::string& type = value.items[1]->text;
    const auto known = std::ranges::find(storage_types, std::string_view(type).substr(type.find(' ') + 1), &StorageType::name);
    if (known == storage_types.end()) fail("{}: a storage of {}, which is not read", file, utf8_of(type));
    sizes[value.items[2]->text] = byte_size(known->dtype);
  }
}

std::map<std::string, Tensor> read_legacy(Bytes bytes, const std::string& file) {
  Bytes rest = bytes;
  const auto next = [&] {
    auto pickle = std::make_unique<Pickle>(rest, file);
    rest = rest.subspan(pickle->length());
    return pickle;
  };
  next();
  const auto version = next();
  if (!version->root().is(Kind::integer) || version->root().integer != 1001)
    fail("{}: another version of PyTorch's old format than 1001", file);
  const auto machine = next();
  if (const PickleValue* little = machine->root().find("little_endian"); little != nullptr && little->integer == 0)
    fail("{}: saved on a big-endian machine, which is not read", file);
  const auto object = next();
  const auto keys = next();
  std::map<std::string, uint64_t> sizes;
  note_storages(*object, file, sizes);
  TensorReader::Storages storages;
  for (const PickleValue* key : keys->root().items) {
    const auto size = sizes.find(key->text);
    if (size == sizes.end()) fail(ErrorCode::data_loss, "{}: storage \"{}\" belongs to no tensor", file, utf8_of(key->text));
    int64_t count = 0;
    if (rest.size() < sizeof count)
      fail(ErrorCode::data_loss, "{}: truncated: storage \"{}\" is missing", file, utf8_of(key->text));
    std::memcpy(&count, rest.data(), sizeof count);
    rest = rest.subspan(sizeof count);
    if (count < 0 || static_cast<uint64_t>(count) > rest.size() / size->second)
      fail(ErrorCode::data_loss, "{}: truncated: storage \"{}\" has {} elements of {} bytes, {} bytes follow", file,
           utf8_of(key->text), count, size->second, rest.size());
    const size_t taken = static_cast<size_t>(count) * size->second;
    storages[key->text] = rest.first(taken);
    rest = rest.subspan(taken);
  }
  return TensorReader(file, bytes.size(), storages).read(object->root());
}

bool is_legacy(Bytes bytes) {
  // Protocols above 2 begin differently, with a byte or a frame, so the number is searched for near the start.
  const Bytes start = bytes.first(std::min<size_t>(bytes.size(), 32));
  const auto* magic = reinterpret_cast<const std::byte*>(legacy_start.data()) + 2;
  return std::search(start.begin(), start.end(), magic, magic + legacy_start.size() - 2) != start.end();
}

// Recognizes a pickle of something else, such as a single tensor, for a message that says what it is.
bool is_pickle(Bytes bytes) {
  return bytes.size() > 2 && bytes[0] == std::byte{0x80} && bytes[1] >= std::byte{2} && bytes[1] <= std::byte{5};
}

std::map<std::string, Tensor> read_torch(Bytes bytes, const std::string& file) {
  if (ZipArchive::begins(bytes)) return read_zip(bytes, file);
  if (is_legacy(bytes)) return read_legacy(bytes, file);
  const Pickle pickle(bytes, file);
  return TensorReader(file, bytes.size(), {}).read(pickle.root());
}

}  // namespace

bool is_pth(Bytes bytes) { return ZipArchive::begins(bytes) || is_legacy(bytes) || is_pickle(bytes); }

std::map<std::string, Tensor> read_pth(const std::filesystem::path& path) {
  const MappedFile file(path);
  if (!is_pth(file.bytes())) fail(ErrorCode::data_loss, "{}: not a file of torch.save", path.string());
  return read_torch(file.bytes(), path.string());
}

Safetensors read_weight_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  if (is_pth(file.bytes())) return {.tensors = read_torch(file.bytes(), path.string()), .metadata = {{"format", "pt"}}};
  return read_safetensors(path);
}

}  // namespace fovea
