#include "fovea/models/registry.h"

#include <algorithm>

#include "fovea/core/error.h"
#include "fovea/models/ladder.h"
#include "fovea/nn/layers.h"

namespace fovea {
namespace {

std::string plain(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

const ModelEntry& entry_named(std::string_view name) {
  const std::string wanted = plain(name);
  std::vector<std::string> known;
  for (const ModelEntry& entry : models()) {
    if (entry.name == wanted) return entry;
    known.push_back(entry.name);
  }
  refuse_unknown("model", name, known);
}

}  // namespace

const std::vector<ModelEntry>& models() {
  static const std::vector<ModelEntry> entries{
      {"mnist-mlp", "ladder", "perceptron with two hidden layers of 512", {28, 28, 1}, 10, mnist_mlp},
      {"mnist-cnn", "ladder", "two convolutions, two dense layers", {28, 28, 1}, 10, mnist_cnn},
      {"cifar-cnn", "ladder", "four convolutions, two dense layers", {32, 32, 3}, 10, cifar_cnn},
      {"lenet5", "ladder", "LeCun et al. 1998, with relu", {28, 28, 1}, 10, lenet5},
      {"mnist-mlp-demo", "ladder", "784-128-10 with dropout", {28, 28, 1}, 10, mnist_mlp_demo},
      {"mnist-cnn-book", "ladder", "mnist-cnn, both convolutions same", {28, 28, 1}, 10, mnist_cnn_book},
      {"cifar-cnn-book", "ladder", "cifar-cnn, all convolutions same", {32, 32, 3}, 10, cifar_cnn_book},
      {"cifar-cnn-keras", "ladder", "cifar-cnn with dropout and one dense layer of 512", {32, 32, 3}, 10, cifar_cnn_keras},
      {"cifar-cnn-pytorch", "ladder", "two 5x5 convolutions, three dense layers", {32, 32, 3}, 10, cifar_cnn_pytorch},
  };
  return entries;
}

Network make_model(std::string_view name, const ModelOptions& options) {
  const ModelEntry& entry = entry_named(name);
  if (options.classes < 0) refuse("{}: {} classes, must be at least 1", entry.name, options.classes);
  if (!options.input.empty() && options.input.size() != entry.input.size()) {
    refuse("{}: the input {} has {} dimensions, must have {}, such as {}", entry.name, to_string(options.input),
           options.input.size(), entry.input.size(), to_string(entry.input));
  }
  for (const int64_t extent : options.input) {
    if (extent < 1) refuse("{}: the input {} has an extent below 1", entry.name, to_string(options.input));
  }
  Network network{.name = entry.name, .input = options.input.empty() ? entry.input : options.input};
  network.classes = options.classes > 0 ? options.classes : entry.classes;
  network.function = [function = entry.function, classes = network.classes, doubled = options.doubled_softmax](Value image) {
    const Value logits = function(image, classes);
    return doubled ? softmax(logits) : logits;
  };
  return network;
}

}  // namespace fovea
