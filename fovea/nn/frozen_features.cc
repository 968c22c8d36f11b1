// SPDX-License-Identifier: Apache-2.0
#include "fovea/nn/frozen_features.h"

#include <algorithm>
#include <map>
#include <set>

#include "fovea/core/error.h"
#include "fovea/core/glob.h"
#include "fovea/graph/operators.h"
#include "fovea/graph/rewrite/graph_copy.h"
#include "fovea/nn/operators.h"

namespace fovea {
namespace {

// What a value depends on.
enum class Origin : uint8_t {
  fixed,     // constants and frozen parameters alone
  features,  // the image, too
  trained    // something that changes from step to step
};

Shape batched(int64_t batch, const Shape& shape) {
  Shape result{batch};
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

class CutSearch {
 public:
  CutSearch(const Network& network, const std::vector<std::string>& frozen) : recorder_(network.name, Mode::training) {
    recorder_.freeze(frozen);
    image_ = recorder_.input("image", {batched(1, network.input), DType::f32});
    logits_ = network.function(image_).ref();
    recorder_.graph().finish({{"logits", logits_}});
  }

  std::optional<FrozenCut> run() {
    classify_arguments();
    const std::vector<Graph::Node> nodes = recorder_.graph().nodes();
    if (nodes.size() != recorder_.operations().size()) return std::nullopt;
    std::vector<int64_t> last_read(nodes.size(), -1);  // for each node, the last node that reads one of its results
    std::map<int32_t, size_t> makers;
    int64_t image_read = -1;
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const Ref operand : nodes[i].operands) {
        if (const auto maker = makers.find(operand.index); maker != makers.end())
          last_read[maker->second] = static_cast<int64_t>(i);
        else if (operand == image_.ref())
          image_read = static_cast<int64_t>(i);
      }
      Origin origin = nodes[i].is<ops::BatchNormTraining>() ? Origin::trained : Origin::fixed;
      for (const Ref operand : nodes[i].operands) origin = std::max(origin, origins_[operand.index]);
      for (const Ref result : nodes[i].results) {
        makers[result.index] = i;
        origins_[result.index] = origin;
      }
    }
    if (const auto maker = makers.find(logits_.index); maker != makers.end())
      last_read[maker->second] = static_cast<int64_t>(nodes.size());
    return last_cut(nodes, last_read, image_read);
  }

 private:
  void classify_arguments() {
    std::set<std::string> changing;
    for (const ParameterSpec& spec : recorder_.parameters())
      if (spec.trained && !spec.frozen) changing.insert(spec.name);
    for (const auto& [name, value] : recorder_.updates()) changing.insert(name);
    for (const Graph::Argument& argument : recorder_.graph().arguments()) {
      const bool image = argument.value == image_.ref();
      const bool changes = (argument.role == Role::input && !image) || changing.contains(argument.name);
      origins_[argument.value.index] = image ? Origin::features : changes ? Origin::trained : Origin::fixed;
    }
  }

  // The last cut. Node i is a cut if, of all values that depend on the image and are computed up to it, only its own result is
  // read later.
  std::optional<FrozenCut> last_cut(const std::vector<Graph::Node>& nodes, const std::vector<int64_t>& last_read,
                                    int64_t image_read) {
    std::optional<FrozenCut> found;
    int64_t open = image_read;  // the last node that reads a value computed before node i
    for (size_t i = 0; i < nodes.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      const Origin origin = nodes[i].results.empty() ? Origin::fixed : origins_[nodes[i].results.front().index];
      if (origin == Origin::features && nodes[i].results.size() == 1 && open <= at && last_read[i] > at &&
          last_read[i] < std::ssize(nodes)) {
        Shape shape = recorder_.graph().type(nodes[i].results.front()).shape;
        shape.erase(shape.begin());
        found = FrozenCut{at, shape};
      }
      if (origin != Origin::fixed) open = std::max(open, last_read[i]);
    }
    return found;
  }

  Recorder recorder_;
  Value image_;
  Ref logits_;
  std::map<int32_t, Origin> origins_;  // by the index of the value
};

}  // namespace

std::optional<FrozenCut> frozen_cut(const Network& network, const std::vector<std::string>& frozen) {
  if (network.form || frozen.empty()) return std::nullopt;
  return CutSearch(network, frozen).run();
}

Network features_of(const Network& network, const FrozenCut& cut) {
  NetworkForm form;
  form.inputs = {{"image", network.input}};
  form.function = [network, cut](const NamedValues& inputs) {
    const Value image = inputs.at("image");
    Recorder& recorder = image.recorder();
    const int64_t first = std::ssize(recorder.operations());
    network.function(image);
    return NamedValues{{"features", recorder.result_of(first + cut.operation)}};
  };
  form.probabilities = [](const NamedValues& results) { return results; };
  Network result = network;
  result.form = std::move(form);
  return result;
}

Network head_of(const Network& network, const FrozenCut& cut) {
  Network head = network;
  head.input = cut.features;
  head.function = [network, cut](Value features) {
    Recorder& recorder = features.recorder();
    // What is recorded up to the cut reads a placeholder of the image. Nothing that remains uses it, so it is compiled away.
    const Shape shape = batched(features.extent(0), network.input);
    std::vector<int64_t> cells;
    for (const int64_t extent : shape) cells.insert(cells.end(), {0, extent - 1});
    const Value image = operators::pad(operators::constant(recorder, Tensor(Shape(shape.size(), 1), DType::f32)), cells, 0);
    recorder.substitute(std::ssize(recorder.operations()) + cut.operation, features);
    return network.function(image);
  };
  return head;
}

std::vector<std::string> all_but_head(const Network& network) {
  const std::vector<ParameterSpec> specs = trace_inference(network, 1).parameters;
  const auto last = std::ranges::find_if(specs.rbegin(), specs.rend(),
                                         [](const ParameterSpec& spec) { return spec.kind != ParameterKind::plain; });
  if (last == specs.rend()) refuse("{} has no layer with weights whose results are its classes", network.name);
  const std::string layer = last->name.substr(0, last->name.rfind('.') + 1);
  std::vector<std::string> names;
  for (const ParameterSpec& spec : specs)
    if (!spec.name.starts_with(layer)) names.push_back(spec.name);
  return names;
}

std::vector<std::string> norm_scales(const Network& network) {
  const Traced traced = trace_inference(network, 1);
  const std::map<int32_t, std::string> names = argument_names(traced.graph);
  std::set<std::string> scales;
  for (const Graph::Node& node : traced.graph.nodes()) {
    if (!node.is<ops::BatchNorm>()) continue;
    if (const auto name = names.find(node.operands[1].index); name != names.end()) scales.insert(name->second);
  }
  return {scales.begin(), scales.end()};
}

}  // namespace fovea
