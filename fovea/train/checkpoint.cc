// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/checkpoint.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <vector>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/interchange/safetensors.h"

namespace fovea {
namespace {

constexpr int format_version = 1;

// Visits the members of the state with their names in the file.
template <typename State, typename Visit>
void each_member(State& state, Visit visit) {
  visit("epoch", state.epoch);
  visit("batch", state.batch);
  visit("step", state.step);
  visit("loss_sum", state.loss_sum);
  visit("correct", state.correct);
  visit("images", state.images);
  visit("seconds", state.seconds);
  visit("best_top1", state.best_top1);
  visit("best_epoch", state.best_epoch);
}

std::string tensor_file(int64_t step) { return fmt::format("checkpoint-{:08}.safetensors", step); }

bool is_tensor_file(const std::string& name) {
  return name.starts_with("checkpoint-") && name.find(".safetensors") != name.npos;
}

// Removes all but `newest` and the keep - 1 files before it. Later or incomplete files come from a run that was killed.
void remove_others(const std::filesystem::path& folder, const std::string& newest, int64_t keep) {
  std::error_code ignored;  // a file that cannot be removed only wastes space
  std::vector<std::string> names, whole;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!is_tensor_file(name) && !name.ends_with(".tmp")) continue;
    names.push_back(name);
    if (name.size() == newest.size() && name <= newest) whole.push_back(name);
  }
  std::sort(whole.begin(), whole.end(), std::greater<>());
  whole.resize(std::min(whole.size(), static_cast<size_t>(keep)));
  for (const std::string& name : names) {
    if (std::find(whole.begin(), whole.end(), name) == whole.end()) std::filesystem::remove(folder / name, ignored);
  }
}

// A member of the state from the file; fails naming it.
template <typename T>
T member(const nlohmann::json& json, const char* key, const std::string& path) {
  const auto found = json.find(key);
  if (found == json.end()) fail(ErrorCode::data_loss, "{}: \"{}\" is missing", path, key);
  if constexpr (std::is_same_v<T, int64_t>) {
    if (!found->is_number_integer() || found->template get<int64_t>() < 0)
      fail(ErrorCode::data_loss, "{}: \"{}\" must be a whole number, 0 or more", path, key);
  } else if constexpr (std::is_same_v<T, double>) {
    if (!found->is_number()) fail(ErrorCode::data_loss, "{}: \"{}\" must be a number", path, key);
  } else {
    if (!found->is_string()) fail(ErrorCode::data_loss, "{}: \"{}\" must be a string", path, key);
  }
  return found->template get<T>();
}

nlohmann::json read_state(const std::string& path) {
  nlohmann::json json = nlohmann::json::parse(read_text(path), nullptr, false);
  if (!json.is_object()) fail(ErrorCode::data_loss, "{} is damaged: not a JSON object", path);
  if (const int64_t version = member<int64_t>(json, "format", path); version != format_version) {
    fail(ErrorCode::data_loss, "{}: format {} is not {}, the one this program writes", path, version, format_version);
  }
  return json;
}

}  // namespace

bool has_checkpoint(const std::filesystem::path& folder) { return std::filesystem::exists(folder / "state.json"); }

bool has_run(const std::filesystem::path& folder) {
  return has_checkpoint(folder) || std::filesystem::exists(folder / "model.safetensors") ||
         std::filesystem::exists(folder / "best.safetensors");
}

void refuse_replacing(const std::filesystem::path& folder) {
  if (has_run(folder)) refuse("{} holds a run already; --resume continues it, --overwrite replaces it", folder.string());
}

void remove_run(const std::filesystem::path& folder) {
  // The state is removed first, because without it the tensors are not a checkpoint.
  for (const char* stale :
       {"state.json", "model.safetensors", "best.safetensors", "curves.svg", "confusion.svg", "confidence.json", "split.csv"})
    std::filesystem::remove(folder / stale);
}

void save_checkpoint(const std::filesystem::path& folder, const Checkpoint& checkpoint, int64_t keep) {
  const std::string file = tensor_file(checkpoint.state.step);
  write_safetensors(folder / file,
                    {checkpoint.tensors, {{"format", "fovea"}, {"step", std::to_string(checkpoint.state.step)}}});
  nlohmann::ordered_json json = {{"format", format_version}, {"tensors", file}};
  each_member(checkpoint.state, [&](const char* key, const auto& value) {
    using T = std::remove_cvref_t<decltype(value)>;
    // A diverged run has a state, too, but JSON has no notation for what is not a number.
    if constexpr (std::is_same_v<T, double>)
      json[key] = std::isfinite(value) ? value : 0;
    else
      json[key] = value;
  });
  json["recipe"] = checkpoint.recipe;
  write_text(folder / "state.json", json.dump(2) + "\n");
  remove_others(folder, file, keep);
}

std::string saved_recipe(const std::filesystem::path& folder) {
  const std::string path = (folder / "state.json").string();
  return member<std::string>(read_state(path), "recipe", path);
}

Checkpoint load_checkpoint(const std::filesystem::path& folder) {
  const std::string path = (folder / "state.json").string();
  const nlohmann::json json = read_state(path);
  Checkpoint checkpoint;
  each_member(checkpoint.state,
              [&](const char* key, auto& value) { value = member<std::remove_cvref_t<decltype(value)>>(json, key, path); });
  checkpoint.recipe = member<std::string>(json, "recipe", path);
  const std::string file = member<std::string>(json, "tensors", path);
  if (!is_tensor_file(file) || file.find('/') != file.npos)
    fail(ErrorCode::data_loss, "{}: \"tensors\" names {}, not a checkpoint beside it", path, file);
  Safetensors contents = read_safetensors(folder / file);
  if (contents.metadata["format"] != "fovea") {
    fail(ErrorCode::data_loss, "{} is not a checkpoint: its metadata calls the format \"{}\", not \"fovea\"",
         (folder / file).string(), contents.metadata["format"]);
  }
  if (contents.metadata["step"] != std::to_string(checkpoint.state.step)) {
    fail(ErrorCode::data_loss, "{} belongs to step {}, but {} is of step {}", (folder / file).string(),
         contents.metadata["step"], path, checkpoint.state.step);
  }
  checkpoint.tensors = std::move(contents.tensors);
  return checkpoint;
}

}  // namespace fovea
