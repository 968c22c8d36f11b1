// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/run.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/data/sources/picture_split.h"
#include "fovea/graph/model_metadata.h"
#include "fovea/interchange/labels.h"
#include "fovea/interchange/pth.h"
#include "fovea/interchange/safetensors.h"
#include "fovea/models/registry.h"
#include "fovea/quant/quantization_aware.h"
#include "fovea/train/checkpoint.h"

namespace fovea {
namespace {

constexpr const char* confidence_file = "confidence.json";

Confidence read_confidence(const std::filesystem::path& path) {
  try {
    return confidence_of(nlohmann::json::parse(read_text(path)));
  } catch (const std::exception& error) {
    fail(ErrorCode::data_loss, "{}: not a file that fovea eval --calibrate writes: {}", path.string(), error.what());
  }
}

// An unfinished run has no model.safetensors; its last checkpoint has the same tensors and more.
TensorMap tensors_of_run(const Network& network, const std::filesystem::path& folder) {
  return std::filesystem::exists(folder / "model.safetensors") ? read_weights(network, folder / "model.safetensors").tensors
                                                               : averaged(load_checkpoint(folder).tensors);
}

}  // namespace

Network real_network_of(const Recipe& recipe, ModelOptions options) {
  if (options.classes == 0) options.classes = recipe.classes;
  if (!options.width && recipe.width > 0) options.width = recipe.width;
  if (!options.convention && !recipe.convention.empty()) options.convention = convention_named(recipe.convention);
  if (!options.dropout && recipe.dropout >= 0) options.dropout = recipe.dropout;
  if (!options.drop_connect && recipe.drop_connect >= 0) options.drop_connect = recipe.drop_connect;
  options.zero_last_scale |= recipe.zero_last_scale;
  if (options.input.empty() && recipe.size > 0) {
    options.input = make_model(recipe.model, {.classes = options.classes}).input;
    if (options.input.size() != 3) refuse("input.size is for networks that read images, which {} does not", recipe.model);
    options.input[0] = options.input[1] = recipe.size;
  }
  Network network = make_model(recipe.model, options);
  if (!recipe.mean.empty()) {
    network.preprocessing.mean = {recipe.mean.begin(), recipe.mean.end()};
    network.preprocessing.deviation = {recipe.deviation.begin(), recipe.deviation.end()};
  }
  network.preprocessing.resize = recipe.crop_resize;
  if (recipe.crop_resize == 0 && recipe.crop_margin > 0 && network.input.size() == 3)
    network.preprocessing.resize = std::min(network.input[0], network.input[1]) + recipe.crop_margin;
  network.preprocessing.bicubic = recipe.interpolation == "bicubic";
  network.preprocessing.upright = recipe.orientation == "exif";
  return network;
}

Network network_of(const Recipe& recipe, ModelOptions options) {
  Network network = real_network_of(recipe, std::move(options));
  if (!recipe.quantize_aware) return network;
  return quantization_aware(network, {.scales = weight_scales_of(recipe), .range_decay = recipe.range_decay});
}

WeightScales weight_scales_of(const Recipe& recipe) {
  return {.conv_per_channel = !recipe.per_tensor, .dense_per_channel = recipe.dense_per_channel && !recipe.per_tensor};
}

TrainedModel open_network(const std::string& model, const ModelOptions& options) {
  TrainedModel opened;
  const std::filesystem::path folder = model;
  if (std::filesystem::is_directory(folder)) {
    if (!std::filesystem::exists(folder / "recipe.toml")) refuse("{} is not the folder of a run: it has no recipe.toml", model);
    if (options != ModelOptions())
      refuse("{} is a run, and its recipe determines its network; options of the network are only for networks of fovea models",
             model);
    opened.recipe = read_recipe(folder / "recipe.toml");
    if (std::filesystem::exists(folder / confidence_file)) opened.confidence = read_confidence(folder / confidence_file);
    if (std::filesystem::exists(folder / "labels.txt")) opened.labels = read_labels(folder / "labels.txt", LabelNumbers::keep);
  } else {
    if (model.find('/') != model.npos) refuse("there is no run at {}", model);
    opened.recipe = default_recipe(make_model(model).name);
  }
  opened.network = network_of(opened.recipe, options);
  return opened;
}

TrainedModel open_model(const std::string& model, const std::filesystem::path& weights, int64_t seed,
                        const ModelOptions& options) {
  TrainedModel opened = open_network(model, options);
  if (std::filesystem::is_directory(model)) {
    opened.tensors = tensors_of_run(opened.network, model);
  } else if (!weights.empty()) {
    opened.tensors = read_weights(opened.network, weights).tensors;
  } else {
    opened.tensors = initial_tensors(trace_inference(opened.network, 1), static_cast<uint64_t>(seed));
  }
  return opened;
}

std::shared_ptr<const Dataset> open_run_data(const std::filesystem::path& folder, const Recipe& recipe, Split split,
                                             const std::string& data) {
  DatasetOptions options{.seed = static_cast<uint64_t>(recipe.seed)};
  const std::filesystem::path list = folder / "split.csv";
  if (std::filesystem::exists(list) && (data.empty() || same_data(data, recipe.data)))
    options.split = std::make_shared<const PictureSplit>(read_split(list));
  return open_dataset(data.empty() ? recipe.data : data, split, options);
}

LoadedWeights read_weights(const Network& network, const std::filesystem::path& path, HeadRule head) {
  Safetensors contents = read_weight_file(path);
  return load_weights(
      network, {.path = path.string(), .tensors = std::move(contents.tensors), .metadata = std::move(contents.metadata)}, head);
}

void write_weights(const std::filesystem::path& path, const Network& network, const TensorMap& tensors) {
  std::map<std::string, TensorSource> published;
  for (const ParameterSpec& spec : trace_inference(network, 1).parameters) {
    const auto found = tensors.find(spec.name);
    if (found == tensors.end()) fail(ErrorCode::not_found, "the weights of {} lack tensor \"{}\"", network.name, spec.name);
    published[spec.name] = {torch_shape(spec), DType::f32,
                            [spec, tensor = found->second] { return to_torch_layout(spec, tensor); }};
  }
  write_safetensors(path, published, {{"format", "pt"}, {"model", network.name}});
}

void write_confidence(const std::filesystem::path& folder, const Confidence& confidence) {
  if (confidence == Confidence()) {
    std::filesystem::remove(folder / confidence_file);
  } else {
    write_text(folder / confidence_file, confidence_json(confidence).dump(2) + "\n");
  }
}

TensorMap averaged(const TensorMap& tensors) {
  TensorMap result = tensors;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(average_prefix)) result[name.substr(average_prefix.size())] = tensor;
  }
  return result;
}

TensorMap network_tensors(const Network& network, const TensorMap& tensors) {
  TensorMap kept;
  const Traced traced = trace_inference(network, 1);
  for (const ParameterSpec& parameter : traced.parameters) kept[parameter.name] = tensors.at(parameter.name);
  return kept;
}

}  // namespace fovea
