// SPDX-License-Identifier: Apache-2.0
// Everything that decides what a training run computes: two runs of one recipe give the same bytes.
//
// A recipe is TOML; recipes/MODEL.toml is the default of that model, and of those it lists as `models`, and is built into the
// library. The recipe used is saved with the run. Threads, folders and the like do not change the result and are not part of
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

// Parameters with settings of their own: `[group.NAME]` with `match`, a pattern of parameter names (`*` any text), and any keys
// of `optimizer.` and `rate.`, and `epochs`, over those of the run. The first group that fits a parameter has it.
struct RecipeGroup {
  std::string name;
  std::string match;
  std::vector<std::string> settings;  // "rate.peak=0.05"

  bool operator==(const RecipeGroup&) const = default;
};

struct Recipe {
  std::string model;
  std::string data;        // kind:path, as in `fovea data`
  int64_t classes = 0;     // 0: as many as the model has on its own
  std::string whitening;   // a filter that is set from the training images (fovea/train/whitening.h)
  int64_t epochs = 10;     // of the whole network; 0: of the head alone
  int64_t batch = 128;     // images a step
  int64_t accumulate = 1;  // parts a step is computed in, one after the other, to fit memory; must divide the batch
  int64_t seed = 1;
  std::string dtype = "f32";        // or bf16: activations and products; parameters and sums stay f32
  std::string weights;              // a .safetensors file to start from; empty: from scratch
  std::vector<std::string> freeze;  // patterns of the names of parameters that stay as they are
  bool freeze_norms = false;        // batch norms go by their running statistics, and their scales stay as they are

  // The head alone before the `epochs` of the whole network: the last layer, by AdamW with a rate that falls as a cosine, on
  // what the rest makes of each picture, which is computed once.
  int64_t head_epochs = 0;       // 0: none
  double head_rate = 0.001;      // at the start
  int64_t head_batch = 32;       // images a step
  double head_weight_decay = 0;  // apart from the gradient
  int64_t head_views = 1;        // 1: as evaluation sees the picture; more: so many, drawn as in training, in turn

  // The network's options (fovea/models/registry.h); those given must be ones it has.
  double width = 0;          // a factor on its channels, 0: its own
  std::string convention;    // torch, tensorflow; empty: the family's
  double dropout = -1;       // before the classifier, -1: the network's own
  double drop_connect = -1;  // of the last residual branch, -1: the network's own
  bool zero_last_scale = false;

  bool quantize_aware = false;             // fine-tunes `weights` for integers (fovea/quant/quantization_aware.h)
  std::string quantize_method = "minmax";  // how activations' first ranges are chosen: minmax, percentile, mse, entropy
  int64_t quantize_images = 500;           // training images that show them
  double range_decay = 0.99;               // of the moving averages of ranges; 1: as calibrated
  bool per_tensor = false;                 // one scale for all weights of a layer
  bool dense_per_channel = false;          // a scale for each unit of dense layers, too

  std::string optimizer = "sgd";  // sgd, adam, adamw, rmsprop, lars, muon
  double momentum = 0.9;
  bool nesterov = false;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double rms_decay = 0.9;        // rmsprop: of the mean square
  bool epsilon_outside = false;  // rmsprop: of the root, with a mean square that starts at 0, not TensorFlow's 1
  double trust = 0.001;          // lars
  double weight_decay = 0;
  std::string decay_on = "weights";  // all-but-norms: biases too; all: the scales and shifts of norms as well
  bool decoupled = false;            // weight decay apart from the gradient (adamw: always)
  double clip_norm = 0;              // all gradients together are no longer than this; 0: as long as they are
  std::vector<RecipeGroup> groups;

  std::string schedule = "cosine";  // constant, step, exponential, inverse, cosine, linear, polynomial
  double rate = 0.05;               // at the end of the warm-up
  int64_t per_images = 0;           // the rates above and below are for batches of so many images; 0: of the batch
  double final_rate = 0;            // cosine, linear and polynomial end here
  double warmup_epochs = 0;         // rises linearly to `rate`
  std::vector<double> milestones;   // step: epochs after which the rate is multiplied by `gamma`
  double gamma = 0.1;               // step: see above; exponential: the factor every `decay_epochs`
  double decay_epochs = 1;
  bool staircase = false;     // exponential: at once at the end of every `decay_epochs`, not little by little
  double decay_per_step = 0;  // inverse: the rate is divided by 1 + decay_per_step * step
  double power = 2;           // polynomial

  double label_smoothing = 0;
  double focal = 0;              // above 0: what the network knows already counts less (Lin et al. 2017; 2 was published)
  std::string balance = "none";  // of classes: sampling, each as often in an epoch; weights, each as heavy in the loss
  bool summed = false;           // over the images of a batch, not their mean: gradients grow with the batch

  std::string teacher;             // a run, .onnx or .tflite that the network learns from too; empty: none
  double teacher_weight = 0.9;     // of its part of the loss (Hinton et al. 2015)
  double teacher_temperature = 4;  // at which its probabilities are matched

  double average_decay = 0;  // of the averages of weights and running statistics that are tested and saved; 0: none

  int64_t size = 0;                        // side of the square the network reads, 0: the model's own
  std::string orientation = "stored";      // of photographs: exif (every default recipe), stored (recipes without the key)
  std::string crop = "random";             // what training sees of a photograph: random, center
  double crop_area = 0.08;                 // random: the least share of its area
  int64_t crop_resize = 0;                 // center: the shorter side before the middle is cut out, 0: 8/7 of the size
  int64_t crop_margin = 0;                 // center, without a resize: the size and so many pixels, whatever the size
  std::string interpolation = "bilinear";  // of photographs: bilinear, bicubic

  bool flip = false;            // left to right, half of the images
  bool alternating = false;     // flip: drawn once for each image, the other way round every other epoch (Jordan 2024)
  int64_t shift = 0;            // pad by so many pixels and crop at random
  std::string border = "zero";  // what the crop shows beyond the edge: zero, reflect
  int64_t cutout = 0;           // side of the square that is blanked, 0 for none
  std::string policy = "none";  // randaugment, autoaugment, autoaugment-cifar10, trivialaugment (fovea/data/augment/policy.h)
  int64_t operations = 2;       // randaugment: of so many
  double magnitude = 9;         // at this level of 10
  double erasing = 0;           // probability that a rectangle is erased (fovea/data/augment/mix.h)
  double mixup = 0;             // alpha; 0 for none, and with both one of the two is drawn for every batch
  double cutmix = 0;
  double jitter = 0;         // of brightness, contrast and saturation: factors of 1 - jitter to 1 + jitter
  double lighting = 0;       // AlexNet's: deviation along ImageNet's principal colors
  std::vector<double> mean;  // of pixels scaled to 0..1, one a channel; empty: the data set's published figures
  std::vector<double> deviation;

  int64_t evaluate_every = 1;          // epochs between tests; the last is always tested
  std::string evaluate_views = "one";  // one, mirror, six
  int64_t patience = 0;                // stop after so many epochs without a better top-1; 0: never

  int64_t checkpoint_steps = 0;           // save every so many steps, 0: only at the ends of epochs
  double checkpoint_seconds = 60;         // and whenever so many seconds have passed, 0: never
  int64_t checkpoint_keep = 1;            // checkpoints that stay, the newest ones
  bool checkpoint_best = true;            // best.safetensors: the network of the best epoch so far
  std::string checkpoint_model = "last";  // last, best: what model.safetensors is at the end

  bool operator==(const Recipe&) const = default;
};

// The recipe built in for a model, or the general defaults when it has none of its own.
Recipe default_recipe(std::string_view model);

// Lays the keys of a TOML text over `recipe`. Refuses unknown keys (with the nearest), wrong types and impossible values;
// `file` is named in the message, with the line.
void apply_recipe(Recipe& recipe, std::string_view toml, std::string_view file);
// The same on top of the general defaults.
Recipe parse_recipe(std::string_view toml, std::string_view file);
Recipe read_recipe(const std::filesystem::path& path, Recipe recipe = {});

/// The model that a recipe file is for: the one it names, the first of those it lists as `models`, or the one it is called
/// after, as recipes/mobilenet-v2.toml is; "" where it is for any.
std::string model_written_for(const std::filesystem::path& path);

// One `key=value` of the command line, e.g. "optimizer.momentum=0.8"; the value is TOML, or a bare word for names.
void apply_setting(Recipe& recipe, std::string_view setting);

// The recipe as the parameters of one of its groups see it.
Recipe recipe_of(const Recipe& recipe, const RecipeGroup& group);

// Makes warm-ups that are longer than the run (of a group: than its epochs) a tenth of it, and says so, a line each.
std::vector<std::string> shorten_warmups(Recipe& recipe);

// Refuses a recipe that contradicts itself, e.g. a warm-up longer than the run.
void check_recipe(const Recipe& recipe);

// A key that two recipes give different values, as TOML.
struct RecipeChange {
  std::string key, from, to;
};
std::vector<RecipeChange> changes_between(const Recipe& from, const Recipe& to);

std::string to_toml(const Recipe& recipe);

}  // namespace fovea
