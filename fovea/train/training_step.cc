// SPDX-License-Identifier: Apache-2.0
#include "fovea/train/training_step.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/inference/random_inputs.h"
#include "fovea/train/schedule.h"

namespace fovea {
namespace {

DecayScope scope_of(const Recipe& recipe) {
  if (recipe.decay_on == "all") return DecayScope::all;
  return recipe.decay_on == "all-but-norms" ? DecayScope::all_but_norms : DecayScope::weights;
}

Optimizer common_optimizer(const Recipe& recipe) {
  const DecayScope scope = scope_of(recipe);
  if (recipe.optimizer == "sgd") {
    return sgd({.momentum = recipe.momentum,
                .nesterov = recipe.nesterov,
                .weight_decay = recipe.weight_decay,
                .decay_on = scope,
                .decoupled = recipe.decoupled});
  }
  if (recipe.optimizer == "rmsprop") {
    return rmsprop({.decay = recipe.rms_decay,
                    .momentum = recipe.momentum,
                    .epsilon = recipe.epsilon,
                    .epsilon_outside = recipe.epsilon_outside,
                    .weight_decay = recipe.weight_decay,
                    .decay_on = scope,
                    .decoupled = recipe.decoupled});
  }
  if (recipe.optimizer == "lars") {
    return lars({.momentum = recipe.momentum, .weight_decay = recipe.weight_decay, .trust = recipe.trust});
  }
  if (recipe.optimizer == "muon") return muon({.momentum = recipe.momentum, .nesterov = recipe.nesterov});
  const AdamOptions options = {.beta1 = recipe.beta1,
                               .beta2 = recipe.beta2,
                               .epsilon = recipe.epsilon,
                               .weight_decay = recipe.weight_decay,
                               .decay_on = scope,
                               .decoupled = recipe.decoupled};
  return recipe.optimizer == "adam" ? adam(options) : adamw(options);
}

void run_program(Session& program, ThreadPool& threads, TrainingStep::Mode mode, TrainingStep::Result& result,
                 const Program::Progress& progress = {}) {
  if (mode == TrainingStep::Mode::plain) return program.run(threads, progress);
  if (mode == TrainingStep::Mode::checked) {
    const std::optional<NotFinite> found = program.run_checked(threads);
    if (!result.not_finite) result.not_finite = found;
    return;
  }
  std::vector<double> seconds;
  program.profile(threads, seconds);
  result.seconds += std::accumulate(seconds.begin(), seconds.end(), 0.0);
  result.repeated_seconds += program.repeated_seconds(seconds);
}

}  // namespace

Optimizer optimizer_of(const Recipe& recipe) {
  if (recipe.groups.empty()) return common_optimizer(recipe);
  std::vector<OptimizerGroup> groups;
  for (const RecipeGroup& group : recipe.groups) {
    groups.push_back({group.name, group.match, common_optimizer(recipe_of(recipe, group)), "rate." + group.name});
  }
  return by_group(std::move(groups), common_optimizer(recipe));
}

TrainingStep::TrainingStep(const Network& network, const Recipe& recipe, Communicator& processes,
                           const std::vector<double>& class_weights)
    : recipe_(recipe), processes_(processes) {
  const TrainingOptions options = {.optimizer = optimizer_of(recipe),
                                   .label_smoothing = recipe.label_smoothing,
                                   .class_weights = class_weights,
                                   .focal = recipe.focal,
                                   .teacher_weight = recipe.teacher.empty() ? 0 : recipe.teacher_weight,
                                   .teacher_temperature = recipe.teacher_temperature,
                                   .mixed_labels = Mixing{.mixup = recipe.mixup, .cutmix = recipe.cutmix}.any(),
                                   .summed = recipe.summed,
                                   .clip_norm = recipe.clip_norm,
                                   .average = recipe.average_decay > 0,
                                   .frozen = recipe.freeze};
  const auto add = [&](Traced traced) {
    for (const ParameterSpec& spec : traced.parameters) {
      const auto same = [&](const ParameterSpec& each) { return each.name == spec.name; };
      if (spec.name.starts_with(accumulated_prefix)) {
        accumulated_[spec.name] = Tensor(spec.shape, DType::f32);
      } else if (std::none_of(tensors_.begin(), tensors_.end(), same)) {
        tensors_.push_back(spec);
        if (!spec.trained && graphs_.empty()) kept_.push_back(spec.name);
      }
    }
    graphs_.push_back(std::move(traced.graph));
  };
  if (parts_of(recipe) == 1) {
    add(trace_training(network, batch(), options));
  } else {
    add(trace_accumulation(network, batch(), parts_of(recipe), options));
    add(trace_update(network, options));
  }
}

BatchShare TrainingStep::share() const {
  const int64_t shards = std::max<int64_t>(1, recipe_.shards);
  if (shards == 1) return {};
  const ShardRun own = shards_of(shards, processes_.rank(), processes_.size());
  return {.group = parts_of(recipe_), .begin = own.begin * recipe_.accumulate, .end = own.end * recipe_.accumulate};
}

void TrainingStep::make_exchange(const TensorMap& tensors) {
  if (recipe_.shards <= 1) return;
  TensorMap kept;
  for (const std::string& name : kept_) kept[name] = tensors.at(name);
  exchange_ = std::make_unique<ShardExchange>(processes_, recipe_.shards, accumulated_, std::move(kept));
}

void TrainingStep::compile(const TensorMap& tensors, const CompileOptions& options) {
  TensorMap all = tensors;
  all.insert(accumulated_.begin(), accumulated_.end());
  programs_.resize(graphs_.size());
  make_exchange(tensors);
  CompileOptions own = options;
  if (exchange_) own.reserved += exchange_->bytes();
  // The last program comes first, because its memory stays beside that of the other.
  for (size_t i = graphs_.size(); i-- > 0;) {
    own.counted = 0;
    for (const Graph::Argument& argument : graphs_[i].arguments()) {
      const auto resident = tensors.find(argument.name);
      if (resident != tensors.end()) own.counted += static_cast<int64_t>(resident->second.bytes());
    }
    own.memory = i > 0 ? 0 : options.memory;
    own.whole_process = i == 0 && options.whole_process;
    programs_[i] = std::make_unique<Session>(graphs_[i], all, own);
    // The programs of a step in parts hand their tensors to each other.
    if (graphs_.size() == 1) programs_[i]->keep_on_device();
    if (i > 0) own.reserved += programs_[i]->program().transient_bytes(options.threads);
    if (programs_[i]->has_argument("seed"))
      programs_[i]->argument("seed").data<int32_t>()[0] = static_cast<int32_t>(recipe_.seed);
  }
  graphs_.clear();
  if (exchange_) exchange_->plan_buckets(summed_tensors());
}

// What is summed over the shards, in an order that is the same in all processes.
std::vector<StepProfile::Gradient> TrainingStep::summed_tensors() const {
  std::vector<StepProfile::Gradient> tensors;
  const Session& program = *programs_.front();
  for (const ProgramPort& port : program.program().plan().arguments) {
    if (!accumulated_.contains(port.name) && std::ranges::find(kept_, port.name) == kept_.end()) continue;
    const int64_t bytes = element_count(port.shape) * static_cast<int64_t>(byte_size(port.dtype));
    tensors.push_back({port.name, bytes, program.last_write(port.name)});
  }
  return tensors;
}

void TrainingStep::set(const std::string& argument, double value) {
  Session& update = *programs_.back();
  if (update.has_argument(argument)) update.argument(argument).data<float>()[0] = static_cast<float>(value);
}

void TrainingStep::run_part(const Batch& batch, int64_t part, ThreadPool& threads, Mode mode, Result& result,
                            const Program::Progress& progress) {
  Session& program = *programs_.front();
  program.bind("image", batch.image);
  program.bind("label", batch.label);
  if (program.has_argument("label_weight")) {
    program.bind("second_label", batch.second_label);
    program.bind("label_weight", batch.label_weight);
  }
  if (program.has_argument("teacher")) program.bind("teacher", teacher_->logits(batch.image, threads));
  if (program.has_argument("step")) program.argument("step").data<int32_t>()[0] = static_cast<int32_t>(part);
  run_program(program, threads, mode, result, progress);
  result.loss_sum += program.result("loss").data<float>()[0] * static_cast<double>(batch.count);
  result.correct += program.result("correct").data<int32_t>()[0];
  result.images += batch.count;
  result.damaged.insert(result.damaged.end(), batch.damaged.begin(), batch.damaged.end());
}

// Whether gradients can be exchanged before the program that computes them is done. A device returns them at its end.
bool TrainingStep::exchanges_early(Mode mode) const {
  return mode == Mode::plain && processes_.size() > 1 && programs_.front()->program().plan().device == nullptr;
}

// Computes the shards of this process, and the sums over all shards.
void TrainingStep::run_shards(BatchSource& batches, int64_t step, ThreadPool& threads, Mode mode, Result& result) {
  const ShardRun own = exchange_->own();
  const Program::Progress exchange_final = [this](size_t done) { exchange_->kernels_done(done); };
  exchange_->begin_step();
  for (int64_t shard = own.begin; shard < own.end; ++shard) {
    exchange_->begin_shard();
    programs_.front()->values_changed();
    Result of_shard;
    for (int64_t part = 0; part < recipe_.accumulate; ++part) {
      const bool last = shard + 1 == own.end && part + 1 == recipe_.accumulate;
      run_part(batches.next(), (step * recipe_.shards + shard) * recipe_.accumulate + part, threads, mode, of_shard,
               last && exchanges_early(mode) ? exchange_final : Program::Progress());
    }
    exchange_->end_shard(shard, of_shard);
    result.damaged.insert(result.damaged.end(), of_shard.damaged.begin(), of_shard.damaged.end());
    result.seconds += of_shard.seconds;
    result.repeated_seconds += of_shard.repeated_seconds;
    if (!result.not_finite) result.not_finite = of_shard.not_finite;
  }
  exchange_->finish(result, mode == Mode::checked);
}

TrainingStep::Result TrainingStep::run(BatchSource& batches, int64_t step, int64_t steps_per_epoch, ThreadPool& threads,
                                       Mode mode) {
  set("rate", rate_at(recipe_, step, steps_per_epoch));
  for (const RecipeGroup& group : recipe_.groups) {
    set("rate." + group.name, rate_at(recipe_of(recipe_, group), step, steps_per_epoch));
  }
  // Early averages decay faster, so that they forget the start (TensorFlow's ExponentialMovingAverage).
  const auto done = static_cast<double>(step + 1);
  set("average_decay", std::min(recipe_.average_decay, (1 + done) / (10 + done)));
  Result result;
  if (exchange_) {
    run_shards(batches, step, threads, mode, result);
  } else {
    for (auto& [name, sum] : accumulated_) std::fill_n(sum.data<float>(), sum.size(), 0.0f);
    if (programs_.size() > 1) values_changed();
    for (int64_t part = 0; part < recipe_.accumulate; ++part) {
      run_part(batches.next(), step * recipe_.accumulate + part, threads, mode, result);
    }
  }
  if (programs_.size() > 1) {
    programs_.back()->values_changed();
    run_program(*programs_.back(), threads, mode, result);
  }
  return result;
}

TrainingStep::Times TrainingStep::time(ThreadPool& threads) {
  using Clock = std::chrono::steady_clock;
  Clock::time_point last = Clock::now();
  const auto lap = [&] {
    const Clock::time_point before = std::exchange(last, Clock::now());
    return std::chrono::duration<double>(last - before).count();
  };
  Times times;
  const ShardRun own = exchange_->own();
  exchange_->begin_step();
  for (int64_t shard = own.begin; shard < own.end; ++shard) {
    exchange_->begin_shard();
    programs_.front()->values_changed();
    times.packing += lap();
    for (int64_t part = 0; part < recipe_.accumulate; ++part) programs_.front()->profile(threads, times.kernels);
    lap();
    exchange_->end_shard(shard, {});
    times.packing += lap();
  }
  Result result;
  exchange_->finish(result, false);
  programs_.back()->values_changed();
  programs_.back()->run(threads);
  times.updating = lap();
  const auto shards = static_cast<double>(own.count());
  times.packing /= shards;
  for (double& seconds : times.kernels) seconds /= shards * static_cast<double>(recipe_.accumulate);
  return times;
}

void TrainingStep::fill_inputs(int64_t classes) {
  for (const auto& program : programs_) fill_random_inputs(*program, classes, recipe_.seed);
}

StepProfile TrainingStep::untimed_profile(int threads) const {
  StepProfile profile;
  profile.dtype = recipe_.dtype;
  profile.threads = threads;
  profile.shard_images = recipe_.batch / recipe_.shards;
  profile.parts = recipe_.accumulate;
  profile.memory_bytes = memory_bytes(threads) - exchange_->bytes();
  for (const KernelCall& call : programs_.front()->program().plan().calls) profile.kernels.push_back({call.name, call.layer});
  profile.gradients = summed_tensors();
  return profile;
}

int64_t TrainingStep::memory_bytes(int threads) const {
  int64_t bytes = 0;
  for (const auto& program : programs_) bytes += program->memory_bytes(threads);
  if (exchange_) bytes += exchange_->bytes();
  if (programs_.size() == 1) return bytes;
  // Arguments of both programs are in memory once.
  for (const ProgramPort& port : programs_.front()->program().plan().arguments) {
    if (programs_.back()->has_argument(port.name)) bytes -= static_cast<int64_t>(programs_.back()->argument(port.name).bytes());
  }
  return bytes;
}

void TrainingStep::read_back() {
  for (const auto& program : programs_) program->read_back();
}

void TrainingStep::values_changed() {
  for (const auto& program : programs_) program->values_changed();
}

void TrainingStep::release() {
  for (const auto& program : programs_) program->release();
}

CompileReport TrainingStep::report() const {
  CompileReport sum = programs_.front()->report();
  if (programs_.size() == 1) return sum;
  sum.kernels += programs_.back()->report().kernels;
  sum.from_cache += programs_.back()->report().from_cache;
  sum.seconds += programs_.back()->report().seconds;
  return sum;
}

}  // namespace fovea
