// The networks there are, by name.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/nn/trace.h"

namespace fovea {

struct ModelOptions {
  int64_t classes = 0;           // 0: the model's own
  Shape input;                   // without the batch; empty: the model's own
  bool doubled_softmax = false;  // a softmax before the loss applies another: how not to do it, to reproduce old figures
};

struct ModelEntry {
  std::string name;     // "mnist-cnn"
  std::string family;   // "ladder"
  std::string summary;  // one line
  Shape input;
  int64_t classes;
  std::function<Value(Value image, int64_t classes)> function;
};

const std::vector<ModelEntry>& models();

// `-` and `_` mean the same. Refuses an unknown name, naming the nearest, and impossible options.
Network make_model(std::string_view name, const ModelOptions& options = {});

}  // namespace fovea
