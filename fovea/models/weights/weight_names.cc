// SPDX-License-Identifier: Apache-2.0
#include "fovea/models/weights/weight_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <set>

namespace fovea {
namespace {

// A pattern of our names and timm's form of what it matches ($1 is the first group). Patterns are tried in order.
struct Rule {
  Rule(const char* pattern, const char* name) : ours(pattern), timm(name) {}
  std::regex ours;
  std::string timm;
};

struct Family {
  const char* mark;  // a name that only this family has
  std::vector<Rule> rules;
};

// A leading "!" stands for blocks without expansion, whose layers are numbered differently.
const std::vector<Family>& families() {
  static const std::vector<Family> all{
      {"features.1.0.block.0.0.weight",
       {{R"(features\.0\.0)", "conv_stem"},
        {R"(features\.0\.1)", "bn1"},
        {R"(features\.(\d+)\.0)", "conv_head"},
        {R"(features\.(\d+)\.1)", "bn2"},
        {R"(!features\.(\d+)\.(\d+)\.block\.0\.0)", "blocks.$1.$2.conv_dw"},
        {R"(!features\.(\d+)\.(\d+)\.block\.0\.1)", "blocks.$1.$2.bn1"},
        {R"(!features\.(\d+)\.(\d+)\.block\.2\.0)", "blocks.$1.$2.conv_pw"},
        {R"(!features\.(\d+)\.(\d+)\.block\.2\.1)", "blocks.$1.$2.bn2"},
        {R"(!?features\.(\d+)\.(\d+)\.block\.\d\.fc1)", "blocks.$1.$2.se.conv_reduce"},
        {R"(!?features\.(\d+)\.(\d+)\.block\.\d\.fc2)", "blocks.$1.$2.se.conv_expand"},
        {R"(features\.(\d+)\.(\d+)\.block\.0\.0)", "blocks.$1.$2.conv_pw"},
        {R"(features\.(\d+)\.(\d+)\.block\.0\.1)", "blocks.$1.$2.bn1"},
        {R"(features\.(\d+)\.(\d+)\.block\.1\.0)", "blocks.$1.$2.conv_dw"},
        {R"(features\.(\d+)\.(\d+)\.block\.1\.1)", "blocks.$1.$2.bn2"},
        {R"(features\.(\d+)\.(\d+)\.block\.3\.0)", "blocks.$1.$2.conv_pwl"},
        {R"(features\.(\d+)\.(\d+)\.block\.3\.1)", "blocks.$1.$2.bn3"},
        {R"(classifier\.1)", "classifier"}}},
      {"layers.8.0.layers.0.weight",
       {{R"(layers\.0)", "conv_stem"},
        {R"(layers\.1)", "bn1"},
        {R"(layers\.3)", "blocks.0.0.conv_dw"},
        {R"(layers\.4)", "blocks.0.0.bn1"},
        {R"(layers\.6)", "blocks.0.0.conv_pw"},
        {R"(layers\.7)", "blocks.0.0.bn2"},
        {R"(layers\.14)", "conv_head"},
        {R"(layers\.15)", "bn2"},
        {R"(layers\.(\d+)\.(\d+)\.layers\.0)", "blocks.$1.$2.conv_pw"},
        {R"(layers\.(\d+)\.(\d+)\.layers\.1)", "blocks.$1.$2.bn1"},
        {R"(layers\.(\d+)\.(\d+)\.layers\.3)", "blocks.$1.$2.conv_dw"},
        {R"(layers\.(\d+)\.(\d+)\.layers\.4)", "blocks.$1.$2.bn2"},
        {R"(layers\.(\d+)\.(\d+)\.layers\.6)", "blocks.$1.$2.conv_pwl"},
        {R"(layers\.(\d+)\.(\d+)\.layers\.7)", "blocks.$1.$2.bn3"},
        {R"(classifier\.1)", "classifier"}}},
      {"features.1.conv.0.0.weight",
       {{R"(features\.0\.0)", "conv_stem"},
        {R"(features\.0\.1)", "bn1"},
        {R"(features\.18\.0)", "conv_head"},
        {R"(features\.18\.1)", "bn2"},
        {R"(features\.1\.conv\.0\.0)", "blocks.0.0.conv_dw"},
        {R"(features\.1\.conv\.0\.1)", "blocks.0.0.bn1"},
        {R"(features\.1\.conv\.1)", "blocks.0.0.conv_pw"},
        {R"(features\.1\.conv\.2)", "blocks.0.0.bn2"},
        {R"(features\.(\d+)\.conv\.0\.0)", "blocks.$1.conv_pw"},
        {R"(features\.(\d+)\.conv\.0\.1)", "blocks.$1.bn1"},
        {R"(features\.(\d+)\.conv\.1\.0)", "blocks.$1.conv_dw"},
        {R"(features\.(\d+)\.conv\.1\.1)", "blocks.$1.bn2"},
        {R"(features\.(\d+)\.conv\.2)", "blocks.$1.conv_pwl"},
        {R"(features\.(\d+)\.conv\.3)", "blocks.$1.bn3"},
        {R"(classifier\.1)", "classifier"}}},
  };
  return all;
}

// timm counts stages from 0 and, in MobileNetV2, the blocks within each stage.
std::string timm_stage(const Family& family, int64_t number) {
  constexpr std::array<int64_t, 7> repeats{1, 2, 3, 4, 3, 3, 1};  // Sandler et al. 2018, table 2
  if (&family == &families()[0]) return std::to_string(number - 1);
  if (&family == &families()[1]) return std::to_string(number - 7);
  int64_t block = number - 1;
  size_t stage = 0;
  for (; stage + 1 < repeats.size() && block >= repeats[stage]; ++stage) block -= repeats[stage];
  return fmt::format("{}.{}", stage, block);
}

std::optional<std::string> timm_layer(const Family& family, const std::string& layer) {
  for (const Rule& rule : family.rules) {
    std::smatch match;
    if (!std::regex_match(layer, match, rule.ours)) continue;
    std::string text = rule.timm;
    if (const size_t at = text.find("$1"); at != text.npos) text.replace(at, 2, timm_stage(family, std::stoll(match[1])));
    if (const size_t at = text.find("$2"); at != text.npos) text.replace(at, 2, match[2]);
    return text;
  }
  return std::nullopt;
}

}  // namespace

std::map<std::string, std::string> timm_names(const std::vector<std::string>& names) {
  const std::set<std::string> all(names.begin(), names.end());
  std::map<std::string, std::string> result;
  for (const Family& family : families()) {
    if (!all.contains(family.mark)) continue;
    for (const std::string& name : names) {
      const size_t dot = name.rfind('.');
      std::string layer = name.substr(0, dot);
      const size_t block = layer.find(".block.");
      if (block != layer.npos && !all.contains(layer.substr(0, block) + ".block.3.0.weight")) layer = "!" + layer;
      const std::optional<std::string> theirs = timm_layer(family, layer);
      if (!theirs) return {};
      result[name] = *theirs + name.substr(dot);
    }
    break;
  }
  return result;
}

std::string current_name(const std::string& name) {
  static const std::regex old(R"((.*denselayer\d+\.(?:norm|conv))\.([12]\..*))");
  return std::regex_replace(name, old, "$1$2");
}

}  // namespace fovea
