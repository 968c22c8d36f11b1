// SPDX-License-Identifier: Apache-2.0
#include "bench/kernels/kernel_bench.h"

#include <algorithm>
#include <bit>
#include <chrono>

#include "fovea/codegen/driver/compile.h"
#include "fovea/core/random.h"
#include "fovea/graph/operators.h"
#include "fovea/runtime/thread_pool.h"

namespace fovea {
namespace {

struct Layer {
  std::string name;
  int64_t batch, size, channels, filters, kernel, stride, groups;
};

const std::vector<Layer> layers{
    {"3x3 64->64 56x56", 16, 56, 64, 64, 3, 1, 1},    {"3x3 256->256 14x14", 16, 14, 256, 256, 3, 1, 1},
    {"1x1 256->64 56x56", 16, 56, 256, 64, 1, 1, 1},  {"1x1 512->2048 7x7", 16, 7, 512, 2048, 1, 1, 1},
    {"7x7/2 3->64 224x224", 16, 224, 3, 64, 7, 2, 1}, {"depthwise 3x3 144 56x56", 16, 56, 144, 144, 3, 1, 144},
    {"dense 512x512", 128, 0, 512, 512, 1, 1, 1},
};

const std::vector<Layer> integer_layers{
    {"3x3 64->64 56x56", 1, 56, 64, 64, 3, 1, 1},    {"1x1 256->64 56x56", 1, 56, 256, 64, 1, 1, 1},
    {"1x1 512->2048 7x7", 1, 7, 512, 2048, 1, 1, 1}, {"depthwise 3x3 144 56x56", 1, 56, 144, 144, 3, 1, 144},
    {"dense 512x512", 1, 0, 512, 512, 1, 1, 1},
};

enum class Pass : uint8_t { forward, input_gradient, filter_gradient };

double multiply_adds(const Layer& layer) {
  const double positions = layer.size == 0 ? 1 : static_cast<double>((layer.size / layer.stride) * (layer.size / layer.stride));
  return static_cast<double>(layer.batch * layer.kernel * layer.kernel * layer.channels / layer.groups * layer.filters) *
         positions;
}

// An argument stored as `dtype` and read as f32.
Ref operand(Graph& graph, const char* name, Shape shape, DType dtype, Role role) {
  const Ref kept = graph.argument(name, {std::move(shape), dtype}, role);
  return dtype == DType::f32 ? kept : graph.add(ops::Cast{.input = kept, .dtype = DType::f32}, "");
}

void finish(Graph& graph, Ref y, Pass pass, DType dtype) {
  const bool narrow = dtype != DType::f32 && pass != Pass::filter_gradient;
  graph.finish({{"y", narrow ? graph.add(ops::Cast{.input = y, .dtype = dtype}, "") : y}});
}

// The forward pass includes bias and relu as in a network; they are part of the kernel and do not count as operations.
Graph dense_graph(const Layer& layer, Pass pass, DType dtype) {
  Graph graph;
  const Ref x = operand(graph, "x", {layer.batch, layer.channels}, dtype, Role::input);
  const Ref w = operand(graph, "w", {layer.channels, layer.filters}, dtype, Role::parameter);
  const Ref dy = operand(graph, "dy", {layer.batch, layer.filters}, dtype, Role::input);
  const Ref b = graph.argument("b", {{layer.filters}}, Role::parameter);
  Ref y;
  if (pass == Pass::forward) {
    y = graph.add(ops::Relu{graph.add(ops::Add{graph.add(ops::Dense{x, w}, "dense"), b}, "dense")}, "dense");
  } else if (pass == Pass::input_gradient) {
    y = graph.add(ops::Matmul{.lhs = dy, .rhs = w, .transpose_rhs = true}, "dense");
  } else {
    y = graph.add(ops::Matmul{.lhs = x, .rhs = dy, .transpose_lhs = true}, "dense");
  }
  finish(graph, y, pass, dtype);
  return graph;
}

Graph conv_graph(const Layer& layer, Pass pass, DType dtype) {
  const int64_t out = layer.size / layer.stride, half = (layer.kernel - 1) / 2;
  const std::vector<int64_t> strides{layer.stride, layer.stride}, padding{half, half, half, half};
  Graph graph;
  const Ref x = operand(graph, "x", {layer.batch, layer.size, layer.size, layer.channels}, dtype, Role::input);
  const Ref w =
      operand(graph, "w", {layer.kernel, layer.kernel, layer.channels / layer.groups, layer.filters}, dtype, Role::parameter);
  const Ref dy = operand(graph, "dy", {layer.batch, out, out, layer.filters}, dtype, Role::input);
  const Ref b = graph.argument("b", {{layer.filters}}, Role::parameter);
  Ref y;
  if (pass == Pass::forward) {
    const Ref sums =
        graph.add(ops::Conv{.input = x, .filter = w, .strides = strides, .groups = layer.groups, .padding = padding}, "conv");
    y = graph.add(ops::Relu{graph.add(ops::Add{sums, b}, "conv")}, "conv");
  } else if (pass == Pass::input_gradient) {
    y = graph.add(ops::ConvTranspose{.input = dy,
                                     .filter = w,
                                     .strides = strides,
                                     .groups = layer.groups,
                                     .padding = padding,
                                     .output_size = {layer.size, layer.size}},
                  "conv");
  } else {
    y = graph.add(ops::ConvFilterGradient{.input = x,
                                          .gradient = dy,
                                          .filter_size = {layer.kernel, layer.kernel},
                                          .strides = strides,
                                          .groups = layer.groups,
                                          .padding = padding},
                  "conv");
  }
  finish(graph, y, pass, dtype);
  return graph;
}

// A convolution (a dense layer when the size is 0) of 8-bit integers with a scale for each filter, bias and relu, as the
// quantizer writes it.
Graph integer_graph(const Layer& layer) {
  const auto channels = static_cast<size_t>(layer.filters);
  const bool dense = layer.size == 0;
  const float input_scale = 0.02F, weight_scale = 0.001F;
  const auto per_channel = [&](float scale, int64_t axis) {
    return Quantization{
        .scales = std::vector<float>(channels, scale), .zeros = std::vector<int64_t>(channels, 0), .axis = axis};
  };
  const int64_t half = (layer.kernel - 1) / 2;
  const Shape image = dense ? Shape{layer.batch, layer.channels} : Shape{layer.batch, layer.size, layer.size, layer.channels};
  const Shape filter = dense ? Shape{layer.channels, layer.filters}
                             : Shape{layer.kernel, layer.kernel, layer.channels / layer.groups, layer.filters};
  Graph graph;
  const Ref x = graph.argument("x", {image, DType::i8, Quantization{.scales = {input_scale}, .zeros = {-4}}}, Role::input);
  const Ref w = graph.argument("w", {filter, DType::i8, per_channel(weight_scale, std::ssize(filter) - 1)}, Role::parameter);
  const Ref b = graph.argument("b", {{layer.filters}, DType::i32, per_channel(input_scale * weight_scale, 0)}, Role::parameter);
  const std::string relu(ops::Relu::name);
  const QuantizedType output{DType::i8, {.scales = {0.03F}, .zeros = {-128}}};
  Ref y;
  if (dense) {
    y = graph.add(ops::QuantizedDense{.input = x, .weight = w, .bias = b, .activation = relu, .output = output}, "layer");
  } else {
    y = graph.add(ops::QuantizedConv{.input = x,
                                     .filter = w,
                                     .bias = b,
                                     .groups = layer.groups,
                                     .padding = std::vector<int64_t>{half, half, half, half},
                                     .activation = relu,
                                     .output = output},
                  "layer");
  }
  graph.finish({{"y", y}});
  return graph;
}

double best_seconds(Program& program, int threads, double seconds) {
  std::vector<Tensor> tensors;
  std::vector<Tensor*> arguments, results;
  const ProgramPlan& plan = program.plan();
  tensors.reserve(plan.arguments.size() + plan.results.size());
  for (const ProgramPort& port : plan.arguments) {
    Random random(1, tensors.size());
    Tensor& tensor = tensors.emplace_back(port.shape, port.dtype);
    if (port.dtype == DType::f32)
      for (float& value : tensor.values<float>()) value = random.uniform(-1, 1);
    if (port.dtype == DType::bf16)  // the upper half of an f32
      for (int64_t i = 0; i < tensor.size(); ++i)
        reinterpret_cast<uint16_t*>(tensor.raw())[i] =
            static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(random.uniform(-1, 1))) >> 16);
    if (port.dtype == DType::i8)
      for (int8_t& value : tensor.values<int8_t>()) value = static_cast<int8_t>(static_cast<int>(random.below(255)) - 127);
    arguments.push_back(&tensor);
  }
  for (const ProgramPort& port : plan.results) results.push_back(&tensors.emplace_back(port.shape, port.dtype));
  ThreadPool pool(threads);
  double best = 1e30, spent = 0;
  program.run(arguments, results, pool);
  for (int run = 0; run < 5 || spent < seconds; ++run) {
    const auto start = std::chrono::steady_clock::now();
    program.run(arguments, results, pool);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::min(best, taken);
    spent += taken;
  }
  return best;
}

}  // namespace

namespace {

// Times a program on each number of threads.
void add_rows(std::vector<KernelRow>& rows, const std::string& name, Program program, double multiply_adds,
              const std::vector<int>& counts, double seconds, DType dtype) {
  for (const int count : counts) {
    const double before = measured_peak_gflops(count, dtype);
    const double best = best_seconds(program, count, seconds);
    // The clock of the processor changes with heat and other load, so the peak is measured before and after the kernel.
    const double peak = std::max(before, measured_peak_gflops(count, dtype));
    const double gflops = 2 * multiply_adds / best / 1e9;
    rows.push_back({name, count, best * 1e3, gflops, gflops / peak});
  }
}

}  // namespace

std::vector<KernelRow> bench_kernels(int threads, double seconds, DType dtype) {
  std::vector<int> counts{1};
  if (threads != 0) counts = {threads};
  if (threads == 0 && ThreadPool::available() >= 2) counts.push_back(2);
  std::vector<KernelRow> rows;
  if (dtype == DType::i8) {
    for (Layer layer : integer_layers) {
      for (const int64_t batch : {1, 16}) {
        layer.batch = batch;
        add_rows(rows, layer.name + ", batch " + std::to_string(batch), compile(integer_graph(layer), {.inference = true}),
                 multiply_adds(layer), counts, seconds, dtype);
      }
    }
    return rows;
  }
  for (const Layer& layer : layers) {
    for (const Pass pass : {Pass::forward, Pass::input_gradient, Pass::filter_gradient}) {
      const char* prefix = pass == Pass::forward ? "" : pass == Pass::input_gradient ? "grad input " : "grad filter ";
      add_rows(rows, prefix + layer.name,
               compile(layer.size == 0 ? dense_graph(layer, pass, dtype) : conv_graph(layer, pass, dtype), {.dtype = dtype}),
               multiply_adds(layer), counts, seconds, dtype);
    }
  }
  return rows;
}

}  // namespace fovea
