// SPDX-License-Identifier: Apache-2.0
// Files as torch.save writes them, composed here byte by byte.
#include "fovea/interchange/pth.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "fovea/interchange/pickle.h"
#include "tests/bad_input.h"
#include "tests/support/zip.h"

namespace fovea {
namespace {

template <typename T>
std::string little(T number, size_t bytes = sizeof(T)) {
  std::string text(sizeof number, '\0');
  std::memcpy(text.data(), &number, sizeof number);
  return text.substr(0, bytes);
}

// The start of a string that is appended to; GCC 12 warns wrongly about a literal plus a temporary string.
std::string start(std::string_view text) { return std::string(text); }

// An opcode of protocol 2.
std::string opcode(char letter, const std::string& operand) {
  std::string text(1, letter);
  text += operand;
  return text;
}
std::string word(const std::string& text) { return opcode('X', little(static_cast<uint32_t>(text.size()))) + text; }
std::string whole(int64_t number) { return opcode('J', little(static_cast<int32_t>(number))); }
std::string global(const std::string& module, const std::string& name) { return "c" + module + "\n" + name + "\n"; }
std::string tuple(const std::vector<std::string>& items) {
  std::string text = "(";
  for (const std::string& item : items) text += item;
  return text + "t";
}
std::string wholes(const std::vector<int64_t>& numbers) {
  std::vector<std::string> items;
  for (const int64_t number : numbers) items.push_back(whole(number));
  return tuple(items);
}
std::string storage(const std::string& type, const std::string& key, int64_t count) {
  return tuple({word("storage"), global("torch", type), word(key), word("cpu"), whole(count)}) + "Q";
}
const std::string ordered = global("collections", "OrderedDict") + ")R";
std::string tensor(const std::string& storage, int64_t offset, const std::vector<int64_t>& shape,
                   const std::vector<int64_t>& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage, whole(offset), wholes(shape), wholes(strides), "\x89", ordered}) + "R";
}
std::string dictionary(const std::vector<std::pair<std::string, std::string>>& items, const std::string& made = "}") {
  std::string text = made + "(";
  for (const auto& [key, value] : items) text += word(key) + value;
  return text + "u";
}
std::string pickle(const std::string& value) { return "\x80\x02" + value + "."; }

template <typename T>
std::string numbers(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string saved(const std::string& object, const std::vector<std::pair<std::string, std::string>>& storages) {
  std::vector<ZipEntry> entries{{"archive/data.pkl", pickle(object)}, {"archive/version", "3\n"}};
  for (const auto& [key, bytes] : storages) entries.push_back({"archive/data/" + key, bytes});
  return zip(entries, /*wide=*/true);
}
const std::string magic("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
std::string saved_long_ago(const std::string& object, const std::vector<std::pair<std::string, std::string>>& storages,
                           size_t element, bool little_endian = true) {
  std::string keys = "](", data;
  for (const auto& [key, bytes] : storages) {
    keys += word(key);
    data += little(static_cast<int64_t>(bytes.size() / element)) + bytes;
  }
  return magic + pickle(whole(1001)) + pickle(dictionary({{"little_endian", little_endian ? "\x88" : "\x89"}})) +
         pickle(object) + pickle(keys + "e") + data;
}

class PthFile : public FolderTest {
 protected:
  std::map<std::string, Tensor> read(const std::string& bytes) {
    // without syncing to the disk, because this is done a thousand times
    std::ofstream(folder_ / "w.pth", std::ios::binary) << bytes;
    return read_pth(folder_ / "w.pth");
  }
  void refused(const std::string& bytes, std::initializer_list<std::string> parts) {
    expect_error(
        1, [&] { read(bytes); }, parts);
    expect_error(1, [&] { read(bytes); }, {"w.pth"});
  }
};

std::vector<float> values(const Tensor& tensor) {
  const auto span = tensor.values<float>();
  return {span.begin(), span.end()};
}

const std::vector<float> six{1, 2, 3, 4, 5, 6};

TEST_F(PthFile, BothFormsGiveTheTensors) {
  const std::string object = dictionary({{"a", tensor(storage("FloatStorage", "0", 6), 0, {2, 3}, {3, 1})},
                                         {"b", tensor(storage("FloatStorage", "0", 6), 2, {}, {})},
                                         {"turned", tensor(storage("FloatStorage", "0", 6), 0, {3, 2}, {1, 3})},
                                         {"apart", tensor(storage("FloatStorage", "0", 6), 1, {2}, {4})},
                                         {"repeated", tensor(storage("FloatStorage", "0", 6), 5, {2, 2}, {0, 0})},
                                         {"nothing", tensor(storage("FloatStorage", "0", 6), 6, {0, 3}, {3, 1})}},
                                        ordered);
  const std::vector<std::pair<std::string, std::string>> storages{{"0", numbers(six)}};
  const std::string plain = zip({{"archive/data.pkl", pickle(object)}, {"archive/data/0", numbers(six)}}, false);
  for (const std::string& bytes : {saved(object, storages), plain, saved_long_ago(object, storages, 4)}) {
    const auto tensors = read(bytes);
    ASSERT_EQ(tensors.size(), 6u);
    EXPECT_EQ(tensors.at("a").shape(), (Shape{2, 3}));
    EXPECT_EQ(values(tensors.at("a")), six);
    EXPECT_EQ(values(tensors.at("b")), std::vector<float>{3});
    EXPECT_EQ(values(tensors.at("turned")), (std::vector<float>{1, 4, 2, 5, 3, 6}));
    EXPECT_EQ(values(tensors.at("apart")), (std::vector<float>{2, 6}));
    EXPECT_EQ(values(tensors.at("repeated")), (std::vector<float>{6, 6, 6, 6}));
    EXPECT_EQ(tensors.at("nothing").shape(), (Shape{0, 3}));
    EXPECT_TRUE(is_pth(std::as_bytes(std::span(bytes))));
    // The content counts and not the name.
    write_text(folder_ / "named.safetensors", bytes);
    EXPECT_EQ(read_weight_file(folder_ / "named.safetensors").tensors.size(), 6u);
    EXPECT_EQ(read_weight_file(folder_ / "named.safetensors").metadata.at("format"), "pt");
  }
}

TEST_F(PthFile, EveryTypeOfStorage) {
  const std::vector<std::pair<std::string, DType>> types{{"FloatStorage", DType::f32}, {"DoubleStorage", DType::f64},
                                                         {"HalfStorage", DType::f16},  {"BFloat16Storage", DType::bf16},
                                                         {"LongStorage", DType::i64},  {"IntStorage", DType::i32},
                                                         {"ShortStorage", DType::i16}, {"CharStorage", DType::i8},
                                                         {"ByteStorage", DType::u8},   {"BoolStorage", DType::boolean}};
  for (const auto& [type, dtype] : types) {
    std::string bytes(3 * byte_size(dtype), '\1');
    bytes.back() = '\2';
    const std::string object = dictionary({{"t", tensor(storage(type, "k", 3), 0, {3}, {1})}});
    for (const std::string& file : {saved(object, {{"k", bytes}}), saved_long_ago(object, {{"k", bytes}}, byte_size(dtype))}) {
      const Tensor read_back = read(file).at("t");
      EXPECT_EQ(read_back.dtype(), dtype) << type;
      EXPECT_EQ(std::memcmp(read_back.raw(), bytes.data(), bytes.size()), 0) << type;
    }
  }
  refused(saved(dictionary({{"t", tensor(storage("ComplexFloatStorage", "k", 1), 0, {1}, {1})}}), {{"k", "12345678"}}),
          {"\"t\"", "torch.ComplexFloatStorage, which is not read"});
}

TEST_F(PthFile, TheStateDictInsideACheckpointIsFound) {
  const std::string weights = dictionary({{"w", tensor(storage("FloatStorage", "0", 6), 0, {6}, {1})}}, ordered);
  const std::string other = dictionary({{"other", tensor(storage("FloatStorage", "0", 6), 0, {6}, {1})}});
  for (const char* key : {"state_dict", "model_state_dict", "model", "state_dict_ema", "net"}) {
    const std::string object = dictionary({{"epoch", whole(3)},
                                           {"best", opcode('G', std::string(8, '\0'))},
                                           {"args", tuple({"N", "\x88", "K\x07", "\x8a\x01\xff"})},
                                           {"optimizer", dictionary({{"momentum", other}})},
                                           {"dtype", global("torch", "float32")},
                                           {"list", start("](") + whole(1) + word("a") + "e"},
                                           {key, weights}});
    const auto tensors = read(saved(object, {{"0", numbers(six)}}));
    ASSERT_EQ(tensors.size(), 1u) << key;
    EXPECT_EQ(values(tensors.at("w")), six) << key;
  }
  // The network's own tensors come before averages; a dictionary of numbers is not a network; parameters and attributes of the
  // dictionary are read.
  const std::string parameter = global("torch._utils", "_rebuild_parameter") +
                                tuple({tensor(storage("FloatStorage", "0", 6), 0, {6}, {1}), "\x88", ordered}) + "R";
  const std::string attributed = dictionary({{"w", parameter}}, ordered) + dictionary({{"_metadata", ordered}}) + "b";
  const std::string object =
      dictionary({{"model_ema", other}, {"model", dictionary({{"depth", whole(18)}, {"state_dict", attributed}})}});
  EXPECT_EQ(values(read(saved(object, {{"0", numbers(six)}})).at("w")), six);
  refused(saved(dictionary({{"epoch", whole(3)}}), {}), {"no weights", ".safetensors"});
  refused(saved(tensor(storage("FloatStorage", "0", 6), 0, {6}, {1}), {{"0", numbers(six)}}), {"one tensor without a name"});
}

TEST_F(PthFile, NothingIsExecuted) {
  refused(saved(global("posix", "system") + tuple({word("true")}) + "R", {}), {"posix.system", "never executed"});
  refused(saved(global("builtins", "eval") + tuple({word("1")}) + "R", {}), {"builtins.eval"});
  refused(saved(word("torch.nn") + word("Linear") + "\x93", {}), {"torch.nn.Linear"});
  refused(saved(global("torch.storage", "_load_from_bytes") + tuple({word("")}) + "R", {}), {"torch.storage._load_from_bytes"});
  refused(saved(start("(") + word("x") + "i" + "os\nsystem\n", {}), {"INST"});
  refused(saved(start("(") + word("x") + "o", {}), {"OBJ"});
  refused(saved("\x82\x01", {}), {"EXT1"});
  refused(saved(std::string("P1\n"), {}), {"PERSID"});
  refused(saved("\x97", {}), {"NEXT_BUFFER"});
  refused(saved("\xf0", {}), {"0xf0"});
}

TEST_F(PthFile, RangesOutsideOfAStorageAreRefused) {
  const auto with = [&](int64_t offset, const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
    return saved(dictionary({{"t", tensor(storage("FloatStorage", "0", 6), offset, shape, strides)}}), {{"0", numbers(six)}});
  };
  for (const std::string& bytes : {with(0, {7}, {1}), with(1, {2, 3}, {3, 1}), with(6, {}, {}), with(-1, {1}, {1}),
                                   with(0, {2}, {2147483647}), with(0, {2147483647, 2147483647, 2147483647}, {1, 1, 1})})
    refused(bytes, {"\"t\"", "does not lie in its storage of 6 elements"});
  refused(with(0, {-2}, {1}), {"\"t\"", "whole numbers"});
  refused(with(0, {2}, {-1}), {"\"t\""});
  refused(with(0, {2, 3}, {1}), {"2 extents and 1 strides"});
  refused(with(0, {1 << 30, 1 << 30}, {0, 0}), {"without end"});
  refused(saved(dictionary({{"t", tensor(storage("FloatStorage", "9", 6), 0, {6}, {1})}}), {}), {"storage \"9\" is missing"});
}

TEST_F(PthFile, DamagedFilesAreRefused) {
  const std::string object = dictionary({{"t", tensor(storage("FloatStorage", "0", 6), 0, {6}, {1})}});
  const std::string whole_zip = saved(object, {{"0", numbers(six)}});
  const std::string old = saved_long_ago(object, {{"0", numbers(six)}}, 4);
  for (size_t length = 4; length < whole_zip.size(); ++length)
    expect_error(ErrorCode::data_loss, [&] { read(whole_zip.substr(0, length)); }, {"w.pth"});
  for (size_t length = 20; length < old.size(); ++length)
    expect_error(ErrorCode::data_loss, [&] { read(old.substr(0, length)); }, {"w.pth"});
  for (size_t i = 0; i < whole_zip.size(); ++i) {  // any changed byte gives an error or the same numbers
    std::string hurt = whole_zip;
    hurt[i] = static_cast<char>(hurt[i] ^ 0x41);
    try {
      const auto tensors = read(hurt);
      if (tensors.contains("t")) {
        EXPECT_EQ(values(tensors.at("t")), six) << i;
      }
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::invalid_argument);
    }
  }
  refused(zip({{"archive/data.pkl", pickle(object), 8}}), {"compressed"});
  refused(zip({{"archive/data.pkl", pickle(object)}, {"archive/data.pkl", pickle(object)}}), {"twice"});
  refused(zip({{"readme", "text"}}), {"none of PyTorch's"});
  refused(zip({{"m/data.pkl", pickle(object)}, {"m/constants.pkl", pickle(")")}}), {"TorchScript", "never executed"});
  refused(zip({{"m/data.pkl", pickle(object)}, {"m/byteorder", "big"}}), {"big-endian"});
  refused(saved_long_ago(object, {{"0", numbers(six)}}, 4, false), {"big-endian"});
  refused("not a file of PyTorch", {"not a file of torch.save"});
}

TEST_F(PthFile, AFewBytesCannotTakeMuchMemory) {
  // A list that is copied into a dictionary again and again.
  std::string repeated = "](";
  for (int i = 0; i < 1000; ++i) repeated += tuple({word("k"), "N"});
  repeated += "eq\x01";
  for (int i = 0; i < 5000; ++i) repeated += opcode('0', global("collections", "OrderedDict")) + "h\x01\x85R";
  refused(saved(repeated, {}), {"repeats itself"});
  // A list that contains itself, and a dictionary that contains itself.
  refused(saved("]q\x01h\x01"
                "a",
                {}),
          {"no weights"});
  refused(saved(start("}q\x01") + word("model") + "h\x01s", {}), {"no weights"});
  refused(saved("X\xff\xff\xff\x7f", {}), {"truncated pickle"});
}

}  // namespace
}  // namespace fovea
