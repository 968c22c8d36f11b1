// SPDX-License-Identifier: Apache-2.0
/// \file
/// Everything that determines what a training run computes: two runs of one recipe give the same bytes.
///
/// A recipe is TOML. recipes/MODEL.toml is the default of that model and of those that it lists as `models`, and is embedded in
/// the library. The recipe of a run is saved with it. Threads, folders and the like do not change the result and are not part
/// of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// Parameters with settings of their own: a table [group.NAME] with "match", a pattern of parameter names ("*" is any text),
/// and any keys of the tables optimizer and rate, and "epochs", which override those of the run. A parameter belongs to the
/// first group that fits it.
struct RecipeGroup {
  std::string name;                   ///< NAME
  std::string match;                  ///< the pattern
  std::vector<std::string> settings;  ///< such as "rate.peak=0.05"

  /// Equal in every member.
  bool operator==(const RecipeGroup&) const = default;
};

/// A training recipe. docs/commands.md and recipes/ show its keys in TOML.
struct Recipe {
  std::string model;       ///< name in the registry
  std::string data;        ///< kind:path, as in `fovea data`
  int64_t classes = 0;     ///< 0: the model's own number
  std::string whitening;   ///< a filter that is set from the training images (fovea/train/whitening.h)
  int64_t epochs = 10;     ///< of the whole network; 0: of the head alone
  int64_t batch = 128;     ///< images of a step
  int64_t accumulate = 1;  ///< the parts in which a step is computed, one after another, to fit memory; must divide the batch
  /// The parts of a batch that several processes can share; a power of two, which must divide the batch. Gradients, loss,
  /// accuracy and running statistics are summed over the shards in one fixed order, and batch norms go by the shard. 0: chosen
  /// when the run starts, 1 for a process on its own (fovea/collective/shards.h)
  int64_t shards = 0;
  int64_t seed = 1;                 ///< of all random numbers
  std::string dtype = "f32";        ///< or bf16: activations and products; parameters and sums stay f32
  std::string weights;              ///< a .safetensors file to start from; empty: from scratch
  std::vector<std::string> freeze;  ///< patterns of the names of parameters that stay as they are
  bool freeze_norms = false;        ///< batch norms go by their running statistics, and their scales stay as they are

  /// Epochs of the head alone, before the `epochs` of the whole network; 0: none. AdamW with a cosine learning rate trains the
  /// last layer on the features that the rest of the network computes from each image, once.
  int64_t head_epochs = 0;
  double head_rate = 0.001;      ///< learning rate of the head at the start
  int64_t head_batch = 32;       ///< images of a step of the head
  double head_weight_decay = 0;  ///< weight decay of the head, apart from the gradient
  int64_t head_views =
      1;  ///< 1: each image as in evaluation; above 1: so many views drawn as in training, one an epoch in turn

  double width = 0;              ///< a factor on the network's channels; 0: its own
  std::string convention;        ///< of the network: torch, tensorflow; empty: the family's
  double dropout = -1;           ///< rate before the classifier; -1: the network's own
  double drop_connect = -1;      ///< rate of the last residual branch; -1: the network's own
  bool zero_last_scale = false;  ///< whether the last scale of every residual branch starts at 0

  bool quantize_aware = false;             ///< quantization-aware fine-tuning of `weights` (fovea/quant/quantization_aware.h)
  std::string quantize_method = "minmax";  ///< how the first ranges of activations are chosen: minmax, percentile, mse, entropy
  int64_t quantize_images = 500;           ///< training images for those ranges
  double range_decay = 0.99;               ///< of the moving averages of ranges; 1: as calibrated
  bool per_tensor = false;                 ///< one scale for all weights of a layer
  bool dense_per_channel = false;          ///< a scale for each unit of dense layers, too

  std::string optimizer = "sgd";  ///< sgd, adam, adamw, rmsprop, lars, muon
  double momentum = 0.9;          ///< see the options of the optimizer (fovea/nn/optimizer.h)
  bool nesterov = false;          ///< likewise
  double beta1 = 0.9;             ///< likewise
  double beta2 = 0.999;           ///< likewise
  double epsilon = 1e-8;          ///< likewise
  double rms_decay = 0.9;         ///< rmsprop: decay of the mean square
  /// Rmsprop: epsilon is outside of the root, with a mean square that starts at 0 and not at TensorFlow's 1.
  bool epsilon_outside = false;
  double trust = 0.001;              ///< lars: the trust coefficient
  double weight_decay = 0;           ///< strength of weight decay
  std::string decay_on = "weights";  ///< all-but-norms: biases too; all: the scales and shifts of norms as well
  bool decoupled = false;            ///< weight decay apart from the gradient (adamw: always)
  double clip_norm = 0;              ///< the largest norm of all gradients together; 0: no limit
  std::vector<RecipeGroup> groups;   ///< parameters with settings of their own

  std::string schedule = "cosine";  ///< constant, step, exponential, inverse, cosine, linear, polynomial
  double rate = 0.05;               ///< the learning rate at the end of the warm-up
  int64_t per_images = 0;           ///< the learning rates are for batches of so many images; 0: of the batch
  double final_rate = 0;            ///< where cosine, linear and polynomial end
  double warmup_epochs = 0;         ///< during which the learning rate rises linearly to `rate`
  std::vector<double> milestones;   ///< step: epochs after which the learning rate is multiplied by `gamma`
  double gamma = 0.1;               ///< step: see milestones; exponential: the factor for each `decay_epochs`
  double decay_epochs = 1;          ///< exponential: see gamma
  bool staircase = false;           ///< exponential: at once at the end of each `decay_epochs`, and not gradually
  double decay_per_step = 0;        ///< inverse: the learning rate is divided by 1 + decay_per_step * step
  double power = 2;                 ///< polynomial: the exponent

  double label_smoothing = 0;  ///< see CrossEntropyOptions
  double focal = 0;            ///< focal loss: see CrossEntropyOptions; 0: none; Lin et al. (2017) use 2
  /// Of classes of different sizes: none; sampling (balanced_order() in fovea/data/loader.h); weights (the loss of an
  /// image is multiplied by images / (classes * images of its class), where only classes that have images count).
  std::string balance = "none";
  /// The loss is the sum over the images of a batch and not the mean, so that gradients grow with the batch.
  bool summed = false;

  std::string teacher;             ///< a run's folder, .onnx or .tflite file whose answers the network learns, too; empty: none
  double teacher_weight = 0.9;     ///< the teacher's share of the loss, above 0 and up to 1: see TrainingOptions
  double teacher_temperature = 4;  ///< at which the teacher's probabilities are matched (Hinton et al. 2015, section 2)

  double average_decay = 0;  ///< of the averages of weights and running statistics that are tested and saved; 0: none

  int64_t size = 0;                        ///< side of the square that the network reads; 0: the model's own
  std::string orientation = "stored";      ///< of images: exif (in every default recipe), stored (in recipes without the key)
  std::string crop = "random";             ///< the part of an image that training sees: random, center
  double crop_area = 0.08;                 ///< random: the least share of the image's area
  int64_t crop_resize = 0;                 ///< center: the shorter side before the crop; 0: 8/7 of the size
  int64_t crop_margin = 0;                 ///< center without crop_resize: the shorter side is the size plus so many pixels
  std::string interpolation = "bilinear";  ///< of images: bilinear, bicubic

  bool flip = false;            ///< left to right, for half of the images
  bool alternating = false;     ///< for flip: drawn once for each image, then alternating between epochs (Jordan 2024)
  int64_t shift = 0;            ///< pads by so many pixels and crops at random
  std::string border = "zero";  ///< what the crop shows beyond the edge: zero, reflect
  int64_t cutout = 0;           ///< side of the square that is set to the mean; 0 for none
  std::string policy = "none";  ///< randaugment, autoaugment, autoaugment-cifar10, trivialaugment (fovea/data/augment/policy.h)
  int64_t operations = 2;       ///< randaugment: how many operations
  double magnitude = 9;         ///< randaugment: at this level of 10
  double erasing = 0;           ///< probability that a rectangle is erased (fovea/data/augment/mix.h)
  double mixup = 0;             ///< alpha of mixup; 0 for none; with both, one of the two is drawn for every batch
  double cutmix = 0;            ///< alpha of CutMix; 0 for none
  double jitter = 0;            ///< of brightness, contrast and saturation: factors of 1 - jitter to 1 + jitter
  double lighting = 0;          ///< as in AlexNet: standard deviation along ImageNet's principal colors
  std::vector<double> mean;     ///< for each channel, of pixels / 255; empty: the data set's published numbers
  /// Standard deviation for each channel, of pixels / 255; empty: the data set's published numbers.
  std::vector<double> deviation;

  int64_t evaluate_every = 1;          ///< epochs between tests; the last epoch is always tested
  std::string evaluate_views = "one";  ///< one, mirror, six (fovea/inference/views.h)
  int64_t patience = 0;                ///< epochs without a better top-1 after which training stops; 0: never

  int64_t checkpoint_steps = 0;           ///< steps between checkpoints; 0: only at the ends of epochs
  double checkpoint_seconds = 60;         ///< seconds between checkpoints; 0: none by time
  int64_t checkpoint_keep = 1;            ///< how many checkpoints are kept, the newest ones
  bool checkpoint_best = true;            ///< writes best.safetensors, the network of the best epoch so far
  std::string checkpoint_model = "last";  ///< which network becomes model.safetensors at the end: last, best

  /// Equal in every member.
  bool operator==(const Recipe&) const = default;
};

/// The built-in recipe for a model, or the general defaults when it has none of its own.
Recipe default_recipe(std::string_view model);

/// Sets the keys of a TOML text in `recipe`. Refuses unknown keys (with the nearest known one), wrong types and impossible
/// values; the message begins with `file` and the line.
void apply_recipe(Recipe& recipe, std::string_view toml, std::string_view file);
/// The same on top of the general defaults.
Recipe parse_recipe(std::string_view toml, std::string_view file);
/// The same from a file; fails when it cannot be read.
Recipe read_recipe(const std::filesystem::path& path, Recipe recipe = {});

/// The model that a recipe file is for: the one it names, the first of those it lists as `models`, or the one it is called
/// after, as recipes/mobilenet-v2.toml is; "" where it is for any.
std::string model_written_for(const std::filesystem::path& path);

/// Sets one `key=value` of the command line, e.g. "optimizer.momentum=0.8". The value is TOML, or a name without quotes.
void apply_setting(Recipe& recipe, std::string_view setting);

/// The recipe as it applies to the parameters of one of its groups.
Recipe recipe_of(const Recipe& recipe, const RecipeGroup& group);

/// Shortens warm-ups that are longer than the run (for a group: than its epochs) to a tenth of it. Returns a line for each.
std::vector<std::string> shorten_warmups(Recipe& recipe);

/// Refuses a recipe that contradicts itself, e.g. a warm-up longer than the run.
void check_recipe(const Recipe& recipe);

/// A key for which two recipes have different values.
struct RecipeChange {
  std::string key;   ///< such as "rate.peak"
  std::string from;  ///< as TOML
  std::string to;    ///< as TOML
};
/// All keys that differ.
std::vector<RecipeChange> changes_between(const Recipe& from, const Recipe& to);

/// The recipe as TOML, which read_recipe() reads.
std::string to_toml(const Recipe& recipe);

}  // namespace fovea
