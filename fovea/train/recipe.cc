// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/recipe.h"

#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <variant>

#include "fovea/core/error.h"
#include "fovea/core/file.h"
#include "fovea/core/text.h"
#include "fovea/models/registry.h"
#include "fovea/train/recipe_fields.h"
#include "fovea/train/recipe_files.h"

namespace fovea {
namespace {

std::vector<std::string> keys() {
  std::vector<std::string> names;
  for (const Field& field : fields()) names.push_back(field.key);
  return names;
}

// The position of a value for messages: `recipe.toml:3: `, or nothing for the command line.
std::string place(std::string_view file, const toml::node& node) {
  return file.empty() ? std::string() : fmt::format("{}:{}: ", file, node.source().begin.line);
}

// The shortest text that reads back as the same number. TOML takes a number without a point or an exponent for a whole one.
std::string toml_text(double value) {
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  std::string text(digits.data(), end);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";  // the letters of exponents, of inf and of nan
  return text;
}

template <typename T>
requires std::is_same_v<T, bool> || std::is_same_v<T, int64_t> || std::is_same_v<T, std::string> std::string toml_text(
    const T& value) {
  std::ostringstream text;
  text << toml::value<T>(value);
  return text.str();
}

std::string toml_list(const std::vector<std::string>& texts) {
  return texts.empty() ? "[]" : fmt::format("[ {} ]", fmt::join(texts, ", "));
}

template <typename T>
std::string toml_text(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const T& value : values) texts.push_back(toml_text(value));
  return toml_list(texts);
}

// The same of a value as it was read, which may be of any type that a key of a group has.
std::string node_text(const toml::node& node) {
  if (node.is_floating_point()) return toml_text(*node.value<double>());
  if (const toml::array* array = node.as_array()) {
    std::vector<std::string> texts;
    for (const toml::node& element : *array) texts.push_back(node_text(element));
    return toml_list(texts);
  }
  std::ostringstream text;
  node.visit([&](const auto& value) { text << value; });
  return text.str();
}

void check_number(const Field& field, double value, const std::string& where) {
  if ((field.above ? value > field.least : value >= field.least) && value <= field.most) return;  // false for NaN
  const std::string most = std::isinf(field.most) ? "" : fmt::format(" and at most {}", field.most);
  refuse("{}{} is {}; it must be {} {}{}", where, field.key, value, field.above ? "above" : "at least", field.least, most);
}

[[noreturn]] void wrong_type(const Field& field, const char* wanted, const std::string& where) {
  refuse("{}{} must be {}", where, field.key, wanted);
}

void read_value(std::string& out, const toml::node& node, const Field& field, const std::string& where) {
  const auto value = node.value_exact<std::string>();
  if (!value) wrong_type(field, "a string", where);
  if (!field.names.empty() && std::find(field.names.begin(), field.names.end(), *value) == field.names.end()) {
    refuse_unknown(where + field.key, *value, field.names);
  }
  out = *value;
}

void read_value(int64_t& out, const toml::node& node, const Field& field, const std::string& where) {
  const auto value = node.value_exact<int64_t>();
  if (!value) wrong_type(field, "a whole number", where);
  check_number(field, static_cast<double>(*value), where);
  out = *value;
}

void read_value(double& out, const toml::node& node, const Field& field, const std::string& where) {
  if (!node.is_number()) wrong_type(field, "a number", where);
  const double value = *node.value<double>();
  check_number(field, value, where);
  out = value;
}

void read_value(bool& out, const toml::node& node, const Field& field, const std::string& where) {
  const auto value = node.value_exact<bool>();
  if (!value) wrong_type(field, "true or false", where);
  out = *value;
}

void read_value(std::vector<double>& out, const toml::node& node, const Field& field, const std::string& where) {
  if (!node.is_array()) wrong_type(field, "a list of numbers", where);
  std::vector<double> values;
  for (const toml::node& element : *node.as_array()) read_value(values.emplace_back(), element, field, where);
  out = values;
}

void read_value(std::vector<std::string>& out, const toml::node& node, const Field& field, const std::string& where) {
  if (!node.is_array()) wrong_type(field, "a list of strings", where);
  std::vector<std::string> values;
  for (const toml::node& element : *node.as_array()) read_value(values.emplace_back(), element, field, where);
  out = values;
}

void assign(Recipe& recipe, const Field& field, const toml::node& node, const std::string& where) {
  std::visit([&](auto member) { read_value(recipe.*member, node, field, where); }, field.member);
}

const Field* field_of(std::string_view key) {
  const auto field = std::find_if(fields().begin(), fields().end(), [&](const Field& each) { return each.key == key; });
  return field == fields().end() ? nullptr : &*field;
}

bool may_vary_by_group(const std::string& key) {
  return key == "epochs" || (key.starts_with("optimizer.") && key != "optimizer.clip_norm") || key.starts_with("rate.");
}

RecipeGroup& group_named(Recipe& recipe, const std::string& name) {
  const auto known =
      std::find_if(recipe.groups.begin(), recipe.groups.end(), [&](const RecipeGroup& each) { return each.name == name; });
  return known != recipe.groups.end() ? *known : recipe.groups.emplace_back(RecipeGroup{.name = name});
}

// Sets `key` of a group, such as rate.peak.
void set_in_group(Recipe& recipe, const std::string& name, const std::string& key, const toml::node& node,
                  const std::string& where) {
  const std::string full = "group." + name + "." + key;
  if (key == "match") {
    const auto pattern = node.value_exact<std::string>();
    if (!pattern || pattern->empty()) refuse("{}{} must be a pattern of parameter names, e.g. \"*.bias\"", where, full);
    group_named(recipe, name).match = *pattern;
    return;
  }
  if (!may_vary_by_group(key) || field_of(key) == nullptr) {
    std::vector<std::string> known = {full.substr(0, full.size() - key.size()) + "match"};
    for (const Field& field : fields()) {
      if (may_vary_by_group(field.key)) known.push_back("group." + name + "." + field.key);
    }
    refuse_unknown(where + "recipe key", full, known);
  }
  Recipe scratch = recipe;
  assign(scratch, *field_of(key), node, where + "group " + name + ": ");
  std::vector<std::string>& settings = group_named(recipe, name).settings;
  std::erase_if(settings, [&](const std::string& setting) { return setting.starts_with(key + "="); });
  settings.push_back(key + "=" + node_text(node));
}

void apply_group(Recipe& recipe, const std::string& name, const toml::table& table, const std::string& prefix,
                 std::string_view file) {
  for (const auto& [part, node] : table) {
    const std::string key = prefix + std::string(part.str());
    if (node.is_table()) {
      apply_group(recipe, name, *node.as_table(), key + ".", file);
    } else {
      set_in_group(recipe, name, key, node, place(file, node));
    }
  }
}

// A TOML table has no order, but groups have that of the file.
void apply_groups(Recipe& recipe, const toml::table& table, std::string_view file) {
  std::vector<std::pair<std::string, const toml::table*>> groups;
  for (const auto& [name, node] : table) {
    if (!node.is_table()) refuse("{}group.{} must be a table: [group.{}]", place(file, node), name.str(), name.str());
    groups.emplace_back(name.str(), node.as_table());
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a.second->source().begin.line < b.second->source().begin.line; });
  for (const auto& [name, group] : groups) apply_group(recipe, name, *group, "", file);
}

void apply_table(Recipe& recipe, const toml::table& table, const std::string& prefix, std::string_view file) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (key == "models") continue;  // the list of models is read by default_recipe
    if (key == "group" && node.is_table()) {
      apply_groups(recipe, *node.as_table(), file);
      continue;
    }
    if (node.is_table()) {
      apply_table(recipe, *node.as_table(), key + ".", file);
      continue;
    }
    const Field* field = field_of(key);
    if (field == nullptr) refuse_unknown(place(file, node) + "recipe key", key, keys());
    assign(recipe, *field, node, place(file, node));
  }
}

// Whether the file lists `model` among the models whose default it is.
bool lists(const RecipeFile& file, std::string_view model) {
  const toml::table table = toml::parse(file.text, file.name);
  const toml::array* models = table["models"].as_array();
  return models != nullptr && std::any_of(models->begin(), models->end(), [&](const toml::node& name) {
           return name.value<std::string>() == std::string(model);
         });
}

std::string value_text(const Recipe& recipe, const Field& field) {
  return std::visit([&](auto member) { return toml_text(recipe.*member); }, field.member);
}

// TOML is UTF-8, and a saved recipe has to be readable.
void check_text(const Field& field, const std::string& text) {
  if (!is_utf8(text)) refuse("{} \"{}\" is not UTF-8; give it another name, e.g. by a link", field.key, utf8_of(text));
}

}  // namespace

Recipe default_recipe(std::string_view model) {
  Recipe recipe;
  recipe.orientation = "exif";
  const RecipeFile* own = nullptr;
  for (const RecipeFile& file : recipe_files) {
    if (file.name == model) own = &file;
  }
  for (const RecipeFile& file : recipe_files) {
    if (own == nullptr && lists(file, model)) own = &file;
  }
  if (own != nullptr) apply_recipe(recipe, own->text, fmt::format("recipes/{}.toml", own->name));
  recipe.model = model;
  return recipe;
}

void apply_recipe(Recipe& recipe, std::string_view toml, std::string_view file) {
  std::optional<toml::table> table;
  try {
    table = toml::parse(toml, file);
  } catch (const toml::parse_error& error) {
    refuse("{}:{}: {}", file, error.source().begin.line, error.description());
  }
  apply_table(recipe, *table, "", file);
}

Recipe parse_recipe(std::string_view toml, std::string_view file) {
  Recipe recipe;
  apply_recipe(recipe, toml, file);
  return recipe;
}

Recipe read_recipe(const std::filesystem::path& path, Recipe recipe) {
  apply_recipe(recipe, read_text(path), path.string());
  return recipe;
}

std::string model_written_for(const std::filesystem::path& path) {
  const std::string text = read_text(path), called = path.stem().string();
  if (const Recipe recipe = read_recipe(path); !recipe.model.empty()) return recipe.model;
  const auto is_model = [](const std::string& name) {
    return std::ranges::any_of(models(), [&](const ModelEntry& entry) { return entry.name == name; });
  };
  if (is_model(called)) return called;
  const toml::table table = toml::parse(text, path.string());
  const toml::array* listed = table["models"].as_array();
  if (listed == nullptr || listed->empty()) return "";
  return listed->front().value<std::string>().value_or("");
}

void apply_setting(Recipe& recipe, std::string_view setting) {
  const size_t equals = setting.find('=');
  if (equals == std::string_view::npos) refuse("a setting is KEY=VALUE, e.g. optimizer.momentum=0.9; got \"{}\"", setting);
  const std::string key(setting.substr(0, equals)), value(setting.substr(equals + 1));
  const size_t dot = key.find('.', std::string_view("group.").size());
  const bool grouped = key.starts_with("group.") && dot != std::string::npos;
  const std::string own = grouped ? key.substr(dot + 1) : key;
  const Field* field = field_of(own);
  if (field == nullptr && !grouped) refuse_unknown("recipe key", key, keys());
  toml::table table;
  try {
    // On the command line a name needs no quotes.
    if (field == nullptr || std::holds_alternative<std::string Recipe::*>(field->member)) {
      table.insert("value", value);
    } else {
      table = toml::parse("value = " + value);
    }
  } catch (const toml::parse_error& error) {
    refuse("{} = {}: {}", key, value, error.description());
  }
  if (grouped) {
    set_in_group(recipe, key.substr(6, dot - 6), own, *table.get("value"), "");
  } else {
    assign(recipe, *field, *table.get("value"), "");
  }
}

Recipe recipe_of(const Recipe& recipe, const RecipeGroup& group) {
  Recipe own = recipe;
  own.groups.clear();
  for (const std::string& setting : group.settings) {
    const size_t equals = setting.find('=');
    const toml::table table = toml::parse("value = " + setting.substr(equals + 1));
    assign(own, *field_of(setting.substr(0, equals)), *table.get("value"), "");
  }
  return own;
}

std::vector<std::string> shorten_warmups(Recipe& recipe) {
  std::vector<std::string> notes;
  const auto shortened = [&](const std::string& key, const Recipe& own) {
    const double tenth = static_cast<double>(own.epochs) / 10;
    notes.push_back(fmt::format("{} is {}, longer than {} epoch{}: it is made {}", key, own.warmup_epochs, own.epochs,
                                own.epochs == 1 ? "" : "s", tenth));
    return tenth;
  };
  if (recipe.warmup_epochs > static_cast<double>(recipe.epochs)) recipe.warmup_epochs = shortened("rate.warmup_epochs", recipe);
  for (RecipeGroup& group : recipe.groups) {
    const Recipe own = recipe_of(recipe, group);
    if (own.warmup_epochs <= static_cast<double>(own.epochs)) continue;
    const double tenth = shortened("group." + group.name + ".rate.warmup_epochs", own);
    std::erase_if(group.settings, [](const std::string& setting) { return setting.starts_with("rate.warmup_epochs="); });
    group.settings.push_back("rate.warmup_epochs=" + toml_text(tenth));
  }
  return notes;
}

std::vector<RecipeChange> changes_between(const Recipe& from, const Recipe& to) {
  std::vector<RecipeChange> changes;
  for (const Field& field : fields()) {
    const std::string was = value_text(from, field), is = value_text(to, field);
    if (was != is) changes.push_back({field.key, was, is});
  }
  const auto text_of = [](const std::vector<RecipeGroup>& groups) {
    std::string text;
    for (const RecipeGroup& group : groups)
      text += fmt::format("[{}: {} {}]", group.name, group.match, fmt::join(group.settings, " "));
    return text.empty() ? "none" : text;
  };
  if (from.groups != to.groups) changes.push_back({"group", text_of(from.groups), text_of(to.groups)});
  return changes;
}

void check_recipe(const Recipe& recipe) {
  for (const Field& field : fields()) {
    if (const auto* text = std::get_if<std::string Recipe::*>(&field.member)) check_text(field, recipe.**text);
  }
  if (recipe.warmup_epochs > static_cast<double>(recipe.epochs)) {
    refuse("rate.warmup_epochs is {}, longer than the run of {} epochs", recipe.warmup_epochs, recipe.epochs);
  }
  if (recipe.epochs + recipe.head_epochs == 0) refuse("epochs is 0 and head.epochs is 0: nothing is trained");
  if (recipe.head_epochs > 0 && recipe.quantize_aware) refuse("head.epochs: training for integers trains the whole network");
  if (recipe.mean.size() != recipe.deviation.size()) {
    refuse("normalize.mean has {} numbers and normalize.deviation {}; both need one a channel", recipe.mean.size(),
           recipe.deviation.size());
  }
  if (recipe.batch % recipe.accumulate != 0) {
    refuse("a batch of {} cannot be accumulated in {} equal parts", recipe.batch, recipe.accumulate);
  }
  if (recipe.shards > 1 && !std::has_single_bit(static_cast<uint64_t>(recipe.shards))) {
    refuse("shards is {}, must be a power of two", recipe.shards);
  }
  if (recipe.shards > 1 && recipe.batch % (recipe.shards * recipe.accumulate) != 0) {
    refuse("a batch of {} cannot be cut into {} equal shards{}", recipe.batch, recipe.shards,
           recipe.accumulate > 1 ? fmt::format(", each of {} parts", recipe.accumulate) : "");
  }
  if (recipe.checkpoint_model == "best" && !recipe.checkpoint_best) {
    refuse("checkpoint.model is \"best\", but checkpoint.best is false: no best network is kept");
  }
  if (recipe.quantize_aware && recipe.weights.empty()) {
    refuse("training for integers fine-tunes a trained network: --weights FILE, or the folder of its run");
  }
  if (recipe.quantize_aware && recipe.dtype != "f32") refuse("training for integers needs dtype f32, not {}", recipe.dtype);
  for (const RecipeGroup& group : recipe.groups) {
    if (group.match.empty()) refuse("group.{}.match is missing: which parameters?", group.name);
    check_recipe(recipe_of(recipe, group));
  }
  if (recipe.nesterov && recipe.momentum == 0) refuse("optimizer.nesterov needs a momentum above 0");
}

std::string to_toml(const Recipe& recipe) {
  std::string text, section;
  for (const Field& field : fields()) {
    const size_t dot = field.key.find('.');
    const std::string head = dot == std::string::npos ? "" : field.key.substr(0, dot);
    if (head != section) text += fmt::format("\n[{}]\n", section = head);
    text += fmt::format("{} = {}\n", field.key.substr(dot == std::string::npos ? 0 : dot + 1), value_text(recipe, field));
  }
  for (const RecipeGroup& group : recipe.groups) {
    text += fmt::format("\n[group.{}]\nmatch = {}\n", group.name, toml_text(group.match));
    for (const std::string& setting : group.settings) {
      const size_t equals = setting.find('=');
      text += fmt::format("{} = {}\n", setting.substr(0, equals), setting.substr(equals + 1));
    }
  }
  return text;
}

}  // namespace fovea
