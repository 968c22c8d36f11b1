// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/recipe_fields.h"

#include "fovea/data/augment/policy.h"

namespace fovea {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// What is trained on what.
std::vector<Field> network_fields() {
  return {
      {"model", &Recipe::model},
      {"data", &Recipe::data},
      {"classes", &Recipe::classes, 0, 1e6},
      {"epochs", &Recipe::epochs, 0, 1e6},
      {"batch", &Recipe::batch, 1, 1 << 20},
      {"accumulate", &Recipe::accumulate, 1, 1 << 20},
      {"shards", &Recipe::shards, 0, 1 << 16},
      {"seed", &Recipe::seed, 0},
      {.key = "dtype", .member = &Recipe::dtype, .names = {"f32", "bf16"}},
      {"weights", &Recipe::weights},
      {"freeze", &Recipe::freeze},
      {"freeze_norms", &Recipe::freeze_norms},
      {"head.epochs", &Recipe::head_epochs, 0, 1e6},
      {"head.rate", &Recipe::head_rate, 0, infinity, true},
      {"head.batch", &Recipe::head_batch, 1, 1 << 20},
      {"head.weight_decay", &Recipe::head_weight_decay, 0, 1},
      {"head.views", &Recipe::head_views, 1, 1000},
      {"network.width", &Recipe::width, 0, 16},
      {.key = "network.convention", .member = &Recipe::convention, .names = {"", "torch", "tensorflow"}},
      {"network.dropout", &Recipe::dropout, -1, 0.999},
      {"network.drop_connect", &Recipe::drop_connect, -1, 0.999},
      {"network.zero_last_scale", &Recipe::zero_last_scale},
      {"network.whitening", &Recipe::whitening},
      {"quantize.aware", &Recipe::quantize_aware},
      {.key = "quantize.method", .member = &Recipe::quantize_method, .names = {"minmax", "percentile", "mse", "entropy"}},
      {"quantize.images", &Recipe::quantize_images, 1, 1 << 20},
      {"quantize.range_decay", &Recipe::range_decay, 0, 1},
      {"quantize.per_tensor", &Recipe::per_tensor},
      {"quantize.dense_per_channel", &Recipe::dense_per_channel},
  };
}

// The optimizer and its rate.
std::vector<Field> optimizer_fields() {
  return {
      {.key = "optimizer.name", .member = &Recipe::optimizer, .names = {"sgd", "adam", "adamw", "rmsprop", "lars", "muon"}},
      {"optimizer.momentum", &Recipe::momentum, 0, 1},
      {"optimizer.nesterov", &Recipe::nesterov},
      {"optimizer.beta1", &Recipe::beta1, 0, 1},
      {"optimizer.beta2", &Recipe::beta2, 0, 1},
      {"optimizer.epsilon", &Recipe::epsilon, 0, 1, true},
      {"optimizer.weight_decay", &Recipe::weight_decay, 0, 1},
      {"optimizer.rms_decay", &Recipe::rms_decay, 0, 1},
      {"optimizer.epsilon_outside", &Recipe::epsilon_outside},
      {"optimizer.trust", &Recipe::trust, 0, 1, true},
      {.key = "optimizer.decay_on", .member = &Recipe::decay_on, .names = {"weights", "all-but-norms", "all"}},
      {"optimizer.decoupled", &Recipe::decoupled},
      {"optimizer.clip_norm", &Recipe::clip_norm, 0},
      {.key = "rate.schedule",
       .member = &Recipe::schedule,
       .names = {"constant", "step", "exponential", "inverse", "cosine", "linear", "polynomial"}},
      {"rate.peak", &Recipe::rate, 0, infinity, true},
      {"rate.per_images", &Recipe::per_images, 0, 1 << 20},
      {"rate.final", &Recipe::final_rate, 0},
      {"rate.warmup_epochs", &Recipe::warmup_epochs, 0},
      {"rate.milestones", &Recipe::milestones, 0, infinity, true},
      {"rate.gamma", &Recipe::gamma, 0, 1, true},
      {"rate.decay_epochs", &Recipe::decay_epochs, 0, infinity, true},
      {"rate.staircase", &Recipe::staircase},
      {"rate.decay_per_step", &Recipe::decay_per_step, 0},
      {"rate.power", &Recipe::power, 0, 100, true},
  };
}

// What is minimized, and from whom.
std::vector<Field> loss_fields() {
  return {
      {"loss.label_smoothing", &Recipe::label_smoothing, 0, 0.999},
      {"loss.focal", &Recipe::focal, 0, 100},
      {.key = "loss.balance", .member = &Recipe::balance, .names = {"none", "sampling", "weights"}},
      {"loss.summed", &Recipe::summed},
      {"teacher.model", &Recipe::teacher},
      {"teacher.weight", &Recipe::teacher_weight, 0, 1, true},
      {"teacher.temperature", &Recipe::teacher_temperature, 0, 1000, true},
      {"average.decay", &Recipe::average_decay, 0, 0.999999999},
  };
}

// How images are prepared.
std::vector<Field> image_fields() {
  return {
      {"input.size", &Recipe::size, 0, 4096},
      {.key = "input.orientation", .member = &Recipe::orientation, .names = {"exif", "stored"}},
      {.key = "crop.kind", .member = &Recipe::crop, .names = {"random", "center"}},
      {"crop.area", &Recipe::crop_area, 0, 1, true},
      {"crop.resize", &Recipe::crop_resize, 0, 8192},
      {"crop.margin", &Recipe::crop_margin, 0, 8192},
      {.key = "crop.interpolation", .member = &Recipe::interpolation, .names = {"bilinear", "bicubic"}},
      {"augment.flip", &Recipe::flip},
      {"augment.alternating", &Recipe::alternating},
      {"augment.shift", &Recipe::shift, 0, 1024},
      {.key = "augment.border", .member = &Recipe::border, .names = {"zero", "reflect"}},
      {"augment.cutout", &Recipe::cutout, 0, 1024},
      {.key = "augment.policy", .member = &Recipe::policy, .names = policy_names()},
      {"augment.operations", &Recipe::operations, 1, 16},
      {"augment.magnitude", &Recipe::magnitude, 0, 30},
      {"augment.erasing", &Recipe::erasing, 0, 1},
      {"augment.mixup", &Recipe::mixup, 0, 100},
      {"augment.cutmix", &Recipe::cutmix, 0, 100},
      {"augment.jitter", &Recipe::jitter, 0, 1},
      {"augment.lighting", &Recipe::lighting, 0, 10},
  };
}

// How the network is tested, and what is kept.
std::vector<Field> result_fields() {
  return {
      {"normalize.mean", &Recipe::mean},
      {"normalize.deviation", &Recipe::deviation, 0, infinity, true},
      {"evaluate.every_epochs", &Recipe::evaluate_every, 1, 1e6},
      {.key = "evaluate.views", .member = &Recipe::evaluate_views, .names = {"one", "mirror", "six"}},
      {"early_stop.patience", &Recipe::patience, 0, 1e6},
      {"checkpoint.every_steps", &Recipe::checkpoint_steps, 0},
      {"checkpoint.every_seconds", &Recipe::checkpoint_seconds, 0},
      {"checkpoint.keep", &Recipe::checkpoint_keep, 1, 1e6},
      {"checkpoint.best", &Recipe::checkpoint_best},
      {.key = "checkpoint.model", .member = &Recipe::checkpoint_model, .names = {"last", "best"}},
  };
}

}  // namespace

const std::vector<Field>& fields() {
  static const std::vector<Field> all = [] {
    std::vector<Field> joined;
    for (const auto& part : {network_fields(), optimizer_fields(), loss_fields(), image_fields(), result_fields()})
      joined.insert(joined.end(), part.begin(), part.end());
    return joined;
  }();
  return all;
}

}  // namespace fovea
