// SPDX-License-Identifier: Apache-2.0
#include "tests/random_graphs/pipelines.h"

#include "fovea/core/internal_error.h"
#include "fovea/core/tensor_permute.h"
#include "fovea/interchange/onnx/layout.h"
#include "fovea/interchange/onnx/read.h"
#include "fovea/interchange/onnx/write.h"
#include "fovea/interchange/tflite/read.h"
#include "fovea/interchange/tflite/write.h"
#include "fovea/passes/network/folded.h"
#include "fovea/quant/analysis.h"
#include "fovea/quant/quantizer.h"
#include "tests/random_graphs/execution.h"

namespace fovea {
namespace {

constexpr double f32_precision = 1.0 / (1 << 21), bf16_precision = 1.0 / (1 << 8), integer_precision = 1.0 / 128;

const std::vector<Purpose> real{Purpose::inference}, trained{Purpose::training}, integers{Purpose::integers},
    real_or_trained{Purpose::inference, Purpose::training}, any{Purpose::inference, Purpose::training, Purpose::integers},
    files{Purpose::inference, Purpose::integers};

Verdict held(Reference& reference, const Arrays& results, double precision = f32_precision) {
  for (const auto& [name, array] : results) {
    if (!reference.has(name)) return {Outcome::wrong, "there is a result " + name};
    const std::string words = reference.compare(name, array, precision);
    if (!words.empty()) return {Outcome::wrong, words};
  }
  if (results.size() != reference.results().size()) return {Outcome::wrong, "results are missing"};
  return {};
}

CompileOptions options(bool inference, Winograd winograd = Winograd::never, DType dtype = DType::f32) {
  return {.threads = 1, .inference = inference, .winograd = winograd, .dtype = dtype};
}

// After the passes, kernel by kernel.
Verdict by_passes(Subject& subject, const CompileOptions& options, double precision = f32_precision) {
  return held(subject.reference(),
              interpreted(subject.network.model.graph, Stage::kernels, options, subject.values(), Target::host(options.cpu)),
              precision);
}

Verdict by_code(Subject& subject, const CompileOptions& options, double precision = f32_precision) {
  return held(subject.reference(), executed(subject.network.model.graph, options, subject.values()), precision);
}

// With less memory than the step would take, some of it is recomputed to the same bits.
Verdict by_code_in_less_memory(Subject& subject) {
  CompileOptions chosen = options(false);
  const ProgramMemory memory = memory_of(subject.network.model.graph, chosen);
  chosen.memory = memory.bytes() - memory.arena / 3;
  try {
    return by_code(subject, chosen);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    return {Outcome::refused, error.what()};
  }
}

// A file has channels first or last as its format requires, and own names only for what has none.
Verdict read_back(Subject& subject, const InferenceModel& read, double precision) {
  std::map<std::string, Tensor> values = read.tensors;
  for (const Graph::Argument& argument : read.graph.arguments()) {
    if (argument.role != Role::input) continue;
    const auto given = subject.network.inputs.find(argument.name);
    if (given == subject.network.inputs.end()) return {Outcome::wrong, "an input is called " + argument.name};
    Tensor tensor = given->second.clone();
    // The reader recognizes feature maps by their readers; where it is mistaken, the file's order stays.
    if (tensor.shape() != argument.type.shape) {
      tensor = permuted(tensor, inverse(channels_last_order(std::ssize(tensor.shape()))));
      if (tensor.shape() != argument.type.shape)
        return {Outcome::wrong, fmt::format("input {} is {}", argument.name, to_string(argument.type.shape))};
    }
    // ONNX files have u8 for i8, with zero points 128 higher.
    if (tensor.dtype() == DType::i8 && argument.type.dtype == DType::u8)
      for (size_t i = 0; i < tensor.bytes(); ++i) tensor.raw()[i] ^= std::byte{128};
    values[argument.name] = tensor;
  }
  Arrays results = interpreted(read.graph, Stage::linalg, {.inference = true}, values);
  for (const Graph::Result& result : read.graph.results()) {
    const auto own = std::ranges::find(subject.network.model.graph.results(), result.name, &Graph::Result::name);
    if (own == subject.network.model.graph.results().end()) return {Outcome::wrong, "there is a result " + result.name};
    if (own->type.shape != result.type.shape)
      return {Outcome::wrong,
              fmt::format("{} is {} instead of {}", result.name, to_string(result.type.shape), to_string(own->type.shape))};
    if (own->type.dtype == DType::i8 && result.type.dtype == DType::u8)
      for (double& value : results.at(result.name).values)
        value = static_cast<int8_t>(static_cast<uint8_t>(static_cast<int>(value) & 255) ^ 128);
  }
  return held(subject.reference(), results, precision);
}

// How results are rounded is an option of the reader and not of the file.
bool rounds_twice(const Graph& graph) {
  return std::ranges::any_of(graph.nodes(),
                             [](const Graph::Node& node) { return node.get("rounding", std::string("float")) == "double"; });
}

// The format, the writer or the reader may refuse the network; what is read back has to be right.
template <typename Write, typename Read>
Verdict by_file(Subject& subject, const std::filesystem::path& path, const Write& write, const Read& read,
                double precision = f32_precision) {
  if (rounds_twice(subject.network.model.graph)) return {Outcome::refused, "rounds as gemmlowp, which files do not say"};
  std::unique_ptr<InferenceModel> back;
  try {
    write(path, subject.network.model);
    const int64_t batch = subject.network.inputs.at("x0").shape().front();
    back = std::make_unique<InferenceModel>(read(path, batch));
  } catch (const InternalError&) {
    throw;
  } catch (const Error& error) {
    std::string words = error.what();  // without the folder, so that equal reasons are counted together
    const size_t at = words.find(path.string());
    return {Outcome::refused, at == std::string::npos ? words : "read back: " + words.substr(at + path.string().size())};
  }
  return read_back(subject, *back, precision);
}

// ONNX defines what integers stand for, and rounds once to the even number; ours may be one step away after each operator.
Verdict by_onnx(Subject& subject, const std::filesystem::path& path) {
  return by_file(
      subject, path, write_onnx, [](const auto& file, int64_t batch) { return read_onnx(file, {.batch = batch}); },
      subject.purpose == Purpose::integers ? integer_precision : f32_precision);
}

Verdict by_tflite(Subject& subject, const std::filesystem::path& path) {
  return by_file(subject, path, write_tflite,
                 [](const auto& file, int64_t batch) { return read_tflite(file, {.batch = batch}); });
}

// The network quantized, with the integers as its reference: in files, in the passes, as code.
Subject quantized(Subject& subject) {
  const InferenceModel model = folded(subject.network.model, {.norms_as_convolutions = true});
  const QuantizationPlan plan(model);
  std::map<std::string, Tensor> values = model.tensors;
  values.insert(subject.network.inputs.begin(), subject.network.inputs.end());
  const Arrays seen = interpreted(observation_graph(model, plan, false), Stage::linalg, {}, values);
  std::map<int32_t, Range> ranges;
  for (const Ref value : plan.observed()) {
    const auto number = [&](const char* what) {
      return static_cast<float>(seen.at(what + std::to_string(value.index)).values.at(0));
    };
    ranges[value.index] = {number("minimum."), number("maximum.")};
  }
  RandomNetwork result{.model = quantized(model, plan, ranges_by_group(plan, ranges), {.scales = {}, .input = DType::f32}),
                       .inputs = subject.network.inputs};
  return Subject(std::move(result), Purpose::integers);
}

Verdict by_quantizer(Subject& subject, const std::filesystem::path& folder, bool code) {
  std::unique_ptr<Subject> whole;
  try {
    whole = std::make_unique<Subject>(quantized(subject));
  } catch (const Error& error) {
    return {Outcome::refused, error.what()};
  }
  if (code) return by_code(*whole, options(true));
  Verdict verdict = by_passes(*whole, options(true));
  if (verdict.outcome != Outcome::equal) return verdict;
  verdict = by_tflite(*whole, folder / "quantized.tflite");
  if (verdict.outcome == Outcome::wrong) verdict.words = "read back: " + verdict.words;
  return verdict;
}

}  // namespace

Subject::Subject(RandomNetwork made, Purpose what) : network(std::move(made)), purpose(what) {}

std::map<std::string, Tensor> Subject::values() const {
  std::map<std::string, Tensor> values = network.model.tensors;
  values.insert(network.inputs.begin(), network.inputs.end());
  return values;
}

Reference& Subject::reference() {
  if (!reference_) reference_ = std::make_unique<Reference>(network.model.graph, CompileOptions{}, values());
  return *reference_;
}

std::vector<Pipeline> pipelines(const std::filesystem::path& folder) {
  const auto code = [](const CompileOptions& chosen, double precision = f32_precision) {
    return [chosen, precision](Subject& subject) { return by_code(subject, chosen, precision); };
  };
  const auto passes = [](const CompileOptions& chosen, double precision = f32_precision) {
    return [chosen, precision](Subject& subject) { return by_passes(subject, chosen, precision); };
  };
  const auto on = [](const char* cpu, bool inference) {
    CompileOptions chosen = options(inference);
    chosen.cpu = cpu;
    return chosen;
  };
  const auto ahead = [](const char* cpu) {
    return [cpu](Subject& subject) {
      return held(subject.reference(), executed_ahead_of_time(subject.network.model, subject.network.inputs, cpu));
    };
  };
  return {
      {"passes", false, any, passes(options(false))},
      {"passes, inference", false, files, passes(options(true))},
      {"passes, bf16", false, real_or_trained, passes(options(false, Winograd::never, DType::bf16), bf16_precision)},
      {"onnx", false, files, [folder](Subject& subject) { return by_onnx(subject, folder / "network.onnx"); }},
      {"tflite", false, files, [folder](Subject& subject) { return by_tflite(subject, folder / "network.tflite"); }},
      {"quantized", false, real, [folder](Subject& subject) { return by_quantizer(subject, folder, false); }},
      {"code", true, any, code(options(false))},
      {"code, inference", true, files, code(options(true))},
      {"code, inference, avx2", true, files, code(on("haswell", true))},
      {"code, training, avx2", true, trained, code(on("haswell", false))},
      {"code, inference, sse", true, files, code(on("x86-64", true))},
      {"code, Winograd 2", true, real, code(options(true, Winograd::two), 8 * f32_precision)},
      {"code, Winograd 4", true, real, code(options(true, Winograd::four), 64 * f32_precision)},
      {"code, bf16", true, real_or_trained, code(options(false, Winograd::never, DType::bf16), bf16_precision)},
      {"code, bf16, inference", true, real, code(options(true, Winograd::never, DType::bf16), bf16_precision)},
      {"code, less memory", true, trained, by_code_in_less_memory},
      {"code, quantized", true, real, [folder](Subject& subject) { return by_quantizer(subject, folder, true); }},
      {"ahead of time", true, files, ahead("")},
      {"ahead of time, sse", true, files, ahead("x86-64")},
  };
}

}  // namespace fovea
