// SPDX-License-Identifier: Apache-2.0
#include "fovea/interchange/tflite/file_metadata.h"

#include <algorithm>
#include <cmath>

#include "fovea/core/error.h"
#include "fovea/interchange/labels.h"
#include "fovea/interchange/tflite/metadata_generated.h"
#include "fovea/interchange/zip_archive.h"

namespace fovea::tflite {
namespace {

constexpr std::string_view buffer_name = "TFLITE_METADATA";
constexpr size_t most_label_bytes = size_t{16} << 20;

const metadata::ModelMetadata* metadata_of(const File& file) {
  const std::string_view text = file.metadata(buffer_name);
  if (text.empty()) return nullptr;
  const auto* start = reinterpret_cast<const uint8_t*>(text.data());
  flatbuffers::Verifier verifier(start, text.size(), 64, 1'000'000);
  if (text.size() < 8 || !metadata::ModelMetadataBufferHasIdentifier(start) || !metadata::VerifyModelMetadataBuffer(verifier))
    fail(ErrorCode::data_loss, "{}: its metadata {} are damaged", file.name(), buffer_name);
  return metadata::GetModelMetadata(start);
}

// Converts numbers for pixels of 0 to 255 to numbers for pixels / 255.
std::vector<float> of_unit(const flatbuffers::Vector<float>* numbers, const File& file, bool positive) {
  std::vector<float> result;
  if (!numbers) return result;
  for (const float number : *numbers) {
    if (!std::isfinite(number) || (positive && number <= 0))
      fail(ErrorCode::data_loss, "{}: its metadata normalize by {}", file.name(), number);
    result.push_back(number / 255);
  }
  return result;
}

size_t input_channels(const InferenceModel& model) {
  for (const Graph::Argument& argument : model.graph.arguments())
    if (argument.role == Role::input) return argument.type.shape.empty() ? 1 : static_cast<size_t>(argument.type.shape.back());
  return 1;
}

void read_normalization(const metadata::TensorMetadata& input, const File& file, InferenceModel& model) {
  if (!input.process_units()) return;
  for (const metadata::ProcessUnit* unit : *input.process_units()) {
    const auto* options = unit->options_as_NormalizationOptions();
    if (!options) continue;
    model.preprocessing.mean = of_unit(options->mean(), file, false);
    model.preprocessing.deviation = of_unit(options->std(), file, true);
    const size_t channels = input_channels(model);
    for (std::vector<float>* numbers : {&model.preprocessing.mean, &model.preprocessing.deviation}) {
      if (numbers->size() == 1) numbers->resize(channels, (*numbers)[0]);
      if (!numbers->empty() && numbers->size() != channels)
        fail(ErrorCode::data_loss, "{}: its metadata normalize {} channels of {}", file.name(), numbers->size(), channels);
    }
    model.says_preprocessing = true;
    return;
  }
}

// The file with the names of the classes of the first result: the first one in English or without a language.
std::string label_file(const metadata::SubGraphMetadata& graph) {
  if (!graph.output_tensor_metadata() || graph.output_tensor_metadata()->size() == 0) return "";
  const auto* files = graph.output_tensor_metadata()->Get(0)->associated_files();
  if (!files) return "";
  std::string other;
  for (const metadata::AssociatedFile* file : *files) {
    if (file->type() != metadata::AssociatedFileType::TENSOR_AXIS_LABELS || !file->name()) continue;
    const std::string_view locale = file->locale() ? file->locale()->string_view() : std::string_view();
    if (locale.empty() || locale.starts_with("en")) return file->name()->str();
    if (other.empty()) other = file->name()->str();
  }
  return other;
}

// Gives classes without a name, which detectors' files have, their number, so that a model is not refused for an empty line.
std::string named_lines(std::string_view text) {
  std::string result;
  for (size_t start = 0, number = 0; start < text.size(); ++number) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, end - start);
    result += line.empty() || line == "\r" ? std::to_string(number) : std::string(line);
    result += '\n';
    start = end + 1;
  }
  return result;
}

}  // namespace

void read_file_metadata(const File& file, InferenceModel& model) {
  const metadata::ModelMetadata* all = metadata_of(file);
  if (!all || !all->subgraph_metadata() || all->subgraph_metadata()->size() == 0) return;
  const metadata::SubGraphMetadata& graph = *all->subgraph_metadata()->Get(0);
  if (graph.input_tensor_metadata() && graph.input_tensor_metadata()->size() > 0)
    read_normalization(*graph.input_tensor_metadata()->Get(0), file, model);
  const std::string labels = label_file(graph);
  if (labels.empty()) return;
  const std::optional<ZipArchive> archive = ZipArchive::find(file.bytes(), file.name());
  if (!archive || !archive->contains(labels)) return;
  const std::vector<std::byte> content = archive->read(labels, most_label_bytes);
  model.labels = labels_of(named_lines({reinterpret_cast<const char*>(content.data()), content.size()}),
                           file.name() + ": " + labels + " in it");
}

}  // namespace fovea::tflite
