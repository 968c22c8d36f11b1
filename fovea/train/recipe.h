// Everything that decides what a training run computes: two runs of one recipe give the same bytes.
//
// A recipe is TOML; recipes/MODEL.toml is the default of that model and is built into the library. The recipe used is saved
// with the run. Threads, folders and the like do not change the result and are not part of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

struct Recipe {
  std::string model;
  std::string data;     // kind:path, as in `fovea data`
  int64_t classes = 0;  // 0: as many as the model has on its own
  int64_t epochs = 10;
  int64_t batch = 128;
  int64_t seed = 1;
  std::string weights;              // a .safetensors file to start from; empty: from scratch
  std::vector<std::string> freeze;  // patterns of the names of parameters that stay as they are

  // The network's options (fovea/models/registry.h); those given must be ones it has.
  double width = 0;          // a factor on its channels, 0: its own
  std::string convention;    // torch, tensorflow; empty: the family's
  double dropout = -1;       // before the classifier, -1: the network's own
  double drop_connect = -1;  // of the last residual branch, -1: the network's own
  bool zero_last_scale = false;

  std::string optimizer = "sgd";  // sgd, adam, adamw
  double momentum = 0.9;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool decay_biases = false;  // whether weight decay also pulls biases, and the scales and shifts of norms

  std::string schedule = "cosine";  // constant, step, cosine, linear
  double rate = 0.05;               // at the end of the warm-up
  double final_rate = 0;            // cosine and linear end here
  double warmup_epochs = 0;         // rises linearly to `rate`
  std::vector<double> milestones;   // step: epochs after which the rate is multiplied by `gamma`
  double gamma = 0.1;

  double label_smoothing = 0;

  bool flip = false;            // left to right, half of the images
  int64_t shift = 0;            // pad by so many pixels and crop at random
  int64_t cutout = 0;           // side of the square that is blanked, 0 for none
  std::string policy = "none";  // randaugment, autoaugment, autoaugment-cifar10, trivialaugment (fovea/data/policy.h)
  int64_t operations = 2;       // randaugment: of so many
  double magnitude = 9;         // at this level of 10
  double erasing = 0;           // probability that a rectangle is erased (fovea/data/mix.h)
  double mixup = 0;             // alpha; 0 for none, and with both one of the two is drawn for every batch
  double cutmix = 0;
  std::vector<double> mean;  // of pixels scaled to 0..1, one a channel; empty: the data set's published figures
  std::vector<double> deviation;

  int64_t checkpoint_steps = 0;    // save every so many steps, 0: only at the ends of epochs
  double checkpoint_seconds = 60;  // and whenever so many seconds have passed, 0: never

  bool operator==(const Recipe&) const = default;
};

// The recipe built in for a model, or the general defaults when it has none of its own.
Recipe default_recipe(std::string_view model);

// Lays the keys of a TOML text over `recipe`. Refuses unknown keys (with the nearest), wrong types and impossible values;
// `file` is named in the message, with the line.
void apply_recipe(Recipe& recipe, std::string_view toml, std::string_view file);
Recipe read_recipe(const std::filesystem::path& path, Recipe recipe = {});

// One `key=value` of the command line, e.g. "optimizer.momentum=0.8"; the value is TOML, or a bare word for names.
void apply_setting(Recipe& recipe, std::string_view setting);

// Refuses a recipe that contradicts itself, e.g. a warm-up longer than the run.
void check_recipe(const Recipe& recipe);

std::string to_toml(const Recipe& recipe);

}  // namespace fovea
