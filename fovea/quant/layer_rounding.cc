// SPDX-License-Identifier: Apache-2.0
#include "fovea/quant/layer_rounding.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <numeric>

#include "fovea/core/error.h"
#include "fovea/core/random.h"
#include "fovea/graph/operators.h"
#include "fovea/nn/operators.h"
#include "fovea/nn/optimizer.h"

namespace fovea {
namespace {

// The rectified sigmoid is stretched beyond 0 and 1, so that it reaches both (Nagel et al. 2020, equation 23).
constexpr double stretch = 1.2, offset = -0.1;

std::vector<int64_t> first_dimensions(int64_t count) {
  std::vector<int64_t> dimensions(static_cast<size_t>(count));
  std::iota(dimensions.begin(), dimensions.end(), int64_t{0});
  return dimensions;
}

Value clamped(Value x, double low, double high) { return x.recorder().add(ops::Clamp{.low = low, .high = high}, {x}).front(); }

Value sum_of(Value x) { return operators::reduce_sum(x, first_dimensions(x.rank())); }

// The samples' shape for `batch` of them.
TensorType batch_type(const Tensor& samples, int64_t batch) {
  Shape shape = samples.shape();
  shape[0] = batch;
  return {shape, DType::f32};
}

Value layer_result(const RoundingTask& task, Value x, Value weight, Value bias) {
  Value y =
      task.op == ops::Conv::name
          ? operators::conv(x, weight, {.strides = task.strides, .dilations = task.dilations, .padding = std::string("valid")},
                            task.groups)
          : operators::dense(x, weight);
  y = y + bias;
  if (task.activation == "none") return y;
  return task.activation == "relu_n1_to_1" ? clamped(y, -1, 1) : operators::unary(task.activation, y);
}

// One step of Adam on `rounding`, whose rectified sigmoid is added to the integers below the weights, and on `shift`, which is
// added to the bias in units of the error that nearest rounding is expected to cause.
Graph step_graph(const RoundingTask& task, int64_t batch) {
  Recorder recorder("rounding", Mode::training);
  const Shape shape = task.weight.shape(), outputs{shape.back()};
  const auto scalar = [&](const char* name) { return recorder.input(name, {{}, DType::f32}); };
  const Value x = recorder.input("x", batch_type(task.inputs, batch)), y = recorder.input("y", batch_type(task.targets, batch));
  const Value below = recorder.input("below", {shape, DType::f32}), scale = recorder.input("scale", {outputs, DType::f32});
  const Value bias = recorder.input("bias", {outputs, DType::f32});
  const Value unit = recorder.input("unit", {outputs, DType::f32});
  const Value importance = recorder.input("importance", {outputs, DType::f32});
  const Value rate = scalar("rate"), strength = scalar("strength"), half_beta = scalar("half_beta");
  const Value v = recorder.parameter({.name = "rounding", .shape = shape, .decayed = false});
  const Value shift = recorder.parameter({.name = "shift", .shape = outputs, .decayed = false});
  const Value up = clamped(operators::unary(ops::Sigmoid::name, v) * stretch + offset, 0, 1);
  const auto limit = static_cast<double>(task.limit);
  const Value weight = clamped(below + up, -limit, limit) * scale;
  const Value error = layer_result(task, x, weight, bias + shift * unit) - y;
  // 1 - |2 up - 1|^beta is 1 between up and down and 0 at both ends (equation 24).
  const Value side = up * 2.0 - 1.0;
  const Value undecided =
      sum_of(1.0 - operators::unary(ops::Exp::name, operators::unary(ops::Log::name, side * side + 1e-20) * half_beta));
  const Value loss = sum_of(error * error * importance) + undecided * strength;
  const std::vector<ParameterSpec> trained = recorder.parameters();
  const std::vector<Value> values{v, shift}, gradients = operators::gradients(loss, values);
  std::vector<std::pair<std::string, Ref>> results{{"loss", loss.ref()}};
  const auto step = adam()(recorder);
  for (size_t i = 0; i < trained.size(); ++i)
    results.emplace_back(trained[i].name, step(trained[i], values[i], gradients[i], rate).ref());
  for (const auto& [name, value] : recorder.updates()) results.emplace_back(name, value.ref());
  recorder.graph().finish(results);
  return std::move(recorder.graph());
}

// The squared error of each output, summed over all positions of a batch.
Graph error_graph(const RoundingTask& task, int64_t batch) {
  Recorder recorder("rounding_error");
  const Shape outputs{task.weight.shape().back()};
  const Value x = recorder.input("x", batch_type(task.inputs, batch)), y = recorder.input("y", batch_type(task.targets, batch));
  const Value weight = recorder.input("weight", {task.weight.shape(), DType::f32});
  const Value error = layer_result(task, x, weight, recorder.input("bias", {outputs, DType::f32})) - y;
  recorder.graph().finish({{"errors", operators::reduce_sum(error * error, first_dimensions(error.rank() - 1)).ref()}});
  return std::move(recorder.graph());
}

int64_t held_out_of(int64_t samples) { return samples / 5; }

Tensor bias_of(const RoundingTask& task) {
  return task.bias.empty() ? Tensor({task.weight.shape().back()}, DType::f32) : task.bias;
}

// Copies samples[places[i]] to position i of `batch`.
void gather(const Tensor& samples, const std::vector<int64_t>& places, Tensor& batch) {
  const size_t bytes = samples.bytes() / static_cast<size_t>(samples.shape()[0]);
  for (size_t i = 0; i < places.size(); ++i)
    std::memcpy(batch.raw() + i * bytes, samples.raw() + static_cast<size_t>(places[i]) * bytes, bytes);
}

// The nearest integers, as floats.
Tensor nearest_integers(const RoundingTask& task) {
  Tensor nearest(task.weight.shape(), DType::f32);
  const auto limit = static_cast<float>(task.limit);
  for (int64_t i = 0; i < nearest.size(); ++i) {
    const float u = task.weight.data<float>()[i] / task.scales[static_cast<size_t>(i) % task.scales.size()];
    nearest.data<float>()[i] = std::clamp(std::nearbyint(u), -limit, limit);
  }
  return nearest;
}

// Where learning starts: the integers below, and the variables for which nothing has been rounded yet. The integers at both
// ends stay, because the scale follows from them: their sum with any rounding is clamped to the end.
void start(const RoundingTask& task, const Tensor& nearest, Tensor& below, Tensor& rounding) {
  const auto limit = static_cast<float>(task.limit);
  for (int64_t i = 0; i < nearest.size(); ++i) {
    const float u = task.weight.data<float>()[i] / task.scales[static_cast<size_t>(i) % task.scales.size()];
    const float end = nearest.data<float>()[i];
    float floor = std::floor(std::clamp(u, -limit, limit));
    if (std::abs(end) == limit) floor = end > 0 ? limit : -limit - 1;
    below.data<float>()[i] = floor;
    const double share = std::clamp((std::clamp<double>(u - floor, 0, 1) - offset) / stretch, 1e-3, 1 - 1e-3);
    rounding.data<float>()[i] = static_cast<float>(-std::log(1 / share - 1));
  }
}

// The standard deviation of the error that nearest rounding is expected to cause in each output.
Tensor expected_errors(const RoundingTask& task) {
  double square = 0;
  for (const float value : task.inputs.values<float>()) square += static_cast<double>(value) * value;
  square /= static_cast<double>(task.inputs.size());
  const double weights = static_cast<double>(task.weight.size()) / static_cast<double>(task.scales.size());
  Tensor errors({std::ssize(task.scales)}, DType::f32);
  for (size_t i = 0; i < task.scales.size(); ++i)
    errors.data<float>()[i] = static_cast<float>(task.scales[i] * std::sqrt(std::max(square, 1e-30) * weights / 12));
  return errors;
}

// How much the squared error of an output counts: in units of what nearest rounding is expected to add, so that the regularizer
// means the same in every layer. The sum over a batch is about the number of weights.
Tensor importance_of(const RoundingTask& task, const Tensor& expected, int64_t batch) {
  const auto outputs = static_cast<double>(task.scales.size());
  const double positions = static_cast<double>(task.targets.size()) / static_cast<double>(task.targets.shape()[0]) / outputs;
  const double weights = static_cast<double>(task.weight.size()) / outputs;
  Tensor importance({std::ssize(task.scales)}, DType::f32);
  for (size_t i = 0; i < task.scales.size(); ++i) {
    const double error = expected.data<float>()[i];
    importance.data<float>()[i] =
        static_cast<float>(weights / std::max(error * error, 1e-30) / (positions * static_cast<double>(batch)));
  }
  return importance;
}

}  // namespace

Session& RoundingTrainer::session(const Graph& graph) {
  std::unique_ptr<Session>& session = sessions_[graph.text()];
  if (!session) session = std::make_unique<Session>(graph, TensorMap());
  return *session;
}

// The mean squared error of each output on the samples that are held out.
std::vector<double> RoundingTrainer::errors(const RoundingTask& task, const Tensor& weight, const Tensor& bias,
                                            ThreadPool& threads) {
  const int64_t samples = task.inputs.shape()[0], held_out = held_out_of(samples), batch = std::min(options_.batch, held_out);
  Session& session = this->session(error_graph(task, batch));
  session.bind("weight", weight);
  session.bind("bias", bias);
  std::vector<double> sums(task.scales.size(), 0);
  int64_t counted = 0;
  for (int64_t first = samples - held_out; first + batch <= samples; first += batch, counted += batch) {
    std::vector<int64_t> places(static_cast<size_t>(batch));
    std::iota(places.begin(), places.end(), first);
    gather(task.inputs, places, session.argument("x"));
    gather(task.targets, places, session.argument("y"));
    session.run(threads);
    for (size_t c = 0; c < sums.size(); ++c) sums[c] += session.result("errors").data<float>()[c];
  }
  const double positions = static_cast<double>(task.targets.size() / samples) / static_cast<double>(sums.size());
  for (double& sum : sums) sum /= positions * static_cast<double>(counted);
  return sums;
}

LayerRounding RoundingTrainer::learn(const RoundingTask& task, uint64_t stream, ThreadPool& threads) {
  const int64_t samples = task.inputs.shape()[0], learned_from = samples - held_out_of(samples);
  if (samples < 5) fail("rounding is learned from at least 5 samples; these are {}", samples);
  const Tensor nearest = nearest_integers(task);
  Session& session = this->session(step_graph(task, options_.batch));
  session.bind("scale", [&] {
    Tensor scales({std::ssize(task.scales)}, DType::f32);
    std::ranges::copy(task.scales, scales.data<float>());
    return scales;
  }());
  session.bind("bias", bias_of(task));
  const Tensor expected = expected_errors(task);
  session.bind("importance", importance_of(task, expected, options_.batch));
  session.bind("unit", task.learns_bias && !task.bias.empty() ? expected : Tensor(expected.shape(), DType::f32));
  Tensor& below = session.argument("below");
  Tensor& rounding = session.argument("rounding");
  for (const char* state : {"shift", "moment1.rounding", "moment2.rounding", "moment1.shift", "moment2.shift",
                            "moment1.correction", "moment2.correction"})
    std::ranges::fill(session.argument(state).values<float>(), 0.0F);
  start(task, nearest, below, rounding);
  session.argument("rate").data<float>()[0] = static_cast<float>(options_.rate);
  Random random(options_.seed, stream);
  std::vector<int64_t> places(static_cast<size_t>(options_.batch));
  const auto warm = static_cast<int64_t>(options_.warm_up * static_cast<double>(options_.steps));
  for (int64_t step = 0; step < options_.steps; ++step) {
    for (int64_t& place : places) place = random.below(static_cast<uint32_t>(learned_from));
    gather(task.inputs, places, session.argument("x"));
    gather(task.targets, places, session.argument("y"));
    const double done = static_cast<double>(step - warm) / static_cast<double>(std::max<int64_t>(options_.steps - warm, 1));
    const double beta = options_.last_beta +
                        (options_.first_beta - options_.last_beta) / 2 * (1 + std::cos(std::numbers::pi * std::max(done, 0.0)));
    session.argument("strength").data<float>()[0] = step < warm ? 0 : static_cast<float>(options_.strength);
    session.argument("half_beta").data<float>()[0] = static_cast<float>(beta / 2);
    session.run(threads);
  }
  return better_of(task, nearest, threads);
}

// Of each output, what was learned or the nearest integers with the given bias, whichever are less wrong on the samples that
// are held out.
LayerRounding RoundingTrainer::better_of(const RoundingTask& task, const Tensor& nearest, ThreadPool& threads) {
  Session& session = this->session(step_graph(task, options_.batch));
  const Tensor &below = session.argument("below"), &rounding = session.argument("rounding");
  const Tensor &shift = session.argument("shift"), &unit = session.argument("unit");
  const Tensor exact = bias_of(task);
  LayerRounding result{.weight = Tensor(task.weight.shape(), DType::f32), .bias = exact.clone()};
  const size_t outputs = task.scales.size();
  const auto limit = static_cast<float>(task.limit);
  Tensor plain(task.weight.shape(), DType::f32);
  for (int64_t i = 0; i < nearest.size(); ++i) {
    const float scale = task.scales[static_cast<size_t>(i) % outputs];
    const float integer = below.data<float>()[i] + (rounding.data<float>()[i] >= 0 ? 1.0F : 0.0F);
    result.weight.data<float>()[i] = std::clamp(integer, -limit, limit) * scale;
    plain.data<float>()[i] = nearest.data<float>()[i] * scale;
  }
  for (size_t c = 0; c < outputs; ++c) result.bias.data<float>()[c] += shift.data<float>()[c] * unit.data<float>()[c];
  const std::vector<double> of_nearest = errors(task, plain, exact, threads),
                            of_learned = errors(task, result.weight, result.bias, threads);
  for (int64_t i = 0; i < nearest.size(); ++i) {
    const size_t c = static_cast<size_t>(i) % outputs;
    float& weight = result.weight.data<float>()[i];
    if (!(of_learned[c] < of_nearest[c])) weight = plain.data<float>()[i];
    result.changed += weight != plain.data<float>()[i] ? 1 : 0;
  }
  for (size_t c = 0; c < outputs; ++c) {
    if (!(of_learned[c] < of_nearest[c])) result.bias.data<float>()[c] = exact.data<float>()[c];
    result.nearest += of_nearest[c] / static_cast<double>(outputs);
    result.learned += std::min(of_learned[c], of_nearest[c]) / static_cast<double>(outputs);
  }
  if (task.bias.empty()) result.bias = {};
  return result;
}

}  // namespace fovea
