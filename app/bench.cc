// SPDX-License-Identifier: Apache-2.0
// fovea bench MODEL|kernels: speed, as images, as arithmetic, and as a share of the machine's peak.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <numeric>

#include "app/model_options.h"
#include "bench/kernels/kernel_bench.h"
#include "fovea/codegen/driver/call_work.h"
#include "fovea/codegen/target/accelerator.h"
#include "fovea/core/error.h"
#include "fovea/graph/operators.h"
#include "fovea/inference/predictor.h"
#include "fovea/inference/random_inputs.h"
#include "fovea/train/run.h"
#include "fovea/workflows/open_model.h"

namespace fovea {
namespace {

using Clock = std::chrono::steady_clock;

struct BenchOptions {
  CommonOptions common;
  ModelOptions form;
  std::string model;
  int64_t batch = 1;
  CLI::Option* batch_option = nullptr;
  bool train = false;
  bool profile = false;
  bool plan = false;
  double seconds = 3;
  int64_t steps = 0;  // above 0: this many steps instead of a time
  int64_t memory = 0;
  std::string dtype = "f32", winograd = "auto", device;
};

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// The median over runs for `seconds`, after a tenth of that as a warm-up; or over `steps` runs without a warm-up.
double median_seconds(Session& session, ThreadPool& threads, double seconds, int64_t steps) {
  const Clock::time_point warm = Clock::now();
  while (steps == 0 && seconds_since(warm) < seconds / 10) session.run(threads);
  std::vector<double> times;
  const Clock::time_point start = Clock::now();
  const auto enough = [&] {
    const auto done = static_cast<int64_t>(times.size());
    return steps > 0 ? done == steps : done >= 5 && seconds_since(start) >= seconds;
  };
  do {
    const Clock::time_point begin = Clock::now();
    session.run(threads);
    times.push_back(seconds_since(begin));
  } while (!enough());
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

// The resident memory of this process; nothing that a run touched is returned to the system before its end.
int64_t resident_bytes() {
  std::ifstream pages("/proc/self/statm");
  int64_t all = 0, resident = 0;
  pages >> all >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// Prints a line for each kernel, the slowest first, and returns the same for --json.
nlohmann::ordered_json print_profile(const BenchOptions& options, Session& session, ThreadPool& threads) {
  const std::vector<KernelCall>& calls = session.program().plan().calls;
  std::vector<double> seconds(calls.size());
  int runs = 0;
  const Clock::time_point start = Clock::now();
  for (; runs < 3 || (runs < 20 && seconds_since(start) < options.seconds); ++runs) session.profile(threads, seconds);
  std::vector<size_t> order(calls.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return seconds[a] > seconds[b]; });
  print_text(options.common, fmt::format("{:<44}{:>10}{:>8}{:>10}\n", "kernel", "ms", "tiles", "GFLOP/s"));
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const size_t i : order) {
    const double mean = seconds[i] / runs;
    rows.push_back({{"kernel", calls[i].name}, {"layer", calls[i].layer}, {"seconds", mean}, {"flops", calls[i].flops}});
    print_text(options.common, fmt::format("{:<44}{:>10.3f}{:>8}{:>10.1f}\n", calls[i].name, mean * 1e3, calls[i].tiles,
                                           calls[i].flops / mean / 1e9));
  }
  return rows;
}

// Seconds of a run.
struct Repetition {
  double repeated = 0, all = 0;  // of the calls that are repeated to fit the memory; of all calls
};

Repetition measured_repetition(Session& session, const ProgramMemory& memory, ThreadPool& threads) {
  if (memory.repeated == 0) return {};
  constexpr int runs = 3;
  std::vector<double> seconds(session.program().plan().calls.size());
  for (int i = 0; i < runs; ++i) session.profile(threads, seconds);
  return {session.repeated_seconds(seconds) / runs, std::accumulate(seconds.begin(), seconds.end(), 0.0) / runs};
}

// What is measured, with values for its parameters.
struct Benched {
  std::string name;
  Traced traced;
  // those of a file; those of a built-in network are created once the memory of the process without them is known
  TensorMap tensors;
  int64_t batch = 1, classes = 0;
  DType products = DType::f32;  // the type that it multiplies
};

// Whether a contraction reads integers as bytes.
bool multiplies_bytes(const Graph& graph) {
  const std::vector<Graph::Node> nodes = graph.nodes();
  return std::any_of(nodes.begin(), nodes.end(),
                     [](const Graph::Node& node) { return node.is<ops::QuantizedConv, ops::QuantizedDense>(); });
}

Benched benched_file(const BenchOptions& options) {
  if (options.train) refuse("{} is for inference only; --train is for networks of fovea models", options.model);
  InferenceModel model = open_inference_model(options.model, {.form = options.form, .batch = options.batch});
  const DType products = multiplies_bytes(model.graph) ? DType::i8 : dtype_named(options.dtype);
  Traced traced;
  traced.graph = std::move(model.graph);
  return {std::move(model.name), std::move(traced), std::move(model.tensors), options.batch, 0, products};
}

Benched benched(const BenchOptions& options) {
  if (is_model_file(options.model)) return benched_file(options);
  const TrainedModel model = open_network(options.model, options.form);
  const int64_t batch = options.batch_option->count() == 0 && options.train ? model.recipe.batch : options.batch;
  Traced traced = options.train ? trace_training(model.network, batch) : trace_inference(model.network, batch);
  return {model.network.name, std::move(traced), {}, batch, model.network.classes, dtype_named(options.dtype)};
}

// Where it runs: the device's name, or the number of threads.
std::string place_text(const Session& session, const ThreadPool& threads) {
  if (const auto& device = session.program().plan().device) return device->name();
  return fmt::format("{} thread{}", threads.size(), threads.size() == 1 ? "" : "s");
}

void bench_model(const BenchOptions& options) {
  Benched model = benched(options);
  const int64_t batch = model.batch;
  ThreadPool threads(options.common.thread_count());
  CompileReport report;
  Program program = compile(model.traced.graph,
                            {.device = options.device,
                             .threads = threads.size(),
                             .inference = !options.train,
                             .winograd = winograd_named(options.winograd),
                             .memory = options.memory,
                             .dtype = dtype_named(options.dtype)},
                            &report);
  const int64_t without_tensors = resident_bytes();
  if (model.tensors.empty()) model.tensors = initial_tensors(model.traced, static_cast<uint64_t>(options.common.seed));
  Session session(std::move(program), model.tensors);
  fill_random_inputs(session, model.classes, options.common.seed);

  const double seconds = median_seconds(session, threads, options.seconds, options.steps);
  const int64_t measured = resident_bytes() - without_tensors;
  nlohmann::ordered_json kernels;
  if (options.profile) kernels = print_profile(options, session, threads);
  const double gflops = session.flops() / seconds / 1e9;
  const bool on_device = session.program().plan().device != nullptr;
  const double peak = on_device ? 0 : measured_peak_gflops(threads.size(), model.products);  // of the processor
  const double images = static_cast<double>(batch) / seconds;
  const int64_t memory = session.memory_bytes(threads.size());
  print_text(
      options.common,
      fmt::format("{} {}, batch {}, {}: {:.1f} images/s, {:.3f} ms, {:.1f} GFLOP/s{}; compiled in {:.2f} s ({} of {} kernels "
                  "from the cache)\nmemory: {} planned, {} measured; the process without its tensors takes {}\n",
                  model.name, options.train ? "training" : "inference", batch, place_text(session, threads), images,
                  seconds * 1e3, gflops,
                  on_device ? "" : fmt::format(" = {:.1f}% of the measured peak of {:.0f}", 100 * gflops / peak, peak),
                  report.seconds, report.from_cache, report.kernels, bytes_text(memory), bytes_text(measured),
                  bytes_text(without_tensors)));
  const Repetition repetition = measured_repetition(session, report.memory, threads);
  if (report.memory.repeated > 0)
    print_text(options.common, rematerialization_text(report.memory) + "\n" +
                                   rematerialization_text(repetition.repeated, repetition.all) + "\n");
  if (!options.common.json) return;
  print_json({{"model", model.name},
              {"train", options.train},
              {"batch", batch},
              {"dtype", name(model.products)},
              {"threads", threads.size()},
              {"device", on_device ? session.program().plan().device->name() : "cpu"},
              {"images_per_second", images},
              {"milliseconds", seconds * 1e3},
              {"gflops", gflops},
              {"peak_share", on_device ? nlohmann::ordered_json() : nlohmann::ordered_json(gflops / peak)},
              {"memory_bytes", memory},
              {"measured_bytes", measured},
              {"repeated_calls", report.memory.repeated},
              {"repeated_multiply_adds", report.memory.extra_multiply_adds * report.memory.multiply_adds},
              {"repeated_milliseconds", repetition.repeated * 1e3},
              {"compile_seconds", report.seconds},
              {"compiled_kernels", report.kernels - report.from_cache},
              {"kernels", kernels}});
}

void bench_kernel_rows(const BenchOptions& options) {
  print_text(options.common, fmt::format("{:<38}{:>8}{:>12}{:>10}{:>10}\n", "kernel", "threads", "ms", "GFLOP/s", "of peak"));
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const KernelRow& row : bench_kernels(options.common.threads, options.seconds / 10, dtype_named(options.dtype))) {
    print_text(options.common, fmt::format("{:<38}{:>8}{:>12.3f}{:>10.1f}{:>9.1f}%\n", row.name, row.threads, row.milliseconds,
                                           row.gflops, 100 * row.peak_share));
    list.push_back({{"name", row.name},
                    {"threads", row.threads},
                    {"milliseconds", row.milliseconds},
                    {"gflops", row.gflops},
                    {"peak_share", row.peak_share}});
  }
  if (options.common.json) print_json(list);
}

struct PlannedCall {
  CallWork work;
  double bytes = 0, seconds = 0;
  bool by_memory = false;  // whether memory takes longer than arithmetic
};

std::vector<PlannedCall> planned_calls(const Graph& graph, const CompileOptions& options, const Accelerator& accelerator) {
  std::vector<PlannedCall> calls;
  for (CallWork& work : work_of(graph, options)) {
    PlannedCall call{.work = std::move(work)};
    call.bytes = static_cast<double>(call.work.bytes_read + call.work.bytes_written);
    call.seconds = accelerator.seconds(call.work.flops, call.bytes, call.work.products);
    call.by_memory = call.seconds > accelerator.seconds(call.work.flops, 0, call.work.products);
    calls.push_back(std::move(call));
  }
  return calls;
}

struct PlannedTotal {
  double flops = 0, bytes = 0, seconds = 0, memory_seconds = 0;
};

PlannedTotal planned_total(const std::vector<PlannedCall>& calls) {
  PlannedTotal total;
  for (const PlannedCall& call : calls) {
    total.flops += call.work.flops;
    total.bytes += call.bytes;
    total.seconds += call.seconds;
    if (call.by_memory) total.memory_seconds += call.seconds;
  }
  return total;
}

void print_planned(const CommonOptions& common, const std::vector<PlannedCall>& calls) {
  std::vector<size_t> order(calls.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](size_t i) { return calls[i].seconds; });
  print_text(common, fmt::format("{:<44}{:>10}{:>10}{:>10}  {}\n", "kernel", "GFLOP", "MB", "us", "bound by"));
  for (const size_t i : order) {
    const PlannedCall& call = calls[i];
    print_text(common, fmt::format("{:<44}{:>10.3f}{:>10.3f}{:>10.2f}  {}\n", call.work.kernel, call.work.flops / 1e9,
                                   call.bytes / 1e6, call.seconds * 1e6,
                                   call.by_memory ? "memory" : fmt::format("{} products", name(call.work.products))));
  }
}

nlohmann::ordered_json planned_json(const std::vector<PlannedCall>& calls) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const PlannedCall& call : calls)
    rows.push_back({{"kernel", call.work.kernel},
                    {"layer", call.work.layer},
                    {"flops", call.work.flops},
                    {"products", name(call.work.products)},
                    {"bytes_read", call.work.bytes_read},
                    {"bytes_written", call.work.bytes_written},
                    {"seconds", call.seconds},
                    {"bound", call.by_memory ? "memory" : "products"}});
  return rows;
}

// The least time on an accelerator: as text the longest kernel first, with --json in the order of execution.
void plan_model(const BenchOptions& options) {
  if (options.device.empty()) refuse("--plan needs --device with the name of an accelerator, such as h200");
  const Accelerator& accelerator = accelerator_named(options.device);
  const Benched model = benched(options);
  const std::vector<PlannedCall> calls =
      planned_calls(model.traced.graph, {.inference = !options.train, .dtype = dtype_named(options.dtype)}, accelerator);
  const PlannedTotal total = planned_total(calls);
  const double images = static_cast<double>(model.batch) / total.seconds;
  print_planned(options.common, calls);
  print_text(
      options.common,
      fmt::format("{} {}, batch {}, {}, on {}: at least {:.3f} ms, so at most {:.1f} images/s; {} kernels, {:.1f} GFLOP, "
                  "{} moved; memory bounds {:.0f}% of the time\n{}: {:.0f} TFLOP/s of bf16 products, {:.1f} of f32, "
                  "{:.2f} TB/s ({})\n",
                  model.name, options.train ? "training" : "inference", model.batch, options.dtype, accelerator.description,
                  total.seconds * 1e3, images, calls.size(), total.flops / 1e9, bytes_text(static_cast<int64_t>(total.bytes)),
                  100 * total.memory_seconds / total.seconds, accelerator.name, accelerator.bf16_flops / 1e12,
                  accelerator.f32_flops / 1e12, accelerator.bytes_per_second / 1e12, accelerator.source));
  if (!options.common.json) return;
  print_json({{"model", model.name},
              {"train", options.train},
              {"batch", model.batch},
              {"dtype", options.dtype},
              {"accelerator", accelerator.name},
              {"f32_flops", accelerator.f32_flops},
              {"bf16_flops", accelerator.bf16_flops},
              {"bytes_per_second", accelerator.bytes_per_second},
              {"flops", total.flops},
              {"bytes", total.bytes},
              {"seconds", total.seconds},
              {"images_per_second", images},
              {"kernels", planned_json(calls)}});
}

void bench_any(const BenchOptions& options) {
  if (options.plan) return plan_model(options);
  if (options.model == "kernels") return bench_kernel_rows(options);
  bench_model(options);
}

}  // namespace

Command bench_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("bench", "speed of a network, or of the kernels networks are made of");
  auto options = std::make_shared<BenchOptions>();
  app->add_option("MODEL", options->model,
                  "a network's name (see fovea models), the folder of a run, a .tflite or .onnx file, or: kernels")
      ->required();
  options->batch_option =
      app->add_option("--batch", options->batch, "images at a time (1; with --train the recipe's)")->check(between(1, 1 << 20));
  app->add_flag("--train", options->train, "the training step instead of inference");
  app->add_flag("--profile", options->profile, "a line for each kernel, the longest first");
  app->add_option("--dtype", options->dtype, "of activations and products: f32 (the default) or bf16; of kernels also i8");
  app->add_option("--seconds", options->seconds, "how long to measure (3)")->check(above_zero());
  app->add_option("--steps", options->steps, "run this many instead, without a warm-up")->check(between(1, 1 << 30));
  app->add_flag(
      "--plan", options->plan,
      "measure nothing, but tell the least time on an accelerator that --device names, such as h200, kernel by kernel");
  add_device_option(*app, options->device);
  add_winograd_option(*app, options->winograd);
  add_memory_option(*app, options->memory);
  add_model_options(*app, options->form);
  add_common_options(*app, options->common);
  return {app, [options] { bench_any(*options); }};
}

}  // namespace fovea
