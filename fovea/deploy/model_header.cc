// SPDX-License-Identifier: Apache-2.0
#include "fovea/deploy/model_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "fovea/graph/model_metadata.h"

namespace fovea {
namespace {

// A C string literal. Other characters than plain ASCII become octal escapes, which end after three digits.
std::string literal(std::string_view text) {
  std::string result = "\"";
  for (const unsigned char letter : text) {
    const bool plain = letter >= 32 && letter < 127 && letter != '"' && letter != '\\' && letter != '?';
    result += plain ? std::string(1, static_cast<char>(letter)) : fmt::format("\\{:03o}", letter);
  }
  return result + '"';
}

std::string literal_of(float value) { return fmt::format("{:#.9g}f", value); }

std::string define(const char* name, const auto& value) { return fmt::format("#define MODEL_{} {}\n", name, value); }

std::string arena_macros() {
  return "#include \"network.h\"\n"
         "#define MODEL_RUN network_run\n"
         "#define MODEL_ARENA_BYTES NETWORK_ARENA_BYTES\n"
         "#define MODEL_ARENA_ALIGNMENT NETWORK_ARENA_ALIGNMENT\n";
}

// One number for each channel; `otherwise` for all when there are no values.
std::string floats(std::vector<float> values, int64_t channels, float otherwise) {
  if (values.empty()) values.assign(static_cast<size_t>(channels), otherwise);
  return fmt::format("{:#.9g}f", fmt::join(values, "f, "));
}

nlohmann::ordered_json description_of(const DeployedNetwork::Port& port) {
  nlohmann::ordered_json json{{"name", port.name}, {"shape", port.type.shape}, {"type", name(port.type.dtype)}};
  if (port.type.quantization && !port.type.quantization->per_channel()) {
    json["scale"] = port.type.quantization->scales[0];
    json["zero"] = port.type.quantization->zeros[0];
  }
  return json;
}

// The buffers of the ports called `kind`, and the list of their names.
std::string buffers(const char* kind, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text +=
        fmt::format(" static NETWORK_{0}_{1}_TYPE {0}_{1}[NETWORK_{0}_{1}_ELEMENTS] __attribute__((aligned(64)));", kind, i);
  return text;
}
std::string buffer_names(const char* kind, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(fmt::format("{}_{}", kind, i));
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string picture_model_header(const InferenceModel& model, const ImageModelForm& form, const std::string& program) {
  const Shape& shape = form.input.shape;
  std::string text = "#pragma once\n" + arena_macros();
  text += define("NAME", literal(model.name)) + define("PROGRAM", literal(program));
  text += define("HEIGHT", shape[1]) + define("WIDTH", shape[2]) + define("CHANNELS", shape[3]);
  text += define("CLASSES", form.classes);
  text += define("RESIZE", resized_side(model.preprocessing.resize, shape[1], shape[2]));
  text += define("BICUBIC", model.preprocessing.bicubic ? 1 : 0);
  text += define("UPRIGHT", model.preprocessing.upright ? 1 : 0);
  text += define("INPUT_TYPE", "NETWORK_INPUT_0_TYPE") + define("OUTPUT_TYPE", "NETWORK_OUTPUT_0_TYPE");
  if (form.takes_bytes()) {
    text += define("PIXEL_ZERO", form.input.dtype == DType::i8 ? 128 : 0);
  } else {
    text += define("NORMALIZED", 1);
    text += fmt::format("extern const float model_mean[{0}], model_deviation[{0}];\n", shape[3]);
  }
  if (form.output.quantization)
    text += define("SCORE_SCALE", "NETWORK_OUTPUT_0_SCALE") + define("SCORE_ZERO", "NETWORK_OUTPUT_0_ZERO");
  if (!form.ends_in_softmax) text += define("LOGITS", 1);
  const Confidence& confidence = model.confidence;
  if (confidence.temperature != 1) {
    text += define("TEMPERATURE", literal_of(static_cast<float>(confidence.temperature)));
    text += define("LEAST_PROBABILITY", literal_of(least_probability(form.output)));
  }
  if (confidence.unknown_below > 0) text += define("UNKNOWN_BELOW", literal_of(static_cast<float>(confidence.unknown_below)));
  return text + fmt::format("extern const char* const model_labels[{}];\n", form.classes);
}

std::string picture_model_source(const InferenceModel& model, const ImageModelForm& form,
                                 const std::vector<std::string>& labels) {
  std::string text = "#include \"model.h\"\n";
  if (!form.takes_bytes()) {
    const int64_t channels = form.input.shape[3];
    text += fmt::format("const float model_mean[] = {{{}}};\nconst float model_deviation[] = {{{}}};\n",
                        floats(model.preprocessing.mean, channels, 0), floats(model.preprocessing.deviation, channels, 1));
  }
  text += "const char* const model_labels[] = {\n";
  for (const std::string& label : labels) text += "  " + literal(label) + ",\n";
  return text + "};\n";
}

std::string module_model_header(const DeployedNetwork& network, const InferenceModel& model) {
  const size_t inputs = network.inputs.size(), outputs = network.outputs.size();
  std::string text = "#pragma once\n" + arena_macros();
  text += define("INPUTS", inputs) + define("OUTPUTS", outputs);
  text += define("BUFFERS", buffers("INPUT", inputs) + buffers("OUTPUT", outputs));
  text += define("INPUT_BUFFERS", buffer_names("INPUT", inputs)) + define("OUTPUT_BUFFERS", buffer_names("OUTPUT", outputs));
  // The assembler's strings have the same escapes as those of C, so the literal is quoted once more.
  const std::string description = literal(description_text(network, model));
  return text + fmt::format("#define MODEL_SECTION __asm__({} \"\\n.ascii \" {} \"\\n\")\n",
                            literal(".section .custom_section.fovea,\"\",@"), literal(description));
}

std::string description_text(const DeployedNetwork& network, const InferenceModel& model) {
  nlohmann::ordered_json json{{"name", model.name}};
  for (const DeployedNetwork::Port& port : network.inputs) json["inputs"].push_back(description_of(port));
  for (const DeployedNetwork::Port& port : network.outputs) json["outputs"].push_back(description_of(port));
  json.update(nlohmann::ordered_json::parse(metadata_text(model)));
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace fovea
