// SPDX-License-Identifier: Apache-2.0
#include "fovea/deploy/c_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "fovea/core/error.h"

namespace fovea {
namespace {

const char* c_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "float";
    case DType::f64:
      return "double";
    case DType::i8:
      return "signed char";
    case DType::u8:
    case DType::boolean:
      return "unsigned char";
    case DType::i16:
      return "short";
    case DType::bf16:
    case DType::f16:
      return "unsigned short";
    case DType::i32:
      return "int";
    case DType::i64:
      return "long long";
  }
  return "void";
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return std::toupper(letter); });
  return text;
}

std::string port_macros(const std::string& prefix, const DeployedNetwork::Port& port) {
  const TensorType& type = port.type;
  const int64_t elements = element_count(type.shape);
  std::string text = fmt::format("/* {}: {} */\n", port.name, to_string(type));
  const auto define = [&](const char* what, const auto& value) {
    text += fmt::format("#define {}_{} {}\n", prefix, what, value);
  };
  define("TYPE", c_type(type.dtype));
  define("RANK", type.shape.size());
  if (!type.shape.empty()) define("SHAPE", fmt::format("{{{}}}", fmt::join(type.shape, ", ")));
  define("ELEMENTS", elements);
  define("BYTES", elements * static_cast<int64_t>(byte_size(type.dtype)));
  if (type.quantization && !type.quantization->per_channel()) {
    define("SCALE", fmt::format("{:#.9g}f", type.quantization->scales[0]));
    define("ZERO", type.quantization->zeros[0]);
  }
  return text + "\n";
}

// A comment that says how pixels are preprocessed for the network.
std::string preprocessing_comment(const DeployedNetwork& network, const InferenceModel& model) {
  if (network.inputs.size() != 1 || network.inputs[0].type.shape.size() != 4) return "";
  const TensorType& type = network.inputs[0].type;
  if (type.dtype == DType::u8) return " * A picture's bytes go in as they are.\n";
  if (type.dtype == DType::i8) return " * A picture's bytes go in less 128.\n";
  if (type.dtype != DType::f32) return "";
  const Preprocessing& how = model.preprocessing;
  if (how.mean.empty() && how.deviation.empty()) return " * A picture's bytes go in divided by 255.\n";
  return fmt::format(" * A picture's bytes go in as (byte / 255 - mean) / deviation; mean {}, deviation {}, by channel.\n",
                     fmt::join(how.mean, " "), fmt::join(how.deviation, " "));
}

}  // namespace

std::string c_identifier(std::string_view name) {
  std::string result(!name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) ? 1 : 0, '_');
  for (const unsigned char letter : name) {
    result += std::isalnum(letter) && letter < 128 ? static_cast<char>(letter) : '_';
  }
  if (std::ranges::all_of(result, [](char letter) { return letter == '_'; })) {
    refuse("\"{}\" is no name for a function of C: it needs a letter or a digit", name);
  }
  return result;
}

std::string c_header(const DeployedNetwork& network, const InferenceModel& model) {
  const std::string& name = network.name;
  const std::string capitals = upper(name);
  std::string text = fmt::format(
      "/* {} for {} ({}), compiled by fovea.\n"
      " *\n"
      " * Tensors are contiguous, the last dimension innermost: pictures are [1, height, width, channels].\n"
      "{}"
      " * The network takes {} bytes of read-only weights and the arena; it allocates nothing and runs on one thread. */\n"
      "#ifndef {}_H\n#define {}_H\n\n"
      "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
      "#define {}_INPUTS {}\n#define {}_OUTPUTS {}\n"
      "#define {}_ARENA_BYTES {}\n#define {}_ARENA_ALIGNMENT {}\n\n",
      model.name, network.triple, network.cpu, preprocessing_comment(network, model), network.weight_bytes, capitals, capitals,
      capitals, network.inputs.size(), capitals, network.outputs.size(), capitals, network.arena_bytes, capitals,
      arena_alignment);
  for (size_t i = 0; i < network.inputs.size(); ++i)
    text += port_macros(fmt::format("{}_INPUT_{}", capitals, i), network.inputs[i]);
  for (size_t i = 0; i < network.outputs.size(); ++i)
    text += port_macros(fmt::format("{}_OUTPUT_{}", capitals, i), network.outputs[i]);
  if (model.confidence.temperature != 1) {
    text += fmt::format(
        "/* Probabilities are to be believed after logits are divided by this, or probabilities made their power of its\n"
        " * inverse and divided by their sum. */\n#define {}_TEMPERATURE {:#.9g}f\n",
        capitals, model.confidence.temperature);
  }
  if (model.confidence.unknown_below > 0) {
    text += fmt::format(
        "/* A likeliest class that is less likely than this is better called unknown. */\n"
        "#define {}_UNKNOWN_BELOW {:#.9g}f\n",
        capitals, model.confidence.unknown_below);
  }
  return text +
         fmt::format(
             "/* Computes the outputs from the inputs, in the order above. The arena's content does not matter before or\n"
             " * after. 0: done; 1: a pointer is null or the arena is not aligned, nothing was done. */\n"
             "int {}_run(const void* const* inputs, void* const* outputs, void* arena);\n\n"
             "#ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
             name);
}

}  // namespace fovea
